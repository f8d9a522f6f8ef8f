#include "apps/report/gnuplot_text.h"

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>

namespace ito::report::gnuplot {
namespace {

const char* dash(Stroke stroke) {
  switch (stroke) {
    case Stroke::dashed:
      return "(10,6)";
    case Stroke::dotted:
      return "(2,5)";
    case Stroke::solid:
      break;
  }
  return "1";
}

}  // namespace

std::string print(const char* format, ...) {
  char text[256];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return text;
}

std::string quote(std::string_view text) {
  std::string out = "'";
  for (char c : text) {
    if (c == '\'') out += '\'';
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  out += '\'';
  return out;
}

std::string number(double value) {
  return std::isfinite(value) ? print("%.7g", value) : "NaN";
}

// Transparency comes first: #AARRGGBB.
std::string paint(Color color, double opacity) {
  const auto alpha = static_cast<int>(std::lround(255 * (1 - std::clamp(opacity, 0.0, 1.0))));
  return print("'#%02x%02x%02x%02x'", static_cast<unsigned>(alpha), color.red, color.green,
               color.blue);
}

int point_type(Marker marker) {
  switch (marker) {
    case Marker::square:
      return 5;
    case Marker::triangle:
      return 9;
    case Marker::triangle_down:
      return 11;
    case Marker::diamond:
      return 13;
    case Marker::pentagon:
      return 15;
    case Marker::circle:
    case Marker::none:
      break;
  }
  return 7;
}

std::string stroke(double width, Stroke stroke) {
  return print("lw %.3g dt %s", width, dash(stroke));
}

}  // namespace ito::report::gnuplot
