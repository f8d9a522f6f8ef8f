// Linear: x W' + b.
#pragma once

#include "autograd/random.h"
#include "nn/init.h"
#include "nn/module.h"

namespace ito::nn {

struct LinearOptions {
  bool bias = true;
  // Initial weight. By default weight and bias are U(-1/sqrt(in), 1/sqrt(in)); with an
  // initialiser of one's own the bias starts at zero.
  Init init = {};
  DType dtype = DType::f32;
};

// Parameters "weight" [out, in] and, unless left out, "bias" [out].
class Linear : public Module {
 public:
  Linear(Index in, Index out, Generator& rng, const LinearOptions& options = {});

  Tensor forward(const Tensor& x /*[..., in]*/) const;  // [..., out]

  Index in_features() const { return weight_.size(1); }
  Index out_features() const { return weight_.size(0); }
  const Tensor& weight() const { return weight_; }
  const Tensor& bias() const { return bias_; }  // undefined without one

 private:
  Tensor weight_;
  Tensor bias_;
};

}  // namespace ito::nn
