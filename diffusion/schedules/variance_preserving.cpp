#include "diffusion/schedules/variance_preserving.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "autograd/error.h"

namespace ito::diffusion {
namespace {

double softplus(double x) {
  return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
}

void check_rate(const LinearRate& rate, const char* op) {
  check(rate.beta_min > 0 && rate.beta_max > 0, op, ": needs positive rates, got ", rate.beta_min,
        " to ", rate.beta_max);
}

}  // namespace

double VariancePreserving::a(double t) const {
  return std::exp(-0.5 * integrated_rate(t));
}
double VariancePreserving::s(double t) const {
  return std::sqrt(-std::expm1(-integrated_rate(t)));
}
double VariancePreserving::a_derivative(double t) const {
  return -0.5 * rate(t) * a(t);
}
double VariancePreserving::s_derivative(double t) const {
  const double a_t = a(t);
  return 0.5 * rate(t) * a_t * a_t / s(t);
}
// a^2/s^2 = 1/(e^B - 1)
double VariancePreserving::log_snr(double t) const {
  const double b = integrated_rate(t);
  return -b - std::log(-std::expm1(-b));
}
double VariancePreserving::t_from_log_snr(double lambda) const {
  return std::clamp(t_from_integrated_rate(softplus(-lambda)), t_min(), t_max());
}

// The root of t (beta_min + t slope/2) = b that does not cancel.
double LinearRate::t_from_integral(double b) const {
  if (std::isinf(b)) return b;
  const double slope = beta_max - beta_min;
  return 2 * b / (beta_min + std::sqrt(std::max(0.0, beta_min * beta_min + 2 * slope * b)));
}

VpLinear::VpLinear(LinearRate rate) : rate_(rate) {
  check_rate(rate, "vp_linear");
}

VpCosine::VpCosine(double offset, double t_max) : offset_(offset), t_max_(t_max) {
  check(offset >= 0 && t_max > 0 && t_max < 1,
        "vp_cosine: needs offset >= 0 and 0 < t_max < 1, got ", offset, " and ", t_max);
}

double VpCosine::speed() const {
  return 0.5 * std::numbers::pi / (1 + offset_);
}
// beta = -(log a^2)' = 2 tan(theta) theta'
double VpCosine::rate(double t) const {
  return 2 * speed() / std::tan(speed() * (1 - t));
}
// 1 - a^2 = sin(theta + theta_0) sin(theta - theta_0)/cos^2(theta_0)
double VpCosine::variance(double t) const {
  const double c = std::cos(theta_0());
  return std::sin(speed() * t + 2 * theta_0()) * std::sin(speed() * t) / (c * c);
}
// Where a is small, cos(theta) = sin(pi/2 - theta) keeps its digits; where it is near 1, 1 - a^2.
double VpCosine::integrated_rate(double t) const {
  if (t < 0.5) return -std::log1p(-variance(t));
  return -2 * std::log(std::sin(speed() * (1 - t)) / std::cos(theta_0()));
}
double VpCosine::t_from_integrated_rate(double b) const {
  const double c = std::cos(theta_0()), a = std::exp(-0.5 * b);
  const double theta = std::acos(c * a);
  if (a < 0.8) return (theta - theta_0()) / speed();
  const double from_variance = -std::expm1(-b) * c * c;  // sin(theta)^2 - sin(theta_0)^2
  const double sine = std::sqrt(from_variance + std::pow(std::sin(theta_0()), 2));
  if (sine == 0) return 0;
  const double sum = std::asin(std::min(1.0, sine)) + theta_0();
  return std::asin(std::min(1.0, from_variance / std::sin(sum))) / speed();
}

SubVp::SubVp(LinearRate rate) : rate_(rate) {
  check_rate(rate, "sub_vp");
}

double SubVp::a(double t) const {
  return std::exp(-0.5 * rate_.integral(t));
}
double SubVp::s(double t) const {
  return -std::expm1(-rate_.integral(t));
}
double SubVp::a_derivative(double t) const {
  return -0.5 * rate_.rate(t) * a(t);
}
double SubVp::s_derivative(double t) const {
  return rate_.rate(t) * std::exp(-rate_.integral(t));
}
double SubVp::g2(double t) const {
  return -rate_.rate(t) * std::expm1(-2 * rate_.integral(t));
}
double SubVp::log_snr(double t) const {
  return -rate_.integral(t) - 2 * std::log(s(t));
}
// 1 - s = e^lambda s^2 for s, and then e^-B = 1 - s.
double SubVp::t_from_log_snr(double lambda) const {
  const double root = std::exp(0.5 * lambda);
  const double s = 2 / (1 + std::hypot(1.0, 2 * root));
  const double b = s < 0.5 ? -std::log1p(-s) : -lambda - 2 * std::log(s);
  return std::clamp(rate_.t_from_integral(b), t_min(), t_max());
}

}  // namespace ito::diffusion
