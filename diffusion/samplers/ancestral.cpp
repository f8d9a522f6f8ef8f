#include "diffusion/samplers/ancestral.h"

#include <algorithm>
#include <cmath>

#include "diffusion/samplers/combine.h"

namespace ito::diffusion {
namespace {

// c and 1 - r of the header. At the noise end of localization a and s vanish together: c is a ratio
// of observations, which are defined there.
struct Jump {
  double x_factor;
  double one_minus_r;
};
Jump jump(const Schedule& path, double t, double s) {
  const Observation from = path.observation(t), to = path.observation(s);
  return {from.cross * to.noise / (from.noise * to.cross),
          -std::expm1(path.log_snr(t) - path.log_snr(s))};
}

}  // namespace

Tensor Ancestral::step(const Tensor& x, double t, double s, StepContext& context) const {
  const Tensor m = context.posterior_mean(x, t);
  if (t == s) return x;
  const Schedule& path = context.schedule();
  const Jump j = jump(path, t, s);
  const double a = path.a(s), noise = path.s(s) * path.s(s);
  double variance = noise * j.one_minus_r;
  if (variance_ == AncestralVariance::prior && noise > 0)
    variance = (a * a + noise) * j.one_minus_r / (1 + std::exp(path.log_snr(t)));
  return combine(j.x_factor, x, a * j.one_minus_r, m, std::sqrt(variance),
                 context.normal(x.size(1), x.dtype()));
}

Ddim::Ddim(double eta, Output output) : Sampler(output), eta_(eta) {
  check(eta >= 0 && eta <= 1, "ddim: eta lies in [0, 1], got ", eta);
}

Tensor Ddim::step(const Tensor& x, double t, double s, StepContext& context) const {
  const Tensor m = context.posterior_mean(x, t);
  if (t == s) return x;
  const PathPoint from = context.schedule().point(t), to = context.schedule().point(s);
  check(from.s > 0, "ddim: the noise of a state without noise is not defined; start after t = ", t);
  const double variance = eta_ * eta_ * to.s * to.s * -std::expm1(from.log_snr - to.log_snr);
  const double keep = std::sqrt(std::max(0.0, to.s * to.s - variance)) / from.s;
  if (eta_ == 0) return combine(keep, x, to.a - keep * from.a, m);
  return combine(keep, x, to.a - keep * from.a, m, std::sqrt(variance),
                 context.normal(x.size(1), x.dtype()));
}

Tensor ExponentialIntegrator::step(const Tensor& x, double t, double s,
                                   StepContext& context) const {
  const Tensor m = context.posterior_mean(x, t);
  if (t == s) return x;
  const PathPoint from = context.schedule().point(t), to = context.schedule().point(s);
  check(from.a > 0 && from.s > 0, "exponential_integrator: needs a, s > 0, got ", from.a, " and ",
        from.s, " at t = ", t);
  const double growth = to.a / from.a;
  const double pull = 2 * (growth - to.s / from.s);  // of a_t m - x_t = -s_t e
  const double noise = std::sqrt(std::max(0.0, growth * growth * from.s * from.s - to.s * to.s));
  return combine(growth - pull, x, pull * from.a, m, noise, context.normal(x.size(1), x.dtype()));
}

}  // namespace ito::diffusion
