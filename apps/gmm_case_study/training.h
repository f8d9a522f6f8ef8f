// Training one network the way a method says.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "apps/gmm_case_study/methods.h"
#include "apps/gmm_case_study/settings.h"
#include "nn/trainer.h"
#include "nn/two_layer_denoiser.h"

namespace ito::gmm {

// What is trained on which data and times.
struct TrainingTask {
  Method method;
  Config config;
  std::uint64_t seed = 0;
  std::string label;  // names the network, and so its random numbers
  Tensor data;        // [N, n]
  double alpha_min = 0, alpha_max = 0;
  std::filesystem::path checkpoint = {};  // see nn::TrainOptions
};

// The weight of a recipe's loss at an angle.
double loss_weight(const Recipe& recipe, double alpha);

Index training_steps(const Settings& settings, const Method& method, const Config& config,
                     Index rows);

// With its initial weights.
nn::TwoLayerDenoiser make_network(const Settings& settings, const TrainingTask& task);

nn::TrainResult train_network(const Settings& settings, const TrainingTask& task,
                              nn::TwoLayerDenoiser& network,
                              const std::function<void(const nn::TrainProgress&)>& on_progress);

}  // namespace ito::gmm
