// The arithmetic that every step ends with, in one pass.
#pragma once

#include "autograd/tensor.h"

namespace ito::diffusion {

// x_factor x + m_factor m, a new tensor of x's shape [B, n].
Tensor combine(double x_factor, const Tensor& x, double m_factor, const Tensor& m);

// z <- x_factor x + m_factor m + z_factor z, for z that nobody else has seen.
Tensor combine(double x_factor, const Tensor& x, double m_factor, const Tensor& m, double z_factor,
               Tensor z);

}  // namespace ito::diffusion
