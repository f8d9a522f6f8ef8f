#include "nn/dropout.h"

#include "autograd/ops/binary.h"
#include "autograd/ops/random.h"

namespace ito::nn {

Dropout::Dropout(double probability) : probability_(probability) {
  check(probability >= 0 && probability < 1, "Dropout: the probability must lie in [0, 1), got ",
        probability);
}

Tensor Dropout::forward(const Tensor& x, Generator& rng) const {
  if (probability_ == 0) return x;
  const Tensor kept = greater_equal(rand(x.shape(), rng, x.dtype()), probability_);
  return x * (kept / (1 - probability_));
}

}  // namespace ito::nn
