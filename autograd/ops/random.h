// Random tensors. The generator is an argument and advances by what is drawn.
#pragma once

#include "autograd/random.h"
#include "autograd/tensor.h"

namespace ito {

Tensor randn(const Shape& shape, Generator& rng, DType dtype = DType::f32);  // N(0, 1)
Tensor rand(const Shape& shape, Generator& rng, DType dtype = DType::f32);   // U[0, 1)

}  // namespace ito
