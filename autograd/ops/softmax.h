// Normalised exponentials over any axes, shifted by the maximum so that nothing overflows.
#pragma once

#include "autograd/tensor.h"

namespace ito {

Tensor logsumexp(const Tensor& x, const Axes& axes, bool keep_dims = false);  // log sum e^x
Tensor softmax(const Tensor& x, const Axes& axes = {-1});                     // e^x / sum e^x
Tensor log_softmax(const Tensor& x, const Axes& axes = {-1});                 // x - logsumexp x

}  // namespace ito
