// Ranges and ticks of a panel's axes, and what they leave out. Private to apps/report.
#pragma once

#include <string>
#include <vector>

#include "apps/report/figure.h"

namespace ito::report {

struct Tick {
  double value = 0;
  std::string label;  // empty: a minor tick
};

struct AxisPlan {
  Range range;
  std::vector<Tick> ticks;
};

// The panel's range if given, else one that holds all finite data (the positive ones on a
// logarithmic axis), with ticks whose labels fit on `pixels`. Histograms and bars start at zero.
AxisPlan plan_axis(const Panel& panel, Axis axis, double pixels);

// How many points of the panel's Points lie outside its axes or are not finite, and how many
// values of its lines and bars a logarithmic axis cannot show.
struct Hidden {
  std::size_t outside = 0, not_positive = 0;
};
Hidden count_hidden(const Panel& panel);

// Is the point drawn? Both coordinates finite, in the ranges, and positive on a log axis.
bool is_visible(const Panel& panel, double x, double y);

}  // namespace ito::report
