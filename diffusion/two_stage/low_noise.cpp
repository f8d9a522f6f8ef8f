#include "diffusion/two_stage/low_noise.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "autograd/error.h"
#include "diffusion/normal_expectation.h"

namespace ito::diffusion {
namespace {

// The loss and its derivative in alpha, d/dalpha T = Z T'.
std::array<double, 2> loss_and_slope(LowNoiseLoss kind, double alpha, double truth_norm) {
  // T is as steep in Z as alpha is large, so the expectation is taken in u = alpha Z.
  const double steepness = std::max(alpha, 1e-300);
  const auto e = normal_expectation(alpha * truth_norm, alpha, [&](double u) {
    const double z = u / steepness, t = std::tanh(u), d = 1 - t * t;
    return std::array{t * t, t * z, d, 2 * t * d * z, d * z * z};
  });
  const auto [t2, tz, d, t2_slope, tz_slope] = e;
  const double square = alpha * alpha;
  std::array<double, 2> total{square * t2, 2 * alpha * t2 + square * t2_slope};
  if (kind == LowNoiseLoss::printed) return total;
  total[0] -= 2 * alpha * tz;
  total[1] -= 2 * tz + 2 * alpha * tz_slope;
  if (kind == LowNoiseLoss::noise_free) return total;
  total[0] += 2 * square * d;
  total[1] += 4 * alpha * d - 2 * square * t2_slope;
  return total;
}

}  // namespace

double low_noise_loss(LowNoiseLoss kind, double alpha, double truth_norm) {
  return loss_and_slope(kind, alpha, truth_norm)[0];
}

double low_noise_minimiser(LowNoiseLoss kind, double truth_norm) {
  check(truth_norm > 0, "low_noise_minimiser: the norm must be positive, got ", truth_norm);
  // Each loss falls and then rises in alpha > 0 (`printed` only rises): bisect its slope.
  double low = 1e-9 * truth_norm, high = 10 * truth_norm + 10;
  if (loss_and_slope(kind, low, truth_norm)[1] >= 0) return 0;
  for (int i = 0; i < 200 && high - low > 1e-15 * high; ++i) {
    const double middle = 0.5 * (low + high);
    (loss_and_slope(kind, middle, truth_norm)[1] < 0 ? low : high) = middle;
  }
  return 0.5 * (low + high) / truth_norm;
}

}  // namespace ito::diffusion
