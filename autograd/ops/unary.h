// Elementwise operations of one tensor, f32 or f64.
#pragma once

#include "autograd/tensor.h"

namespace ito {

Tensor operator-(const Tensor& x);
Tensor abs(const Tensor& x);   // derivative sign(x), 0 at 0
Tensor sign(const Tensor& x);  // derivative 0
Tensor square(const Tensor& x);
Tensor reciprocal(const Tensor& x);
Tensor sqrt(const Tensor& x);
Tensor rsqrt(const Tensor& x);
Tensor exp(const Tensor& x);
Tensor expm1(const Tensor& x);
Tensor log(const Tensor& x);
Tensor log1p(const Tensor& x);
Tensor sin(const Tensor& x);
Tensor cos(const Tensor& x);
Tensor tan(const Tensor& x);
Tensor atan(const Tensor& x);
Tensor sinh(const Tensor& x);
Tensor cosh(const Tensor& x);
Tensor tanh(const Tensor& x);
Tensor sigmoid(const Tensor& x);      // 1 / (1 + e^-x)
Tensor log_sigmoid(const Tensor& x);  // -log(1 + e^-x)
Tensor softplus(const Tensor& x);     // log(1 + e^x)
Tensor relu(const Tensor& x);         // derivative 0 at 0
Tensor silu(const Tensor& x);         // x sigmoid(x)
Tensor erf(const Tensor& x);
Tensor gelu(const Tensor& x);       // x Phi(x)
Tensor gelu_tanh(const Tensor& x);  // gelu by tanh, within 5e-4 (Hendrycks and Gimpel 2016)
Tensor mish(const Tensor& x);       // x tanh(log(1 + e^x)), Misra 2019
Tensor pow(const Tensor& x, double exponent);

}  // namespace ito
