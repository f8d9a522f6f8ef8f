// Samplers that jump along the Gaussian path exactly, given the posterior mean m at its start: the
// families of DDPM and DDIM, for any schedule.
//
// For two times of one path, t the noisier, x_s given x_t and x_0 is normal with
//   mean c x_t + a_s (1 - r) x_0,  variance s_s^2 (1 - r),
//   r = SNR_t/SNR_s,  c = (a_t/s_t^2)/(a_s/s_s^2).
// All three stay finite at both ends of a path.
#pragma once

#include "diffusion/samplers/sampler.h"

namespace ito::diffusion {

enum class AncestralVariance {
  // s_s^2 (1 - r): exact for data that is one point. DDPM's beta-tilde; localization's
  // Euler-Maruyama in other variables.
  posterior,
  // (a_s^2 + s_s^2)(1 - r)/(1 + SNR_t): exact for data N(0, I). DDPM's beta; localization's
  // semi-linear scheme in other variables. No noise is added to reach s_s = 0.
  prior,
};

// x_s = c x_t + a_s (1 - r) m + sqrt(variance) z  (Ho et al. 2020).
class Ancestral final : public Sampler {
 public:
  explicit Ancestral(AncestralVariance variance = AncestralVariance::posterior,
                     Output output = Output::scaled)
      : Sampler(output), variance_(variance) {}
  Tensor step(const Tensor& x, double t, double s, StepContext& context) const override;

 private:
  AncestralVariance variance_;
};

// x_s = a_s m + sqrt(s_s^2 - v) e + sqrt(v) z,  e = (x_t - a_t m)/s_t,  v = eta^2 s_s^2 (1 - r)
// (Song et al. 2021). eta = 1 is Ancestral with the posterior variance; eta = 0 draws no noise and
// is Euler's method for the probability flow: Delta(x/s) = m Delta(a/s).
class Ddim final : public Sampler {
 public:
  explicit Ddim(double eta = 0, Output output = Output::scaled);  // 0 <= eta <= 1
  Tensor step(const Tensor& x, double t, double s, StepContext& context) const override;

 private:
  double eta_;
};

// The reverse SDE with its linear part f x solved exactly and e, the predicted noise, held fixed:
//   x_s = (a_s/a_t) x_t - 2 (a_s s_t/a_t - s_s) e + s_s sqrt(1/r - 1) z.
class ExponentialIntegrator final : public Sampler {
 public:
  using Sampler::Sampler;
  Tensor step(const Tensor& x, double t, double s, StepContext& context) const override;
};

}  // namespace ito::diffusion
