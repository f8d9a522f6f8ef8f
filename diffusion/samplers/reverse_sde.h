// The reverse SDE dX = [f X - g2 score] dt + sqrt(|g2| |dt|) z by general-purpose schemes.
#pragma once

#include "diffusion/samplers/sampler.h"

namespace ito::diffusion {

// X' = X + b(X, t) (s - t) + sqrt(|g2(t)| |s - t|) z. Weak order 1; strong order 1 as well, because
// the noise does not depend on the state (in general it is 1/2).
class ReverseEulerMaruyama final : public Sampler {
 public:
  using Sampler::Sampler;
  Tensor step(const Tensor& x, double t, double s, StepContext& context) const override;
};

// Heun's method with the same noise in both stages, dW = sqrt((|g2(t)| + |g2(s)|)/2 |s - t|) z:
//   X^ = X + b(X, t) (s - t) + dW,  X' = X + (b(X, t) + b(X^, s))/2 (s - t) + dW.
// Weak order 2, strong order 1, two evaluations. The drift is not finite where s = 0, so a step
// that ends there is Euler-Maruyama's.
class StochasticHeun final : public Sampler {
 public:
  using Sampler::Sampler;
  Tensor step(const Tensor& x, double t, double s, StepContext& context) const override;
};

}  // namespace ito::diffusion
