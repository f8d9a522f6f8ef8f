#include "nn/film.h"

#include "autograd/ops/binary.h"
#include "autograd/ops/view.h"

namespace ito::nn {

FiLM::FiLM(Index condition, Index features, Generator& rng, DType dtype)
    : affine_(add("affine",
                  Linear(condition, 2 * features, rng, {.init = zero_init, .dtype = dtype}))) {}

Tensor FiLM::forward(const Tensor& x, const Tensor& c) const {
  const Index features = affine_.out_features() / 2;
  check(x.rank() >= 1 && x.shape().back() == features, "FiLM: needs x [..., ", features, "], got ",
        x.shape());
  const Tensor both = affine_.forward(c);
  return (1 + slice(both, -1, 0, features)) * x + slice(both, -1, features);
}

}  // namespace ito::nn
