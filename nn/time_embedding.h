// Embeddings of a time or an angle: [B] -> [B, features].
#pragma once

#include "autograd/random.h"
#include "nn/module.h"

namespace ito::nn {

// phi(alpha) = [cos(i alpha), sin(i alpha)], i = 0, ..., count - 1, cosines first; no parameters:
// the time embedding of the paper's Algorithm 1.
class FourierTimeEmbedding {
 public:
  explicit FourierTimeEmbedding(Index count, DType dtype = DType::f32);

  Tensor forward(const Tensor& alpha /*[B]*/) const;  // [B, 2 count]
  Index features() const { return 2 * frequencies_.numel(); }

 private:
  Tensor frequencies_;  // [count]: 0, 1, ..., count - 1
};

// [cos(w_i t), sin(w_i t)] with w_i = max_period^(-i/half), i = 0, ..., half - 1, half =
// features/2: the position code of transformers (Vaswani et al., 2017) in the order of DDPM.
class SinusoidalEmbedding {
 public:
  explicit SinusoidalEmbedding(Index features, double max_period = 10000, DType dtype = DType::f32);

  Tensor forward(const Tensor& t /*[B]*/) const;  // [B, features]
  Index features() const { return 2 * frequencies_.numel(); }

 private:
  Tensor frequencies_;
};

// [cos(2 pi w_i t), sin(2 pi w_i t)], w_i ~ N(0, scale^2), drawn once and not trained (Tancik et
// al., 2020). Buffer "frequencies" [features/2].
class RandomFourierEmbedding : public Module {
 public:
  RandomFourierEmbedding(Index features, double scale, Generator& rng, DType dtype = DType::f32);

  Tensor forward(const Tensor& t /*[B]*/) const;  // [B, features]
  Index features() const { return 2 * frequencies_.numel(); }

 private:
  Tensor frequencies_;
};

}  // namespace ito::nn
