// Langevin samplers: each step is one move that keeps the law of x_s, at the step's end s, (nearly)
// as it is. A grid that repeats a time (repeat() in grid.h) stays at that level: one level alone is
// plain Langevin dynamics, levels from large to small noise are annealed Langevin dynamics.
#pragma once

#include "diffusion/distributions/gaussian_mixture.h"
#include "diffusion/samplers/sampler.h"

namespace ito::diffusion {

struct LangevinOptions {
  double step = 1e-3;  // eta
  // Of the start N(0, start_std^2 I); 0: Sampler::init's, s(t) of the first level.
  double start_std = 0;
  Output output = Output::scaled;
};

// x += eta score + sqrt(2 eta) z. Its stationary law is that of x_s with an error of order eta.
class Ula final : public Sampler {
 public:
  explicit Ula(const LangevinOptions& options);
  Tensor init(Index n, DType dtype, double t, StepContext& context) const override;
  Tensor step(const Tensor& x, double t, double s, StepContext& context) const override;

 private:
  LangevinOptions options_;
};

// ULA's move, accepted with the probability of Metropolis and Hastings, so that the law of x_s is
// exactly stationary. Needs the density as well, hence a mixture whose path the denoiser follows.
// The callback's estimate is that of the state before the move.
class Mala final : public Sampler {
 public:
  Mala(GaussianMixture mixture, const LangevinOptions& options);
  Tensor init(Index n, DType dtype, double t, StepContext& context) const override;
  Tensor step(const Tensor& x, double t, double s, StepContext& context) const override;

 private:
  GaussianMixture mixture_;
  LangevinOptions options_;
};

// e_i = eps sigma_i^2/sigma_L^2 at level i of L, for
enum class AnnealedConvention {
  ncsn,      // x += e_i/2 score + sqrt(e_i) z   (Song and Ermon 2019)
  langevin,  // x += e_i score + sqrt(2 e_i) z
};
struct AnnealedOptions {
  double eps = 2e-5;
  double sigma_last = 0.01;  // sigma_L, s at the last level
  AnnealedConvention convention = AnnealedConvention::ncsn;
  Output output = Output::scaled;
};

// Levels sigma_i = s(t_i) from large to small, from N(0, sigma_1^2 I) (or the prior, at the noise
// end). The step to a level moves at that level, so the first of a grid's levels is the start.
class AnnealedLangevin final : public Sampler {
 public:
  explicit AnnealedLangevin(const AnnealedOptions& options);
  Tensor step(const Tensor& x, double t, double s, StepContext& context) const override;

 private:
  AnnealedOptions options_;
};

// x + eta score + sqrt(2 eta) z with the score at time t.
Tensor langevin_move(const Tensor& x, double t, double eta, StepContext& context);

}  // namespace ito::diffusion
