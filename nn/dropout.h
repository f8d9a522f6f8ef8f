// Dropout (Srivastava et al., 2014).
#pragma once

#include "autograd/random.h"
#include "autograd/tensor.h"

namespace ito::nn {

// Without a training mode: whoever trains hands in a generator, whoever evaluates does not.
class Dropout {
 public:
  explicit Dropout(double probability);

  // Each element zero with the given probability, else divided by one minus it.
  Tensor forward(const Tensor& x, Generator& rng) const;
  Tensor forward(const Tensor& x) const { return x; }

 private:
  double probability_;  // in [0, 1)
};

}  // namespace ito::nn
