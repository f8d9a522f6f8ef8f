// Predictions: the four things a network may return about x = a x_0 + s z, one linear map apart.
#pragma once

#include <functional>

#include "autograd/tensor.h"
#include "diffusion/schedule.h"

namespace ito::diffusion {

// (x [B, n], t [B]) -> [B, n]. Row i of the answer depends on row i of x and t alone.
using Network = std::function<Tensor(const Tensor& x, const Tensor& t)>;

enum class Prediction {
  score,     // grad log p_t(x) = (a m - x)/s^2
  noise,     // E[z | x] = -s score
  x0,        // m = E[x_0 | x]
  velocity,  // E[v | x], v = (a z - s x_0)/r with r = sqrt(a^2 + s^2)
};

// to = of_x x + of_value value.
struct Conversion {
  double of_x;
  double of_value;
};

// With abar = a/r = sqrt(sigmoid(lambda)), sbar = s/r = sqrt(sigmoid(-lambda)), xbar = x/r:
//   xbar = abar x_0 + sbar z,  v = abar z - sbar x_0,
//   x_0 = abar xbar - sbar v,  z = sbar xbar + abar v,
// so every conversion goes through v by a rotation, computed from the log-SNR and lossless. Where
// a or s vanish a limit does not exist in some directions (score at s = 0, x_0 from the noise at
// a = 0); there lambda counts as +-kLogSnrLimit and r, s as at least kScaleLimit, so coefficients
// stay finite, and there too a conversion and its reverse cancel. All lambda beyond that limit,
// where s/a or a/s is below 2e-9, count as the limit, too.
inline constexpr double kLogSnrLimit = 40;
inline constexpr double kScaleLimit = 1e-15;
Conversion conversion(Prediction from, Prediction to, const PathPoint& point);

// Differentiable in value and x.
Tensor convert_prediction(const Tensor& value, const Tensor& x, Prediction from, Prediction to,
                          const PathPoint& point);
// One time a row: t [B] is a constant to derivatives.
Tensor convert_prediction(const Tensor& value, const Tensor& x /*[B, n]*/, Prediction from,
                          Prediction to, const Schedule& schedule, const Tensor& t /*[B]*/);

// The network that returns `to` where `network` returns `from`.
Network convert_network(Network network, Prediction from, Prediction to, SchedulePtr schedule);

}  // namespace ito::diffusion
