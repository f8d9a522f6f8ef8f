#include "diffusion/schedules/variance_exploding.h"

#include <algorithm>
#include <cmath>

#include "autograd/error.h"

namespace ito::diffusion {

VarianceExploding::VarianceExploding(double sigma_min, double sigma_max)
    : sigma_min_(sigma_min), sigma_max_(sigma_max), log_ratio_(std::log(sigma_max / sigma_min)) {
  check(0 < sigma_min && sigma_min < sigma_max && std::isfinite(sigma_max),
        "variance_exploding: needs 0 < sigma_min < sigma_max, got ", sigma_min, " and ", sigma_max);
}

double VarianceExploding::s(double t) const {
  return sigma_min_ * std::exp(log_ratio_ * t);
}
double VarianceExploding::s_derivative(double t) const {
  return log_ratio_ * s(t);
}
double VarianceExploding::g2(double t) const {
  const double s_t = s(t);
  return 2 * log_ratio_ * s_t * s_t;
}
double VarianceExploding::log_snr(double t) const {
  return -2 * (std::log(sigma_min_) + log_ratio_ * t);
}
double VarianceExploding::t_from_log_snr(double lambda) const {
  return std::clamp((-0.5 * lambda - std::log(sigma_min_)) / log_ratio_, 0.0, 1.0);
}

}  // namespace ito::diffusion
