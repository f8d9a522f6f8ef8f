#include "nn/norm.h"

#include "autograd/ops/binary.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/unary.h"

namespace ito::nn {
namespace {

void check_features(const Tensor& x, Index features, const char* layer) {
  check(x.rank() >= 1 && x.shape().back() == features, layer, ": needs [..., ", features, "], got ",
        x.shape());
}

}  // namespace

LayerNorm::LayerNorm(Index features, const NormOptions& options)
    : features_(features), eps_(options.eps) {
  check(features > 0, "LayerNorm: features must be positive, got ", features);
  if (!options.affine) return;
  weight_ = add("weight", ones({features}, options.dtype));
  bias_ = add("bias", zeros({features}, options.dtype));
}

Tensor LayerNorm::forward(const Tensor& x) const {
  check_features(x, features_, "LayerNorm");
  const Tensor centred = x - mean(x, {-1}, true);
  const Tensor y = centred * rsqrt(mean(square(centred), {-1}, true) + eps_);
  return weight_.defined() ? y * weight_ + bias_ : y;
}

RMSNorm::RMSNorm(Index features, const NormOptions& options)
    : features_(features), eps_(options.eps) {
  check(features > 0, "RMSNorm: features must be positive, got ", features);
  if (options.affine) weight_ = add("weight", ones({features}, options.dtype));
}

Tensor RMSNorm::forward(const Tensor& x) const {
  check_features(x, features_, "RMSNorm");
  const Tensor y = x * rsqrt(mean(square(x), {-1}, true) + eps_);
  return weight_.defined() ? y * weight_ : y;
}

}  // namespace ito::nn
