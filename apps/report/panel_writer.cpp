#include "apps/report/panel_writer.h"

#include <cmath>
#include <limits>

#include "apps/report/gnuplot_text.h"
#include "apps/report/text.h"

namespace ito::report {

using gnuplot::number;
using gnuplot::paint;
using gnuplot::print;
using gnuplot::quote;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kLineMarkers = 10;  // drawn along a line

std::string count(std::size_t n) {
  return group_thousands(static_cast<std::int64_t>(n));
}

}  // namespace

PanelWriter::PanelWriter(const Panel& panel, std::string where, DataFile& data)
    : panel_(panel), where_(std::move(where)), data_(data) {
  for (const Series& series : panel.series)
    if (std::holds_alternative<Bars>(series)) ++bar_groups_;
  if (panel.log_x) bar_foot_ = plan_axis(panel, Axis::x, 1).range.low;
  for (const Series& series : panel.series) std::visit([this](const auto& s) { write(s); }, series);
  const Hidden hidden = count_hidden(panel);
  if (hidden.outside > 0)
    right_notes.emplace_back(count(hidden.outside) + " outside the axes", kInk);
  if (hidden.not_positive > 0)
    right_notes.emplace_back(count(hidden.not_positive) + " not above 0", kInk);
}

void PanelWriter::begin_block(const char* kind, const std::string& label, const char* columns) {
  std::string title = label.empty() ? kind : kind + (": " + label);
  std::replace(title.begin(), title.end(), '\n', ' ');
  if (data_.blocks > 0) data_.text += "\n\n";
  data_.text += "# " + std::to_string(data_.blocks++) + ": " + where_ + ", " + title + "\n# ";
  data_.text += columns;
  data_.text += '\n';
  rows_ = 0;
}

void PanelWriter::row(std::initializer_list<double> values) {
  for (const double& v : values) {
    if (&v != values.begin()) data_.text += ' ';
    data_.text += number(v);
  }
  data_.text += '\n';
  ++rows_;
}

void PanelWriter::plot(const char* columns, const std::string& style) {
  // gnuplot does not count a block without rows, and would draw every later one in its place.
  if (rows_ == 0) row({kNaN, kNaN, kNaN, kNaN, kNaN});
  elements.push_back("data index " + std::to_string(data_.blocks - 1) + " using " + columns +
                     " with " + style + " notitle");
}

void PanelWriter::add_legend(const std::string& label, const std::string& style, Color color,
                             double opacity) {
  const LegendEntry entry{label, style, color, opacity};
  if (!label.empty() && std::find(legend.begin(), legend.end(), entry) == legend.end())
    legend.push_back(entry);
}

void PanelWriter::write(const Line& s) {
  require(s.x.size() == s.y.size(), "line has ", s.x.size(), " x and ", s.y.size(), " y");
  begin_block("line", s.label, "x y");
  for (std::size_t i = 0; i < s.x.size(); ++i) row({s.x[i], s.y[i]});
  std::string style = gnuplot::stroke(s.width, s.stroke);
  const std::string color = " lc rgb " + paint(s.color);
  if (s.marker == Marker::none) {
    style = "lines " + style;
    plot("1:2", style + color);
  } else {
    style = "linespoints " + style + print(" pt %d ps 0.75", gnuplot::point_type(s.marker));
    const std::size_t every = std::max<std::size_t>(1, s.x.size() / kLineMarkers);
    plot("1:2", style + color + print(" pi %zu", every));
  }
  add_legend(s.label, style, s.color);
}

void PanelWriter::write(const Points& s) {
  require(s.x.size() == s.y.size(), "points have ", s.x.size(), " x and ", s.y.size(), " y");
  require(s.error.empty() || s.error.size() == s.y.size(), "points have ", s.y.size(), " y and ",
          s.error.size(), " errors");
  std::vector<std::size_t> visible;
  for (std::size_t i = 0; i < s.x.size(); ++i)
    if (is_visible(panel_, s.x[i], s.y[i])) visible.push_back(i);
  const std::size_t drawn = std::min(visible.size(), kMaxPoints);
  if (drawn < visible.size()) thinned_from = std::max(thinned_from, visible.size());
  begin_block("points", s.label, s.error.empty() ? "x y" : "x y error");
  for (std::size_t k = 0; k < drawn; ++k) {
    const std::size_t i = visible[k * visible.size() / drawn];
    if (s.error.empty())
      row({s.x[i], s.y[i]});
    else
      row({s.x[i], s.y[i], s.error[i]});
  }
  const int type = gnuplot::point_type(s.marker);
  const std::string style = print("pt %d ps %.3g lc rgb %s", type, s.size / gnuplot::kPointPixels,
                                  paint(s.color, s.opacity).c_str());
  if (s.error.empty())
    plot("1:2", "points " + style);
  else
    plot("1:2:3", "yerrorbars " + style + " lw 1.5");
  // In the legend a small faint dot would not be seen.
  add_legend(s.label, print("points pt %d ps 0.9", type), s.color, 0.85);
}

void PanelWriter::write(const Histogram& s) {
  const BinnedSamples bins = bin_samples(s.samples, s.bins, s.range);
  // The outline as one polygon: boxes of their own would show seams where they touch.
  begin_block("histogram", s.label, "u density");
  row({s.range.low, 0});
  for (std::size_t i = 0; i < bins.counts.size(); ++i) {
    row({bins.edge(i), bins.density(i)});
    row({bins.edge(i + 1), bins.density(i)});
  }
  row({s.range.high, 0});
  plot("1:2", "filledcurves y=0 fs solid noborder lc rgb " + paint(s.color, s.opacity));
  plot("1:2", "lines lw 1 lc rgb " + paint(s.color));
  add_legend(s.label, "points pt 5 ps 1.5", s.color, s.opacity);
  if (bins.below > 0)
    left_notes.emplace_back("← " + group_thousands(bins.below) + " beyond", s.color);
  if (bins.above > 0) right_notes.emplace_back(group_thousands(bins.above) + " beyond →", s.color);
  if (bins.not_finite > 0)
    right_notes.emplace_back(group_thousands(bins.not_finite) + " not finite", s.color);
}

void PanelWriter::write(const Bars& s) {
  const std::size_t n = s.values.size();
  require(n == panel_.categories.size(), n, " bars for ", panel_.categories.size(), " categories");
  require(s.error.empty() || s.error.size() == n, n, " bars and ", s.error.size(), " errors");
  const double thickness = 0.84 / bar_groups_;
  const double shift = (bar_index_++ - 0.5 * (bar_groups_ - 1)) * thickness;
  for (std::size_t i = 0; i < n; ++i)
    if (std::isfinite(s.values[i])) write_bar(s, i, static_cast<double>(i) + shift, thickness);
  add_legend(s.label, "points pt 5 ps 1.5", s.color, s.opacity);
}

void PanelWriter::write_bar(const Bars& s, std::size_t category, double center, double thickness) {
  const double value = s.values[category];
  const double error = s.error.empty() ? 0 : s.error[category];
  if (panel_.log_x && value <= 0) return;
  const double low = center - 0.44 * thickness, high = center + 0.44 * thickness;
  begin_block("bar", panel_.categories[category] + " " + s.label, "x y x-low x-high y-low y-high");
  row({value, center, bar_foot_, value, low, high});
  plot("1:2:3:4:5:6", "boxxyerror fs solid border lc rgb " + paint(s.color) + " lw 0.8 fc rgb " +
                          paint(s.color, s.opacity));
  if (error <= 0) return;
  const double least = panel_.log_x ? std::max(value - error, bar_foot_) : value - error;
  begin_block("error", s.label, "x y low high");
  row({value, center, least, value + error});
  plot("1:2:3:4", "xerrorbars pt -1 lw 1.2 lc rgb " + paint(kInk));
}

void PanelWriter::write(const Rule& s) {
  const std::string v = number(s.value);
  const std::string ends = s.axis == Axis::x
                               ? "first " + v + ", graph 0 to first " + v + ", graph 1"
                               : "graph 0, first " + v + " to graph 1, first " + v;
  const std::string style = gnuplot::stroke(s.width, s.stroke);
  decorations.push_back("set arrow from " + ends + " nohead " + style + " lc rgb " +
                        paint(s.color));
  add_legend(s.label, "lines " + style, s.color);
}

void PanelWriter::write(const HeatMap& s) {
  require(s.columns > 0 && !s.values.empty() &&
              s.values.size() % static_cast<std::size_t>(s.columns) == 0,
          "heat map of ", s.values.size(), " values in ", s.columns, " columns");
  const auto columns = static_cast<std::size_t>(s.columns), rows = s.values.size() / columns;
  const double dx = (s.x.high - s.x.low) / static_cast<double>(columns);
  const double dy = (s.y.high - s.y.low) / static_cast<double>(rows);
  begin_block("heat map", "", "x y value");
  double highest = 0;
  for (std::size_t i = 0; i < s.values.size(); ++i) {
    const double value = s.values[i];
    if (std::isfinite(value)) highest = std::max(highest, value);
    const std::size_t column = i % columns, line = i / columns;
    row({s.x.low + (static_cast<double>(column) + 0.5) * dx,
         s.y.low + (static_cast<double>(line) + 0.5) * dy, value});
  }
  decorations.push_back("set palette defined (0 '#ffffff', 1 " + quote(hex(s.color)) + ")");
  decorations.push_back("set cbrange [0:" + number(highest > 0 ? highest : 1) + "]");
  plot("1:2:3", "image");
}

void PanelWriter::write(const VectorField& s) {
  const std::size_t n = s.x.size();
  require(s.y.size() == n && s.dx.size() == n && s.dy.size() == n, "vector field has ", n, " x, ",
          s.y.size(), " y, ", s.dx.size(), " dx and ", s.dy.size(), " dy");
  begin_block("vectors", s.label, "x y dx dy");
  for (std::size_t i = 0; i < n; ++i) row({s.x[i], s.y[i], s.dx[i], s.dy[i]});
  plot("1:2:3:4",
       "vectors head filled size graph 0.018,20 lw 1 lc rgb " + paint(s.color, s.opacity));
  add_legend(s.label, "lines lw 1", s.color, s.opacity);
}

void PanelWriter::write(const Text& s) {
  const char* place = s.anchor == Text::Anchor::data ? "first " : "graph ";
  const char* align = s.align == Text::Align::left     ? " left"
                      : s.align == Text::Align::center ? " center"
                                                       : " right";
  decorations.push_back("set label " + quote(s.text) + " at " + place + number(s.x) + ", " + place +
                        number(s.y) + align + " font ',12' tc rgb " + paint(s.color) +
                        " noenhanced front");
}

}  // namespace ito::report
