// FiLM: features scaled and shifted by a condition (Perez et al., 2018).
#pragma once

#include "autograd/random.h"
#include "nn/linear.h"
#include "nn/module.h"

namespace ito::nn {

// (1 + gamma(c)) x + beta(c), [gamma, beta] = Linear(condition, 2 features)(c), zero at first: the
// layer starts as the identity. Parameters: affine.*.
class FiLM : public Module {
 public:
  FiLM(Index condition, Index features, Generator& rng, DType dtype = DType::f32);

  Tensor forward(const Tensor& x /*[B, features]*/, const Tensor& c /*[B, condition]*/) const;

 private:
  Linear affine_;
};

}  // namespace ito::nn
