#include "apps/report/color.h"

#include <array>
#include <cstdio>

namespace ito::report {
namespace {

struct MethodStyle {
  std::string_view name;
  Color color;
  Marker marker;
};

// Of Paul Tol's "muted" scheme.
constexpr Color kTolOlive{0x99, 0x99, 0x33}, kTolForest{0x11, 0x77, 0x33},
    kTolIndigo{0x33, 0x22, 0x88};

constexpr std::array kMethods{
    MethodStyle{"exact", kInk, Marker::none},
    MethodStyle{"relu", okabe_ito::kVermillion, Marker::circle},
    MethodStyle{"tanh", okabe_ito::kOrange, Marker::square},
    MethodStyle{"mixture-relu", okabe_ito::kPurple, Marker::triangle},
    MethodStyle{"mixture-tanh", okabe_ito::kSkyBlue, Marker::diamond},
    MethodStyle{"phase-tanh", okabe_ito::kGreen, Marker::triangle_down},
    MethodStyle{"phase-tanh-1", kTolOlive, Marker::triangle_down},
    MethodStyle{"phase-tanh-0.2", kTolForest, Marker::triangle_down},
    MethodStyle{"corrected", okabe_ito::kBlue, Marker::pentagon},
    MethodStyle{"refined", kTolIndigo, Marker::circle},
};

// From the same scheme, without the hues that the methods above already use.
constexpr std::array kOthers{kTolIndigo,
                             kTolOlive,
                             Color{0x88, 0x22, 0x55},
                             kTolForest,
                             Color{0xAA, 0x44, 0x99},
                             Color{0x66, 0x11, 0x00}};
constexpr std::array kMarkers{Marker::circle,  Marker::square,        Marker::triangle,
                              Marker::diamond, Marker::triangle_down, Marker::pentagon};

const MethodStyle* find(std::string_view method) {
  for (const MethodStyle& style : kMethods)
    if (style.name == method) return &style;
  return nullptr;
}

// FNV-1a: unlike std::hash, the same on every platform and in every run.
std::size_t stable_hash(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return static_cast<std::size_t>(hash >> 32);
}

}  // namespace

Color color_of(std::string_view method) {
  const MethodStyle* style = find(method);
  return style ? style->color : kOthers[stable_hash(method) % kOthers.size()];
}

Marker marker_of(std::string_view method) {
  const MethodStyle* style = find(method);
  return style ? style->marker : kMarkers[stable_hash(method) % kMarkers.size()];
}

std::string hex(Color color) {
  char text[8];
  std::snprintf(text, sizeof text, "#%02x%02x%02x", color.red, color.green, color.blue);
  return text;
}

}  // namespace ito::report
