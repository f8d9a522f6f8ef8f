#include "apps/report/svg.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <optional>
#include <vector>

#include "apps/report/text.h"
#include "autograd/error.h"

namespace ito::report {
namespace {

using View = std::string_view;

// Consumes `token` from the front of `text`.
bool eat(View& text, View token) {
  if (text.substr(0, token.size()) != token) return false;
  text.remove_prefix(token.size());
  return true;
}

std::optional<double> eat_number(View& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

std::vector<View> lines_of(View text) {
  std::vector<View> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// gnuplot's filled circle of point type 7.
struct Dot {
  double x = 0, y = 0;
  View style;  // from the scale to the end: equal for equal dots
};

std::optional<Dot> parse_dot(View line) {
  if (!eat(line, "\t<use xlink:href='#gpPt6' transform='translate(")) return std::nullopt;
  const auto x = eat_number(line);
  if (!x || !eat(line, ",")) return std::nullopt;
  const auto y = eat_number(line);
  if (!y || !eat(line, ") scale(")) return std::nullopt;
  return Dot{*x, *y, line};
}

struct DotStyle {
  double radius = 0;
  View color, opacity = "1";
};

// "1.57)' color='rgb(0, 114, 178)' opacity='0.50'/>"
std::optional<DotStyle> parse_style(View text) {
  DotStyle style;
  const auto radius = eat_number(text);
  if (!radius || !eat(text, ")' color='")) return std::nullopt;
  style.radius = *radius;
  style.color = text.substr(0, text.find('\''));
  text.remove_prefix(style.color.size());
  if (eat(text, "' opacity='")) style.opacity = text.substr(0, text.find('\''));
  return style;
}

// Overlapping dots of one path do not darken each other, so the dots are dealt to several paths:
// neighbours in space then rarely share one, and density shows as in the original.
std::string dotted_paths(const std::vector<Dot>& dots, const DotStyle& style) {
  constexpr std::size_t kPaths = 16;
  char text[96];
  std::string out;
  for (std::size_t first = 0; first < kPaths; ++first) {
    out += "<path stroke-linecap='round' stroke='" + std::string(style.color) +
           "' stroke-opacity='" + std::string(style.opacity) + "' ";
    std::snprintf(text, sizeof text, "stroke-width='%.2f' d='", 2 * style.radius);
    out += text;
    for (std::size_t i = first; i < dots.size(); i += kPaths) {
      std::snprintf(text, sizeof text, "M%.1f,%.1fh0", dots[i].x, dots[i].y);
      out += text;
    }
    out += "'/>\n";
  }
  return out;
}

bool is_reference_start(View text) {
  constexpr std::array<View, 4> kStarts{"url(#", "href='#", "href=\"#", "begin=\"#"};
  for (View start : kStarts)
    if (text.substr(0, start.size()) == start) return true;
  return false;
}

// "<script" and the like where `text` starts so: what gnuplot adds for a page of its own. Its
// titles would show as tool tips.
View dropped_element(View text) {
  constexpr std::array<View, 3> kDropped{"<script", "<title", "<desc"};
  for (View start : kDropped)
    if (text.substr(0, start.size()) == start) return start;
  return {};
}

}  // namespace

std::string compact_svg(std::string_view svg) {
  constexpr std::size_t kWorthwhile = 64;
  const std::vector<View> lines = lines_of(svg);
  std::string out;
  out.reserve(svg.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].empty()) continue;
    if (lines[i].substr(0, 3) == "<g " && i + 1 < lines.size() && lines[i + 1] == "</g>") {
      ++i;
      continue;
    }
    std::vector<Dot> dots;
    for (std::size_t j = i; j < lines.size(); ++j) {
      const auto dot = parse_dot(lines[j]);
      if (!dot || (!dots.empty() && dot->style != dots[0].style)) break;
      dots.push_back(*dot);
    }
    const auto style = dots.size() >= kWorthwhile ? parse_style(dots[0].style) : std::nullopt;
    if (style) {
      out += dotted_paths(dots, *style);
      i += dots.size() - 1;
    } else {
      out += std::string(lines[i]) + '\n';
    }
  }
  return out;
}

std::string inline_svg(std::string_view svg, std::string_view prefix, std::string_view label) {
  const std::size_t begin = svg.find("<svg"), end = svg.rfind("</svg>");
  check(begin != View::npos && end != View::npos && begin < end, "inline_svg: no <svg> element");
  svg = svg.substr(begin, end + 6 - begin);
  std::string out = "<svg role=\"img\" aria-label=\"" + escape_html(label) + "\"";
  svg.remove_prefix(4);
  while (!svg.empty()) {
    if (const View dropped = dropped_element(svg); !dropped.empty()) {
      const std::string end_tag = "</" + std::string(dropped.substr(1)) + ">";
      const std::size_t close = svg.find(end_tag);
      svg.remove_prefix(close == View::npos ? svg.size() : close + end_tag.size());
      continue;
    }
    const bool id = svg.substr(0, 5) == " id='" || svg.substr(0, 5) == " id=\"";
    if (id || is_reference_start(svg)) {
      const std::size_t name = id ? 5 : svg.find('#') + 1;
      out += std::string(svg.substr(0, name)) + std::string(prefix);
      svg.remove_prefix(name);
    } else {
      out += svg[0];
      svg.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace ito::report
