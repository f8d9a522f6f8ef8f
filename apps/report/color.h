// Colours that stay apart for every reader: the Okabe-Ito palette, one fixed colour per method.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ito::report {

struct Color {
  std::uint8_t red = 0, green = 0, blue = 0;
  friend bool operator==(const Color&, const Color&) = default;
};

// Okabe and Ito, "Color Universal Design" (2008), without black and yellow, which vanishes on
// white.
namespace okabe_ito {
inline constexpr Color kOrange{0xE6, 0x9F, 0x00};
inline constexpr Color kSkyBlue{0x56, 0xB4, 0xE9};
inline constexpr Color kGreen{0x00, 0x9E, 0x73};
inline constexpr Color kBlue{0x00, 0x72, 0xB2};
inline constexpr Color kVermillion{0xD5, 0x5E, 0x00};
inline constexpr Color kPurple{0xCC, 0x79, 0xA7};
}  // namespace okabe_ito

inline constexpr Color kInk{0x33, 0x33, 0x33};   // text, axes, exact laws
inline constexpr Color kGrey{0x99, 0x99, 0x99};  // references and floors

enum class Marker { none, circle, square, triangle, diamond, triangle_down, pentagon };

enum class Stroke { solid, dashed, dotted };

// The colour, the marker and the stroke of a method, the same in every figure. No two of the case
// study's methods agree in all three; any other name maps to a stable choice from the same
// palettes.
Color color_of(std::string_view method);
Marker marker_of(std::string_view method);
Stroke stroke_of(std::string_view method);

// "#rrggbb".
std::string hex(Color color);

}  // namespace ito::report
