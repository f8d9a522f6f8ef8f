#include "nn/linear.h"

#include <cmath>

#include "autograd/ops/matmul.h"

namespace ito::nn {

Linear::Linear(Index in, Index out, Generator& rng, const LinearOptions& options) {
  check(in > 0 && out > 0, "Linear: sizes must be positive, got in = ", in, ", out = ", out);
  const Init init = options.init ? options.init : Init(fan_in_uniform);
  weight_ = add("weight", init({out, in}, rng, options.dtype));
  if (!options.bias) return;
  const double bound = options.init ? 0 : 1 / std::sqrt(static_cast<double>(in));
  bias_ = add("bias", bound > 0 ? uniform({out}, -bound, bound, rng, options.dtype)
                                : zeros({out}, options.dtype));
}

Tensor Linear::forward(const Tensor& x) const {
  return linear(x, weight_, bias_);
}

}  // namespace ito::nn
