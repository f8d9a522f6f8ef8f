// Spread and length. Without axes: over all of them.
#pragma once

#include "autograd/tensor.h"

namespace ito {

struct VarianceOptions {
  bool keep_dims = false;
  Index correction = 0;  // divides by n - correction; 1 is the unbiased estimate
};

Tensor var(const Tensor& x);
Tensor var(const Tensor& x, const Axes& axes, VarianceOptions options = {});
// sqrt(var). Its gradient where all values are equal is taken as 0.
Tensor stddev(const Tensor& x);
Tensor stddev(const Tensor& x, const Axes& axes, VarianceOptions options = {});

// Euclidean length, sqrt(sum x^2). Its gradient at 0 is taken as 0.
Tensor norm(const Tensor& x);
Tensor norm(const Tensor& x, const Axes& axes, bool keep_dims = false);

}  // namespace ito
