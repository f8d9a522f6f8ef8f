#include "diffusion/distributions/two_modes.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "autograd/error.h"
#include "diffusion/quadrature.h"

namespace ito::diffusion {
namespace {

double sigmoid(double x) {
  if (x >= 0) return 1 / (1 + std::exp(-x));
  const double e = std::exp(x);
  return e / (1 + e);
}

// E[gamma (1 - gamma)] as a function of d^2 = t ||a||^2/(1+t). The log-odds of the label have law
// logit p + N(+-d^2/2, d^2) given it, hence
//   v = p q exp(-d^2/8) E[ 1 / (p e^{dZ/2} + q e^{-dZ/2}) ],  Z ~ N(0, 1).
// The trapezoid rule of step h errs by exp(-2 pi c/h), c the distance to the poles at Im z = pi/d:
// h = min(1/4, 1/(2d)) leaves exp(-4 pi^2) = 7e-18.
double label_variance_at(double p, double d_squared) {
  if (d_squared > 6000) return 0;  // exp(-d^2/8) underflows
  const double q = 1 - p, d = std::sqrt(d_squared);
  // The fraction grows at most like e^{d|z|/2} up to |z| = |logit p|/d, which moves the peak of the
  // integrand by at most this; nine stds further out, exp(-81/2) = 3e-18 is left.
  const double peak = 0.5 * std::min(d, std::sqrt(2 * std::abs(std::log(p / q))));
  const double range = peak + 9;
  const double step = std::min(0.25, 0.5 / std::max(d, 1e-300));
  const auto half = static_cast<Index>(std::ceil(range / step));
  double total = 0, mass = 0;
  for (Index i = -half; i <= half; ++i) {
    const double z = step * static_cast<double>(i);
    const double density = std::exp(-0.5 * z * z);
    const double e = std::exp(-0.5 * d * std::abs(z));  // 1/(p/e + q e) without overflow
    const double up = z >= 0 ? p : q, down = z >= 0 ? q : p;
    total += density * e / (up + down * e * e);
    mass += density;
  }
  return p * q * std::exp(-d_squared / 8) * total / mass;
}

}  // namespace

TwoModes::TwoModes(double p, std::vector<double> a) : p_(p), a_(std::move(a)), norm_squared_(0) {
  check(p > 0 && p < 1, "two_modes: p lies in (0, 1), got ", p);
  for (double x : a_) norm_squared_ += x * x;
  check(norm_squared_ > 0 && std::isfinite(norm_squared_),
        "two_modes: needs a finite a other than zero, got ||a||^2 = ", norm_squared_);
}

TwoModes TwoModes::ones(Index n, double p) {
  check(n >= 1, "two_modes: needs a dimension of at least 1, got ", n);
  return TwoModes(p, std::vector<double>(static_cast<std::size_t>(n), 1.0));
}

GaussianMixture TwoModes::mixture() const {
  std::vector<double> means;
  means.reserve(2 * a_.size());
  for (double x : a_) means.push_back((1 - p_) * x);
  for (double x : a_) means.push_back(-p_ * x);
  const std::vector<double> variances = {1, 1};
  return GaussianMixture::isotropic({p_, 1 - p_}, std::move(means), variances);
}

NormalMixture1d TwoModes::projection(double variance) const {
  const double std = std::sqrt((1 + variance) / norm_squared_);
  return NormalMixture1d({p_, 1 - p_}, {1 - p_, -p_}, {std, std});
}

double TwoModes::gamma(double y_dot_a, double t) const {
  return sigmoid((y_dot_a + 0.5 * t * (2 * p_ - 1) * norm_squared_) / (1 + t) +
                 std::log(p_ / (1 - p_)));
}

double TwoModes::label_variance(double t) const {
  check(t >= 0, "label_variance: t >= 0, got ", t);
  return label_variance_at(p_, norm_squared_ * (std::isinf(t) ? 1 : t / (1 + t)));
}

double TwoModes::integrated_label_variance(double t0, double t1) const {
  check(0 <= t0 && t0 <= t1, "integrated_label_variance: needs 0 <= t0 <= t1, got ", t0, " and ",
        t1);
  // With d^2 = ||a||^2 t/(1+t), dt/(1+t)^2 = d(d^2)/||a||^2. Panels of at most 4 in d^2 (v falls by
  // e^-1/2 there) keep 10 Gauss nodes exact to rounding.
  const auto share = [](double t) { return std::isinf(t) ? 1 : t / (1 + t); };
  const double from = norm_squared_ * share(t0), to = norm_squared_ * share(t1);
  // Beyond d^2 = 400, v < e^-50.
  const double end = std::min(to, std::max(from, 400.0));
  const auto panels = static_cast<Index>(std::max(1.0, std::ceil((end - from) / 4)));
  const GaussLegendre rule(10);
  double total = 0;
  for (Index i = 0; i < panels; ++i) {
    const double width = (end - from) / static_cast<double>(panels);
    total += rule.integrate(from + width * static_cast<double>(i),
                            from + width * static_cast<double>(i + 1),
                            [&](double d_squared) { return label_variance_at(p_, d_squared); });
  }
  return total / norm_squared_;
}

double TwoModes::mmse(double t) const {
  return static_cast<double>(dimension()) / (1 + t) +
         norm_squared_ * label_variance(t) / ((1 + t) * (1 + t));
}

GaussianMixture two_modes(double p, std::vector<double> a) {
  return TwoModes(p, std::move(a)).mixture();
}

}  // namespace ito::diffusion
