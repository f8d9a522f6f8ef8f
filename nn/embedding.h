// Embedding: a learnt vector for every index.
#pragma once

#include "autograd/random.h"
#include "nn/init.h"
#include "nn/module.h"

namespace ito::nn {

struct EmbeddingOptions {
  double std = 1;  // of the initial values, normal
  DType dtype = DType::f32;
};

// Parameter "weight" [count, features].
class Embedding : public Module {
 public:
  Embedding(Index count, Index features, Generator& rng, const EmbeddingOptions& options = {});

  // Indices are i64 in [0, count).
  Tensor forward(const Tensor& index /*[...]*/) const;  // [..., features]

  const Tensor& weight() const { return weight_; }

 private:
  Tensor weight_;
};

}  // namespace ito::nn
