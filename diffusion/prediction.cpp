#include "diffusion/prediction.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "autograd/ops.h"

namespace ito::diffusion {
namespace {

struct Rotation {
  double abar, sbar;  // a/r, s/r
  double r, s;
};

Rotation rotation(const PathPoint& point) {
  const double lambda = std::clamp(point.log_snr, -kLogSnrLimit, kLogSnrLimit);
  const double small = std::exp(-0.5 * std::abs(lambda));
  const double large = 1 / std::hypot(1.0, small);
  const double abar = lambda > 0 ? large : small * large;
  const double sbar = lambda > 0 ? small * large : large;
  const double r = std::max(std::hypot(point.a, point.s), kScaleLimit);
  return {abar, sbar, r, std::max(r * sbar, kScaleLimit)};
}

Conversion to_velocity(Prediction from, const Rotation& p) {
  switch (from) {
    case Prediction::score:
      return {-p.sbar / (p.abar * p.r), -p.s / p.abar};
    case Prediction::noise:
      return {-p.sbar / (p.abar * p.r), 1 / p.abar};
    case Prediction::x0:
      return {p.abar / (p.sbar * p.r), -1 / p.sbar};
    case Prediction::velocity:
      break;
  }
  return {0, 1};
}

Conversion from_velocity(Prediction to, const Rotation& p) {
  switch (to) {
    case Prediction::score:
      return {-p.sbar / (p.r * p.s), -p.abar / p.s};
    case Prediction::noise:
      return {p.sbar / p.r, p.abar};
    case Prediction::x0:
      return {p.abar / p.r, -p.sbar};
    case Prediction::velocity:
      break;
  }
  return {0, 1};
}

}  // namespace

Conversion conversion(Prediction from, Prediction to, const PathPoint& point) {
  if (from == to) return {0, 1};
  const Rotation p = rotation(point);
  // Through v, x would cancel only up to rounding.
  if (from == Prediction::score && to == Prediction::noise) return {0, -p.s};
  if (from == Prediction::noise && to == Prediction::score) return {0, -1 / p.s};
  const Conversion first = to_velocity(from, p), second = from_velocity(to, p);
  return {second.of_x + second.of_value * first.of_x, second.of_value * first.of_value};
}

Tensor convert_prediction(const Tensor& value, const Tensor& x, Prediction from, Prediction to,
                          const PathPoint& point) {
  if (from == to) return value;
  const Conversion c = conversion(from, to, point);
  if (c.of_x == 0) return c.of_value * value;
  return c.of_x * x + c.of_value * value;
}

Tensor convert_prediction(const Tensor& value, const Tensor& x, Prediction from, Prediction to,
                          const Schedule& schedule, const Tensor& t) {
  check(x.rank() == 2 && value.shape() == x.shape() && t.shape() == Shape{x.size(0)},
        "convert_prediction: needs x and value [B, n] and t [B], got ", x.shape(), ", ",
        value.shape(), " and ", t.shape());
  if (from == to) return value;
  std::vector<double> of_x, of_value;
  for (double time : t.to_vector<double>()) {
    const Conversion c = conversion(from, to, schedule.point(time));
    of_x.push_back(c.of_x);
    of_value.push_back(c.of_value);
  }
  const Shape column{x.size(0), 1};
  return x * ito::from(of_x, column, x.dtype()) + value * ito::from(of_value, column, x.dtype());
}

Network convert_network(Network network, Prediction from, Prediction to, SchedulePtr schedule) {
  check(network != nullptr && schedule != nullptr,
        "convert_network: needs a network and a schedule");
  return [=, network = std::move(network), schedule = std::move(schedule)](const Tensor& x,
                                                                           const Tensor& t) {
    return convert_prediction(network(x, t), x, from, to, *schedule, t);
  };
}

}  // namespace ito::diffusion
