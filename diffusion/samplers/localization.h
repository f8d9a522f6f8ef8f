// Samplers of stochastic localization, dY = m(Y; t) dt + dW from Y = 0 at t = 0.
#pragma once

#include "diffusion/samplers/sampler.h"

namespace ito::diffusion {

enum class LocalizationOutput {
  scaled,          // Y_T / T ~ mu * N(0, I/T)
  posterior_mean,  // m(Y_T; T): one evaluation more
};

// h = s - t in both.
class LocalizationSampler : public Sampler {
 public:
  explicit LocalizationSampler(LocalizationOutput output = LocalizationOutput::scaled)
      : output_(output) {}
  Tensor init(Index n, DType dtype, double t, StepContext& context) const final;  // t must be 0
  Tensor step(const Tensor& x, double t, double s, StepContext& context) const final;
  Tensor finish(const Tensor& x, double t, StepContext& context) const final;

 private:
  virtual double noise_variance(double t, double s) const = 0;
  LocalizationOutput output_;
};

// Y' = Y + h m(Y; t) + sqrt(h) z.
class EulerMaruyama final : public LocalizationSampler {
 public:
  using LocalizationSampler::LocalizationSampler;

 private:
  double noise_variance(double t, double s) const override { return s - t; }
};

// Y' = Y + h m(Y; t) + sqrt(h (1+s)/(1+t)) z: the exponential integrator that treats the part
// y/(1+t) of m exactly, and so is exact for N(0, I).
class SemiLinear final : public LocalizationSampler {
 public:
  using LocalizationSampler::LocalizationSampler;

 private:
  double noise_variance(double t, double s) const override { return (s - t) * (1 + s) / (1 + t); }
};

}  // namespace ito::diffusion
