#include "diffusion/distributions/normal_mixture_1d.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <utility>

#include "autograd/error.h"

namespace ito::diffusion {
namespace {

constexpr double kTailStds = 10;  // survival(10) = 8e-24

double normal_pdf(double z) {
  return std::exp(-0.5 * z * z) / std::sqrt(2 * std::numbers::pi);
}
double normal_cdf(double z) {
  return 0.5 * std::erfc(-z / std::numbers::sqrt2);
}
// The integral of the cdf from -inf to z: E(z - Z)^+.
double normal_integral_of_cdf(double z) {
  return z * normal_cdf(z) + normal_pdf(z);
}

}  // namespace

NormalMixture1d::NormalMixture1d(std::vector<double> weights, std::vector<double> means,
                                 std::vector<double> stds)
    : weights_(std::move(weights)), means_(std::move(means)), stds_(std::move(stds)) {
  check(!weights_.empty() && weights_.size() == means_.size() && means_.size() == stds_.size(),
        "normal_mixture_1d: got ", weights_.size(), " weights, ", means_.size(), " means, ",
        stds_.size(), " stds");
  for (std::size_t k = 0; k < weights_.size(); ++k) {
    check(weights_[k] > 0 && std::isfinite(weights_[k]) && std::isfinite(means_[k]) &&
              stds_[k] > 0 && std::isfinite(stds_[k]),
          "normal_mixture_1d: mode ", k, " has weight ", weights_[k], ", mean ", means_[k],
          " and std ", stds_[k]);
  }
  const double total = std::accumulate(weights_.begin(), weights_.end(), 0.0);
  for (double& w : weights_) w /= total;
}

double NormalMixture1d::pdf(double u) const {
  double p = 0;
  for (std::size_t k = 0; k < weights_.size(); ++k)
    p += weights_[k] * normal_pdf((u - means_[k]) / stds_[k]) / stds_[k];
  return p;
}

double NormalMixture1d::cdf(double u) const {
  double p = 0;
  for (std::size_t k = 0; k < weights_.size(); ++k)
    p += weights_[k] * normal_cdf((u - means_[k]) / stds_[k]);
  return p;
}

double NormalMixture1d::survival(double u) const {
  double p = 0;
  for (std::size_t k = 0; k < weights_.size(); ++k)
    p += weights_[k] * normal_cdf((means_[k] - u) / stds_[k]);
  return p;
}

double NormalMixture1d::quantile(double p) const {
  check(p >= 0 && p <= 1, "quantile: p lies in [0, 1], got ", p);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (p == 0) return -kInfinity;
  if (p == 1) return kInfinity;
  double low = lower(), high = upper();
  // Not zero, though a std may be below the rounding of its mean.
  const double width = std::max(high - low, 1e-15 * std::abs(low));
  while (cdf(low) > p) low -= width;
  while (survival(high) > 1 - p) high += width;
  // Bisection halves the bracket down to neighbouring doubles.
  for (;;) {
    const double middle = std::midpoint(low, high);
    if (middle <= low || middle >= high) return middle;
    (cdf(middle) < p ? low : high) = middle;
  }
}

double NormalMixture1d::integral_of_cdf(double u) const {
  double g = 0;
  for (std::size_t k = 0; k < weights_.size(); ++k)
    g += weights_[k] * stds_[k] * normal_integral_of_cdf((u - means_[k]) / stds_[k]);
  return g;
}

double NormalMixture1d::integral_of_survival(double u) const {
  double g = 0;
  for (std::size_t k = 0; k < weights_.size(); ++k)
    g += weights_[k] * stds_[k] * normal_integral_of_cdf((means_[k] - u) / stds_[k]);
  return g;
}

double NormalMixture1d::lower() const {
  double u = std::numeric_limits<double>::infinity();
  for (std::size_t k = 0; k < means_.size(); ++k) u = std::min(u, means_[k] - kTailStds * stds_[k]);
  return u;
}

double NormalMixture1d::upper() const {
  double u = -std::numeric_limits<double>::infinity();
  for (std::size_t k = 0; k < means_.size(); ++k) u = std::max(u, means_[k] + kTailStds * stds_[k]);
  return u;
}

}  // namespace ito::diffusion
