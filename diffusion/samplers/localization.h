// Samplers of stochastic localization, dY = m(Y; t) dt + dW from Y = 0 at t = 0.
#pragma once

#include "diffusion/samplers/sampler.h"

namespace ito::diffusion {

// h = s - t in both. For denoisers of localization; the grid starts at t = 0.
class LocalizationSampler : public Sampler {
 public:
  using Sampler::Sampler;
  Tensor init(Index n, DType dtype, double t, StepContext& context) const final;
  Tensor step(const Tensor& x, double t, double s, StepContext& context) const final;

 private:
  virtual double noise_variance(double t, double s) const = 0;
};

// Y' = Y + h m(Y; t) + sqrt(h) z. Any other path's ancestral sampling with the posterior variance
// is this scheme in that path's variables.
class EulerMaruyama final : public LocalizationSampler {
 public:
  using LocalizationSampler::LocalizationSampler;

 private:
  double noise_variance(double t, double s) const override { return s - t; }
};

// Y' = Y + h m(Y; t) + sqrt(h (1+s)/(1+t)) z: the exponential integrator that treats the part
// y/(1+t) of m exactly, and so is exact for N(0, I). Elsewhere: ancestral sampling with the prior
// variance.
class SemiLinear final : public LocalizationSampler {
 public:
  using LocalizationSampler::LocalizationSampler;

 private:
  double noise_variance(double t, double s) const override { return (s - t) * (1 + s) / (1 + t); }
};

}  // namespace ito::diffusion
