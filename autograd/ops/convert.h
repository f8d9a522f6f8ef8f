// Changes of representation.
#pragma once

#include "autograd/tensor.h"

namespace ito {

// The same values in another dtype; x itself if it already has it. Differentiable between the
// floating dtypes.
Tensor convert(const Tensor& x, DType dtype);

// x itself if row-major without gaps, else a copy that is. The identity to derivatives.
Tensor contiguous(const Tensor& x);

}  // namespace ito
