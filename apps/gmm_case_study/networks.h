// The networks that the methods need: which data and times each is trained on, and how they make a
// denoiser.
#pragma once

#include <ostream>
#include <vector>

#include "apps/gmm_case_study/results.h"
#include "diffusion/denoiser.h"

namespace ito::gmm {

// A method ready to sample.
struct TrainedMethod {
  Method method;
  std::vector<TrainedNetwork> networks = {};
  diffusion::DenoiserPtr denoiser = {};
  // mixture only: the parts by label of MixtureRouting, and the share of label 0.
  std::vector<diffusion::DenoiserPtr> parts = {};
  double share = 1;
  bool first_is_right = true;  // label 0 is the right mode of the law
};

// Trains all networks of all methods on `data` [N, n], side by side on the thread pool.
std::vector<TrainedMethod> train_methods(const Settings& settings,
                                         const std::vector<Method>& methods,
                                         const diffusion::TwoModes& law, const Tensor& data,
                                         std::ostream& log);

}  // namespace ito::gmm
