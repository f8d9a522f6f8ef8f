#include "apps/sampler_gallery/network.h"

#include <cmath>
#include <utility>
#include <vector>

#include "autograd/ops.h"
#include "diffusion/preconditioning.h"

namespace ito::gallery {
namespace {

using diffusion::Prediction;

Tensor angles(const diffusion::Schedule& schedule, const Tensor& t) {
  std::vector<double> out = t.to_vector<double>();
  for (double& time : out) time = std::atan2(schedule.s(time), schedule.a(time));
  return from(out, t.shape(), DType::f32);
}

}  // namespace

ScoreNetwork::ScoreNetwork(Index n, Index hidden, Generator& rng)
    : embedding_(8),
      waves_(n <= kFewDimensions ? kWaves : 0),
      mlp_(add("mlp",
               nn::Mlp({n * (1 + 2 * waves_) + embedding_.features(), hidden, hidden, hidden, n},
                       rng))) {}

Tensor ScoreNetwork::forward(const Tensor& x, const Tensor& angle) const {
  std::vector<Tensor> features = {x, embedding_.forward(angle)};
  for (Index k = 1; k <= waves_; ++k) {
    const Tensor phase = x * (1.5 * static_cast<double>(k));
    features.push_back(sin(phase));
    features.push_back(cos(phase));
  }
  return mlp_.forward(concatenate(features, 1));
}

diffusion::Network with_skip(ScoreNetworkPtr f, Prediction prediction,
                             diffusion::SchedulePtr schedule) {
  check(prediction == Prediction::noise || prediction == Prediction::velocity,
        "with_skip: the noise or the velocity");
  return [f = std::move(f), prediction, schedule = std::move(schedule)](const Tensor& x,
                                                                        const Tensor& t) {
    const Tensor angle = angles(*schedule, t);
    const Tensor value = f->forward(x, angle);
    return prediction == Prediction::noise ? value + x * unsqueeze(sin(angle), 1) : value;
  };
}

diffusion::Network preconditioned(ScoreNetworkPtr f, diffusion::SchedulePtr schedule,
                                  double sigma_data) {
  const diffusion::Network inner = [f = std::move(f)](const Tensor& x, const Tensor& c_noise) {
    return f->forward(x, atan(exp(4 * c_noise)));  // c_noise = log(s/a)/4
  };
  return diffusion::precondition(inner, std::move(schedule), sigma_data);
}

}  // namespace ito::gallery
