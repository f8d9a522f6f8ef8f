// Losses over a whole path: E_t lambda(t) E|| score(x_t, t) + z/s(t) ||^2.
#pragma once

#include <vector>

#include "autograd/random.h"
#include "diffusion/losses/time_law.h"
#include "diffusion/prediction.h"
#include "diffusion/schedules/ddpm.h"

namespace ito::diffusion {

// lambda(t), for the score. Errors of other predictions are the same error in other units: with
// e the error of the score, that of the noise is -s e, that of x_0 is s^2 e/a, that of the velocity
// -s r e/a, so a weight may read more simply in those.
enum class Weighting {
  sigma_squared,  // s^2: the error of the noise, unweighted
  snr,            // a^2/s^2 times the error of x_0: sigma_squared by another name
  x0,             // s^4/a^2: the error of x_0, unweighted
  velocity,       // s^2 r^2/a^2: the error of v, unweighted; SNR + 1 times that of x_0
  g_squared,      // |g2|: with uniform time, 2/(high - low) times the path-KL
  min_snr,        // min(SNR, gamma) times the error of x_0 (Hang et al. 2023)
  edm,            // (sigma^2 + sigma_data^2)/(sigma sigma_data)^2 times that of x_0, sigma = s/a
  path_kl,        // |g2|/(2 density of t): the loss is the path-KL in nats over [low, high], up to
                  // a constant, whatever the law of t (Girsanov)
};
struct WeightingOptions {
  double gamma = 5;         // min_snr
  double sigma_data = 0.5;  // edm
};
// path_kl without the density.
double score_weight(Weighting weighting, const Schedule& schedule, double t,
                    const WeightingOptions& options = {});

struct PathLossOptions {
  Weighting weighting = Weighting::sigma_squared;
  WeightingOptions weights = {};
  // Divides by density(t) (high - low): the loss is then that of uniform time, and the law of t
  // changes its variance alone. Of no effect on path_kl.
  bool importance = false;
};

// For each row a time t of the law, z ~ N(0, I) and x_t; then the weighted squared error of the
// network's prediction. Summed over coordinates, averaged over rows (0-dim). The interval of the
// law must exclude times where s = 0: the target -z/s of the score diverges there.
Tensor path_loss(const Network& network, Prediction prediction, const Schedule& schedule,
                 const TimeLaw& law, const Tensor& x /*[B, n]*/, Generator& rng,
                 const PathLossOptions& options = {});

// || z - network(x_i, i) ||^2 with i uniform on 1, ..., N (Ho et al. 2020, L_simple); summed over
// coordinates, averaged over rows.
Tensor ddpm_noise_loss(const Network& noise, const Ddpm& chain, const Tensor& x /*[B, n]*/,
                       Generator& rng);

// Rows of a path: x_t, z and the target of a prediction, nothing recorded.
struct PathBatch {
  Tensor x_t;     // [B, n]
  Tensor t;       // [B]
  Tensor target;  // [B, n]
};
PathBatch draw_path(const Schedule& schedule, const std::vector<double>& times,
                    Prediction prediction, const Tensor& x /*[B, n]*/, Generator& rng);

}  // namespace ito::diffusion
