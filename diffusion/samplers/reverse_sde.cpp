#include "diffusion/samplers/reverse_sde.h"

#include <cmath>

#include "autograd/ops.h"
#include "diffusion/samplers/combine.h"

namespace ito::diffusion {
namespace {

// b(x, t) = x_factor x + m_factor m(x; t): f x - g2 score with score = (a m - x)/s^2.
struct Drift {
  double x_factor;
  double m_factor;
};
Drift drift_at(const Schedule& path, double t) {
  const double s = path.s(t);
  check(s > 0,
        "reverse_sde: the score of a state without noise is not defined; start after t = ", t);
  const double rate = path.g2(t) / (s * s);
  return {path.f(t) + rate, -rate * path.a(t)};
}

}  // namespace

Tensor ReverseEulerMaruyama::step(const Tensor& x, double t, double s, StepContext& context) const {
  const Tensor m = context.posterior_mean(x, t);
  if (t == s) return x;
  const Schedule& path = context.schedule();
  const Drift b = drift_at(path, t);
  const double h = s - t;
  return combine(1 + h * b.x_factor, x, h * b.m_factor, m, std::sqrt(std::abs(path.g2(t) * h)),
                 context.normal(x.size(1), x.dtype()));
}

Tensor StochasticHeun::step(const Tensor& x, double t, double s, StepContext& context) const {
  const Tensor m = context.posterior_mean(x, t);
  if (t == s) return x;
  const Schedule& path = context.schedule();
  const Drift b = drift_at(path, t);
  const double h = s - t;
  const bool corrects = path.s(s) > 0;
  const double g2 =
      corrects ? 0.5 * (std::abs(path.g2(t)) + std::abs(path.g2(s))) : std::abs(path.g2(t));
  const Tensor noise = context.normal(x.size(1), x.dtype()) * std::sqrt(g2 * std::abs(h));
  Tensor predicted = combine(1 + h * b.x_factor, x, h * b.m_factor, m) + noise;
  if (!corrects) return predicted;
  const Drift b_s = drift_at(path, s);
  const Tensor m_s = context.posterior_mean(predicted, s);
  return combine(1 + 0.5 * h * b.x_factor, x, 0.5 * h * b.m_factor, m) +
         combine(0.5 * h * b_s.x_factor, predicted, 0.5 * h * b_s.m_factor, m_s, 1, noise);
}

}  // namespace ito::diffusion
