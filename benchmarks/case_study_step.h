// One training step of the case study's denoiser with the settings of nn::train: noise, forward,
// backward, clip, AdamW.
#pragma once

#include <cstdint>
#include <vector>

#include "diffusion/distributions/two_modes.h"
#include "diffusion/losses/localization.h"
#include "nn/optim/adam.h"
#include "nn/optim/clip.h"
#include "nn/sharding.h"
#include "nn/two_layer_denoiser.h"

namespace ito::bench {

class CaseStudyStep {
 public:
  struct Sizes {
    Index batch = 50;
    Index n = 128;
    Index hidden = 256;
    Index time_features = 3;
    Index shard = 0;       // rows of a shard; 0: the batch in one piece
    Index accumulate = 1;  // shards to a sum
  };

  explicit CaseStudyStep(const Sizes& sizes)
      : shard_(sizes.shard),
        accumulate_(sizes.accumulate),
        rng_(1),
        network_({.n = sizes.n, .hidden = sizes.hidden, .time_features = sizes.time_features},
                 rng_),
        parameters_(network_.parameters()),
        optimizer_(parameters_, {.lr = 1e-3, .weight_decay = 1e-4}),
        data_(diffusion::TwoModes::ones(sizes.n, 0.7).mixture().sample(sizes.batch, rng_)) {}
  CaseStudyStep(const CaseStudyStep&) = delete;

  const nn::TwoLayerDenoiser& network() const { return network_; }
  const Tensor& data() const { return data_; }  // [batch, n]
  Generator& rng() { return rng_; }

  void run() {
    optimizer_.zero_grad();
    if (shard_ > 0) {
      nn::sharded_backward(loss_, {data_, shard_, rng_.split(steps_++), accumulate_}, parameters_);
    } else {
      loss_(data_, rng_).backward();
    }
    optimizer_.step(nn::clip_factor(nn::grad_norm(parameters_), 1));
  }

 private:
  Index shard_, accumulate_;
  std::uint64_t steps_ = 0;
  Generator rng_;
  nn::TwoLayerDenoiser network_;
  std::vector<Tensor> parameters_;
  nn::AdamW optimizer_;
  Tensor data_;
  diffusion::LocalizationNetwork forward_ = [this](const Tensor& y, const Tensor& alpha) {
    return network_.forward(y, alpha);
  };
  nn::Loss loss_ = [this](const Tensor& x, Generator& rng) {
    return diffusion::localization_loss(forward_, x, rng);
  };
};

}  // namespace ito::bench
