#include "diffusion/schedule.h"

#include <cmath>

#include "autograd/error.h"
#include "autograd/ops.h"

namespace ito::diffusion {

double Schedule::log_snr(double t) const {
  return 2 * std::log(a(t) / s(t));
}

double Schedule::t_from_log_snr(double lambda) const {
  double low = t_min(), high = t_max();
  const bool grows = signal_grows();
  for (;;) {
    const double middle = low + 0.5 * (high - low);
    if (!(low < middle && middle < high)) return middle;
    ((log_snr(middle) < lambda) == grows ? low : high) = middle;
  }
}

double Schedule::log_snr_derivative(double t) const {
  return 2 * (a_derivative(t) / a(t) - s_derivative(t) / s(t));
}

Observation Schedule::observation(double t) const {
  const double a_t = a(t), s_t = s(t);
  return {s_t * s_t, a_t, a_t * a_t};
}

bool Schedule::signal_grows() const {
  return log_snr(t_min()) < log_snr(t_max());
}

double Schedule::f(double t) const {
  return a_derivative(t) / a(t);
}

double Schedule::g2(double t) const {
  const double s_t = s(t);
  return 2 * s_t * (s_derivative(t) - f(t) * s_t);
}

Tensor Schedule::forward_drift(const Tensor& x, double t) const {
  return f(t) * x;
}
Tensor Schedule::reverse_drift(const Tensor& x, const Tensor& score, double t) const {
  return f(t) * x - g2(t) * score;
}
Tensor Schedule::flow_drift(const Tensor& x, const Tensor& score, double t) const {
  return f(t) * x - 0.5 * g2(t) * score;
}

Transfer transfer(const Schedule& from, double t, const Schedule& to) {
  const double lambda = from.log_snr(t);
  const double matched = to.t_from_log_snr(lambda);
  const double scale = std::hypot(to.a(matched), to.s(matched)) / std::hypot(from.a(t), from.s(t));
  const double reached = to.log_snr(matched);
  check(std::isfinite(scale) && scale > 0 &&
            (reached == lambda || std::abs(reached - lambda) <= 1e-6 * (1 + std::abs(lambda))),
        "transfer: the other path has no time with the log-SNR ", lambda, " of t = ", t);
  return {matched, scale};
}

void check_localization(const Schedule& path, const char* op) {
  check(dynamic_cast<const StochasticLocalization*>(&path) != nullptr, op,
        ": the denoiser follows another path than localization");
}

double StochasticLocalization::s(double t) const {
  return std::sqrt(t);
}
double StochasticLocalization::s_derivative(double t) const {
  return 0.5 / std::sqrt(t);
}
double StochasticLocalization::log_snr(double t) const {
  return std::log(t);
}
double StochasticLocalization::t_from_log_snr(double lambda) const {
  return std::exp(lambda);
}

double alpha_from_t(double t) {
  return std::atan(std::sqrt(t));
}
double t_from_alpha(double alpha) {
  const double root = std::tan(alpha);
  return root * root;
}
double tau_from_t(double t) {
  return 0.5 * std::log1p(1 / t);
}
double t_from_tau(double tau) {
  return 1 / std::expm1(2 * tau);
}

}  // namespace ito::diffusion
