// Elementwise operations of two tensors. Shapes broadcast as in NumPy; dtypes must agree. A double
// stands for a 0-dim constant of the other operand's dtype.
#pragma once

#include "autograd/tensor.h"

namespace ito {

Tensor operator+(const Tensor& a, const Tensor& b);
Tensor operator-(const Tensor& a, const Tensor& b);
Tensor operator*(const Tensor& a, const Tensor& b);
Tensor operator/(const Tensor& a, const Tensor& b);

Tensor pow(const Tensor& base, const Tensor& exponent);
Tensor atan2(const Tensor& y, const Tensor& x);
// sqrt(a^2 + b^2) without overflow. Its gradient at (0, 0) is taken as 0.
Tensor hypot(const Tensor& a, const Tensor& b);

// Ties split the gradient in halves, so that the rule is symmetric.
Tensor maximum(const Tensor& a, const Tensor& b);
Tensor minimum(const Tensor& a, const Tensor& b);

// 0 or 1 in the operands' dtype; not differentiable (they record nothing).
Tensor equal(const Tensor& a, const Tensor& b);
Tensor not_equal(const Tensor& a, const Tensor& b);
Tensor less(const Tensor& a, const Tensor& b);
Tensor less_equal(const Tensor& a, const Tensor& b);
Tensor greater(const Tensor& a, const Tensor& b);
Tensor greater_equal(const Tensor& a, const Tensor& b);

// a where the condition (any dtype) is not zero, b elsewhere. A value that is not chosen gets the
// gradient 0, whatever it is; the rule of the op behind may make a NaN of that (0 times an infinite
// slope), unless its argument is chosen too: where(c, log(where(c, x, 1)), 0).
Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b);

Tensor operator+(const Tensor& a, double b);
Tensor operator-(const Tensor& a, double b);
Tensor operator-(double a, const Tensor& b);
Tensor operator*(const Tensor& a, double b);
Tensor operator/(const Tensor& a, double b);
inline Tensor operator+(double a, const Tensor& b) {
  return b + a;
}
inline Tensor operator*(double a, const Tensor& b) {
  return b * a;
}
Tensor operator/(double a, const Tensor& b);
Tensor maximum(const Tensor& a, double b);
Tensor minimum(const Tensor& a, double b);
Tensor less(const Tensor& a, double b);
Tensor less_equal(const Tensor& a, double b);
Tensor greater(const Tensor& a, double b);
Tensor greater_equal(const Tensor& a, double b);

}  // namespace ito
