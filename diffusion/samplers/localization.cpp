#include "diffusion/samplers/localization.h"

#include <cmath>

#include "diffusion/samplers/combine.h"

namespace ito::diffusion {

Tensor LocalizationSampler::init(Index n, DType dtype, double t, StepContext& context) const {
  check_localization(context.schedule(), "localization");
  check(t == 0, "localization: starts at t = 0, the grid starts at ", t);
  return zeros({context.chains().count, n}, dtype);
}

Tensor LocalizationSampler::step(const Tensor& x, double t, double s, StepContext& context) const {
  const Tensor m = context.posterior_mean(x, t);
  return combine(1, x, s - t, m, std::sqrt(noise_variance(t, s)),
                 context.normal(x.size(1), x.dtype()));
}

}  // namespace ito::diffusion
