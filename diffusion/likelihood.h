// Log-likelihoods along the probability flow (Chen et al. 2018, Song et al. 2021).
#pragma once

#include <functional>
#include <numbers>

#include "diffusion/divergence.h"
#include "diffusion/ode.h"
#include "diffusion/prediction.h"

namespace ito::diffusion {

struct LikelihoodOptions {
  AdaptiveOptions ode = {.relative = 1e-7, .absolute = 1e-7};
  // Hutchinson's probes are drawn once, and kept along the trajectory.
  DivergenceOptions divergence = {};
  // The log-density [B] at t_noise. By default N(0, prior_std^2 I) at the noise end of the path and
  // N(0, s(t_noise)^2 I) before it.
  std::function<Tensor(const Tensor& x)> prior = nullptr;
};

struct Likelihood {
  Tensor log_density;     // [B], nats
  Tensor standard_error;  // [B], of Hutchinson's estimate: zero when exact, NaN for one probe
  Tensor latent;          // [B, n], where the flow ends
  Index evaluations = 0;  // of the drift: one of the network each, and its divergence
};

// log p(x) of the flow's law at time t_data, with d log p/dt = -div(flow drift) along the
// trajectory integrated from t_data to t_noise. Work in f64 for tolerances below 1e-5. Nothing is
// recorded.
Likelihood log_likelihood(const Network& network, Prediction prediction, const Schedule& schedule,
                          const Tensor& x /*[B, n]*/, double t_data, double t_noise,
                          const LikelihoodOptions& options = {});

// -log p / (n log 2).
inline double bits_per_dimension(double log_density, Index n) {
  return -log_density / (static_cast<double>(n) * std::numbers::ln2);
}

}  // namespace ito::diffusion
