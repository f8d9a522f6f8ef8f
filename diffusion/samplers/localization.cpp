#include "diffusion/samplers/localization.h"

#include <cmath>

#include "autograd/ops.h"

namespace ito::diffusion {
namespace {

// z <- x + h m + sigma z, for z that nobody else has seen.
Tensor advance(const Tensor& x, const Tensor& m, double h, double sigma, Tensor z) {
  const Tensor state = contiguous(x), drift = contiguous(m);
  visit_floating(x.dtype(), "localization", [&](auto zero) {
    using T = decltype(zero);
    const T* from = state.data<T>();
    const T* slope = drift.data<T>();
    T* to = z.mutable_data<T>();
    const T step = static_cast<T>(h), scale = static_cast<T>(sigma);
    for (Index i = 0, count = z.numel(); i < count; ++i) {
      to[i] = from[i] + step * slope[i] + scale * to[i];
    }
  });
  return z;
}

}  // namespace

Tensor LocalizationSampler::init(Index n, DType dtype, double t, StepContext& context) const {
  check(t == 0, "localization: starts at t = 0, the grid starts at ", t);
  return zeros({context.chains().count, n}, dtype);
}

Tensor LocalizationSampler::step(const Tensor& x, double t, double s, StepContext& context) const {
  const Tensor m = context.posterior_mean(x, t);
  return advance(x, m, s - t, std::sqrt(noise_variance(t, s)),
                 context.normal(x.size(1), x.dtype()));
}

Tensor LocalizationSampler::finish(const Tensor& x, double t, StepContext& context) const {
  return output_ == LocalizationOutput::scaled ? x / t : context.posterior_mean(x, t);
}

}  // namespace ito::diffusion
