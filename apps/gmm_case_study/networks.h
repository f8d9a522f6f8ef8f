// The networks that the methods need: which data and times each is trained on, and how they make a
// denoiser.
#pragma once

#include <ostream>
#include <vector>

#include "apps/gmm_case_study/identity.h"
#include "apps/gmm_case_study/results.h"
#include "apps/gmm_case_study/store.h"
#include "diffusion/denoiser.h"

namespace ito::gmm {

// A run ready to sample.
struct TrainedRun {
  RunKey key;
  std::vector<TrainedNetwork> networks = {};
  diffusion::DenoiserPtr denoiser = {};
  // mixture only: the parts by label of MixtureRouting, and the share of label 0.
  std::vector<diffusion::DenoiserPtr> parts = {};
  double share = 1;
  bool first_is_right = true;  // label 0 is the right mode of the law
};

// The training data of a seed [N, n].
Tensor training_data(const diffusion::TwoModes& law, Index count, std::uint64_t seed);

// Trains all networks of all runs side by side on the thread pool, the longest first. Those in the
// store are loaded, and an interrupted one goes on from its checkpoint.
std::vector<TrainedRun> train_runs(const Settings& settings, const std::vector<RunKey>& runs,
                                   const diffusion::TwoModes& law, const RunStore& store,
                                   std::ostream& log);

}  // namespace ito::gmm
