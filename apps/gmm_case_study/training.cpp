#include "apps/gmm_case_study/training.h"

#include <algorithm>
#include <cmath>

#include "apps/gmm_case_study/seeds.h"
#include "apps/report/study.h"
#include "diffusion/losses/localization.h"

namespace ito::gmm {

double loss_weight(const Recipe& recipe, double alpha) {
  return recipe.unit_scale_loss ? 1 / std::pow(std::cos(alpha), 2) : 1;
}

Index training_steps(const Settings& s, const Method& method, const Config& config, Index rows) {
  const auto training = std::max<Index>(
      1, static_cast<Index>(std::llround(train_fraction(s, method) * static_cast<double>(rows))));
  return epochs(config, method) * ((training + s.batch - 1) / s.batch);
}

nn::TwoLayerDenoiser make_network(const Settings& s, const TrainingTask& task) {
  // Seeds belong to a network, whatever else runs, so that a method's result does not depend on
  // which others were asked for.
  Generator rng(derived_seed(task.seed, Use::weights, report::label_number(task.label)));
  return nn::TwoLayerDenoiser({.n = s.n,
                               .hidden = task.config.hidden,
                               .time_features = task.config.time_features,
                               .frequencies = s.frequencies,
                               .activation = task.method.activation,
                               .parametrisation = task.method.parametrisation},
                              rng);
}

nn::TrainResult train_network(const Settings& s, const TrainingTask& task,
                              nn::TwoLayerDenoiser& network,
                              const std::function<void(const nn::TrainProgress&)>& on_progress) {
  const Recipe& recipe = task.method.recipe;
  const Index epoch_count = epochs(task.config, task.method);
  const diffusion::LocalizationNetwork forward = [&network](const Tensor& y, const Tensor& alpha) {
    return network.forward(y, alpha);
  };
  diffusion::LocalizationLossOptions times{.alpha_min = task.alpha_min,
                                           .alpha_max = task.alpha_max,
                                           .law = recipe.law,
                                           .stratified = recipe.stratified};
  if (recipe.unit_scale_loss) {
    times.weight = [&](double alpha) { return loss_weight(recipe, alpha); };
  }
  const nn::Loss loss = [&](const Tensor& batch, Generator& noise) {
    return diffusion::localization_loss(forward, batch, noise, times);
  };
  // The author's program validates but keeps the last weights; so do we, for every method alike.
  return nn::train(
      network, task.data, loss,
      {.epochs = epoch_count,
       .batch = s.batch,
       .lr = s.lr,
       .weight_decay = s.weight_decay,
       .clip_norm = s.clip_norm,
       .train_fraction = train_fraction(s, task.method),
       .seed = derived_seed(task.seed, Use::training, report::label_number(task.label)),
       .schedule =
           [&](Index steps) { return recipe.cosine_decay ? nn::cosine(steps) : nn::constant(); },
       .ema_decay = recipe.ema_decay,
       .validate_every = std::max<Index>(1, epoch_count / 20),
       .keep = nn::Keep::last,
       .on_progress =
           [&](const nn::TrainProgress& p) {
             on_progress(p);
             return true;
           },
       .checkpoint = task.checkpoint,
       .checkpoint_seconds = s.checkpoint_seconds});
}

}  // namespace ito::gmm
