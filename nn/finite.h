// Where a NaN or an infinity came from.
#pragma once

#include <string>

#include "autograd/tensor.h"
#include "nn/module.h"

namespace ito::nn {

bool all_finite(const Tensor& x);

// Names the first tensor with a non-finite value behind `loss`, which must not have been
// differentiated yet: "parameter input.weight [256, 128]", "the batch [50, 128]" or, when these are
// finite, the first op in the order of computation, "output of log [50]".
std::string describe_non_finite(const Module& model, const Tensor& loss, const Tensor& batch);

// The same among the gradients of the parameters: "gradient of input.weight [256, 128]".
std::string describe_non_finite_gradient(const Module& model);

}  // namespace ito::nn
