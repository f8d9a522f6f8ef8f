#include "diffusion/schedules/ornstein_uhlenbeck.h"

#include <algorithm>
#include <cmath>

#include "autograd/error.h"

namespace ito::diffusion {

OrnsteinUhlenbeck::OrnsteinUhlenbeck(double sigma, double t_max) : sigma_(sigma), t_max_(t_max) {
  check(sigma > 0 && std::isfinite(sigma) && t_max > 0 && std::isfinite(t_max),
        "ornstein_uhlenbeck: needs finite sigma > 0 and t_max > 0, got ", sigma, " and ", t_max);
}

double OrnsteinUhlenbeck::a(double t) const {
  return std::exp(-t);
}
double OrnsteinUhlenbeck::s(double t) const {
  return prior_std() * std::sqrt(-std::expm1(-2 * t));
}
double OrnsteinUhlenbeck::a_derivative(double t) const {
  return -std::exp(-t);
}
// (s^2)' = sigma^2 e^-2t
double OrnsteinUhlenbeck::s_derivative(double t) const {
  return 0.5 * sigma_ * sigma_ * std::exp(-2 * t) / s(t);
}
double OrnsteinUhlenbeck::prior_std() const {
  return sigma_ / std::sqrt(2);
}

// a^2/s^2 = 2/(sigma^2 (e^{2t} - 1))
double OrnsteinUhlenbeck::log_snr(double t) const {
  return -2 * std::log(prior_std()) - 2 * t - std::log(-std::expm1(-2 * t));
}
double OrnsteinUhlenbeck::t_from_log_snr(double lambda) const {
  const double x = lambda + 2 * std::log(prior_std());
  // log(1 + e^-x), without overflow
  const double twice = std::max(-x, 0.0) + std::log1p(std::exp(-std::abs(x)));
  return std::min(0.5 * twice, t_max_);
}

}  // namespace ito::diffusion
