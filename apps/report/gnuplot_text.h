// gnuplot's spelling of strings, numbers, colours and strokes. Private to apps/report.
#pragma once

#include <string>
#include <string_view>

#include "apps/report/figure.h"

namespace ito::report::gnuplot {

// printf into a string of at most 255 bytes.
[[gnu::format(printf, 1, 2)]] std::string print(const char* format, ...);

// In single quotes, which interpret nothing: a quote is doubled, control bytes become spaces.
std::string quote(std::string_view text);

// Seven digits; NaN, which gnuplot skips, for all that is not finite.
std::string number(double value);

// A quoted colour.
std::string paint(Color color, double opacity = 1);

int point_type(Marker marker);

inline constexpr double kPointPixels = 10.5;  // diameter of a circle of point size 1

// "lw ... dt ...".
std::string stroke(double width, Stroke stroke);

}  // namespace ito::report::gnuplot
