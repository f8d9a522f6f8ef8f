// Activation functions with parameters; those without are in ops/unary.h.
#pragma once

#include "autograd/tensor.h"

namespace ito {

Tensor leaky_relu(const Tensor& x, double slope = 0.01);  // x above 0, slope x below
Tensor elu(const Tensor& x, double alpha = 1);            // x above 0, alpha (e^x - 1) below
Tensor selu(const Tensor& x);  // Klambauer et al. 2017: a scaled elu that keeps unit variance

// x limited to [low, high]; derivative 1 inside and on the bounds, else 0. NaN stays.
Tensor clamp(const Tensor& x, double low, double high);

}  // namespace ito
