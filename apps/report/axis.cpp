#include "apps/report/axis.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "apps/report/text.h"

namespace ito::report {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Calls visit(value) for every number that a series places on the axis.
template <class Visit>
struct Values {
  Axis axis;
  Visit visit;

  void all(const std::vector<double>& values) const {
    for (double v : values) visit(v);
  }
  void ends(const std::vector<double>& values, const std::vector<double>& error) const {
    for (std::size_t i = 0; i < std::min(values.size(), error.size()); ++i) {
      visit(values[i] - error[i]);
      visit(values[i] + error[i]);
    }
  }
  void operator()(const Line& s) const { all(axis == Axis::x ? s.x : s.y); }
  void operator()(const Points& s) const {
    all(axis == Axis::x ? s.x : s.y);
    if (axis == Axis::y) ends(s.y, s.error);
  }
  void operator()(const Histogram& s) const {
    if (axis == Axis::x) return all({s.range.low, s.range.high});
    const BinnedSamples bins = bin_samples(s.samples, s.bins, s.range);
    visit(0);
    for (std::size_t i = 0; i < bins.counts.size(); ++i) visit(bins.density(i));
  }
  void operator()(const Bars& s) const {
    if (axis != Axis::x) return;
    visit(0);
    all(s.values);
    ends(s.values, s.error);
  }
  void operator()(const Rule& s) const {
    if (s.axis == axis) visit(s.value);
  }
  void operator()(const HeatMap& s) const {
    const Range r = axis == Axis::x ? s.x : s.y;
    all({r.low, r.high});
  }
  void operator()(const VectorField& s) const { all(axis == Axis::x ? s.x : s.y); }
  void operator()(const Text&) const {}
};

Range extent(const Panel& panel, Axis axis, bool positive) {
  Range range{kInfinity, -kInfinity};
  const auto visit = [&](double v) {
    if (!std::isfinite(v) || (positive && v <= 0)) return;
    range.low = std::min(range.low, v);
    range.high = std::max(range.high, v);
  };
  for (const Series& s : panel.series) std::visit(Values<decltype(visit)>{axis, visit}, s);
  if (range.low > range.high) return positive ? Range{0.1, 1} : Range{0, 1};
  return range;
}

// Do the values of categories lie along this axis?
bool has_bars_along(const Panel& panel, Axis axis) {
  return !panel.categories.empty() && axis == Axis::x;
}

constexpr double kRoomBeyondBars = 0.16;  // of the axis

Range log_range(const Panel& panel, Axis axis) {
  Range r = extent(panel, axis, true);
  if (has_bars_along(panel, axis)) {
    r.low = std::pow(10, std::floor(std::log10(r.low / 1.5)));  // the smallest bar has a length
    r.high = std::max(r.high, 10 * r.low);
    return {r.low, r.high * std::pow(r.high / r.low, kRoomBeyondBars)};
  }
  const double margin = std::max(std::pow(r.high / r.low, 0.04), 1.05);
  return {r.low / margin, r.high * margin};
}

// Plain decimals if all of the axis reads well that way, else powers of ten.
std::string log_label(int mantissa, int exponent, bool plain) {
  if (plain) {
    char text[32];
    std::snprintf(text, sizeof text, "%g", mantissa * std::pow(10.0, exponent));
    return text;
  }
  const std::string power = "10" + superscript(exponent);
  return mantissa == 1 ? power : std::to_string(mantissa) + "×" + power;
}

std::vector<Tick> log_ticks(Range range, double pixels) {
  const double low = std::log10(range.low), high = std::log10(range.high);
  const int decades = static_cast<int>(std::floor(high) - std::ceil(low)) + 1;
  const bool plain = range.low >= 0.9e-2 && range.high <= 1.1e3;
  const int fit = std::max(2, static_cast<int>(pixels / 45));
  const int step = std::max(1, (decades + fit - 1) / fit);
  std::vector<Tick> ticks;
  for (int exponent = static_cast<int>(std::floor(low)); exponent <= std::ceil(high); ++exponent)
    for (int mantissa = 1; mantissa <= 9; ++mantissa) {
      const double value = mantissa * std::pow(10.0, exponent);
      if (value < range.low * (1 - 1e-9) || value > range.high * (1 + 1e-9)) continue;
      const bool labelled = decades >= 2 ? mantissa == 1 && exponent % step == 0
                                         : mantissa == 1 || mantissa == 2 || mantissa == 5;
      if (labelled)
        ticks.push_back({value, log_label(mantissa, exponent, plain)});
      else if (step == 1 || mantissa == 1)
        ticks.push_back({value, ""});
    }
  return ticks;
}

// The least of 1, 2, 5 times a power of ten that is not below `least`.
double nice_step(double least) {
  const double power = std::pow(10, std::floor(std::log10(least)));
  for (double m : {1.0, 2.0, 5.0})
    if (m * power >= least * (1 - 1e-9)) return m * power;
  return 10 * power;
}

// With as many decimals as the step needs, and a true minus sign.
std::string linear_label(double value, double step) {
  char text[48];
  const int decimals = std::max(0, static_cast<int>(std::ceil(-std::log10(step) - 1e-9)));
  if (std::abs(value) < 1e-9 * step) value = 0;
  if (decimals > 4 || std::abs(value) >= 1e6)
    std::snprintf(text, sizeof text, "%.4g", value);
  else
    std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text[0] == '-' ? "−" + std::string(text + 1) : text;
}

std::vector<Tick> linear_ticks(Range range, double step) {
  std::vector<Tick> ticks;
  const double first = std::ceil(range.low / step - 1e-6);
  const double last = std::floor(range.high / step + 1e-6);
  for (double k = first; k <= last; ++k) ticks.push_back({k * step, linear_label(k * step, step)});
  return ticks;
}

// Labels of an x axis stand side by side, those of a y axis below each other.
double linear_step(Range range, Axis axis, double pixels) {
  const double span = range.high - range.low;
  if (axis == Axis::y) return nice_step(span * 34 / pixels);
  double step = nice_step(span * 36 / pixels);
  for (int attempts = 0; attempts < 3; ++attempts) {
    int widest = 0;
    for (const Tick& tick : linear_ticks(range, step))
      widest = std::max(widest, display_width(tick.label));
    if (step * pixels / span >= 8.5 * widest + 12) break;
    step = nice_step(step * 1.5);
  }
  return step;
}

AxisPlan plan_linear(const Panel& panel, Axis axis, double pixels) {
  const auto& given = axis == Axis::x ? panel.x_range : panel.y_range;
  Range range = given ? *given : extent(panel, axis, false);
  if (range.low >= range.high) {
    const double half = range.low == 0 ? 1 : std::abs(range.low) / 2;
    range = {range.low - half, range.low + half};
  }
  if (!given && has_bars_along(panel, axis))
    range.high += kRoomBeyondBars * (range.high - range.low);
  const double step = linear_step(range, axis, pixels);
  if (!given)
    range = {step * std::floor(range.low / step + 1e-6),
             step * std::ceil(range.high / step - 1e-6)};
  return {range, linear_ticks(range, step)};
}

}  // namespace

AxisPlan plan_axis(const Panel& panel, Axis axis, double pixels) {
  const bool is_x = axis == Axis::x;
  if (!(is_x ? panel.log_x : panel.log_y)) return plan_linear(panel, axis, pixels);
  const auto& given = is_x ? panel.x_range : panel.y_range;
  const Range range = given ? *given : log_range(panel, axis);
  return {range, log_ticks(range, pixels)};
}

bool is_visible(const Panel& panel, double x, double y) {
  const auto inside = [](double v, const std::optional<Range>& range, bool logarithmic) {
    return std::isfinite(v) && (!range || (range->low <= v && v <= range->high)) &&
           (!logarithmic || v > 0);
  };
  return inside(x, panel.x_range, panel.log_x) && inside(y, panel.y_range, panel.log_y);
}

Hidden count_hidden(const Panel& panel) {
  Hidden hidden;
  for (const Series& series : panel.series) {
    if (const auto* points = std::get_if<Points>(&series)) {
      for (std::size_t i = 0; i < points->x.size(); ++i)
        if (!is_visible(panel, points->x[i], points->y[i])) ++hidden.outside;
    } else if (const auto* line = std::get_if<Line>(&series)) {
      for (std::size_t i = 0; i < line->x.size(); ++i)
        if ((panel.log_x && line->x[i] <= 0) || (panel.log_y && line->y[i] <= 0))
          ++hidden.not_positive;
    } else if (const auto* bars = std::get_if<Bars>(&series)) {
      for (double v : bars->values)
        if (panel.log_x && v <= 0) ++hidden.not_positive;
    }
  }
  return hidden;
}

}  // namespace ito::report
