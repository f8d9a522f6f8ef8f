// Matrix products on OpenBLAS.
#pragma once

#include "autograd/tensor.h"

namespace ito {

// [..., m, k] x [..., k, n] -> [..., m, n]; leading dimensions broadcast. A 1-dim operand is a row
// (left) or a column (right) and its dimension disappears from the result. Transposed views cost
// no copy.
Tensor matmul(const Tensor& a, const Tensor& b);

// x W' + b: [..., in] x [out, in] (+ [out]) -> [..., out]. An undefined bias is left out.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {});

}  // namespace ito
