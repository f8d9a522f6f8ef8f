// Reductions and scans. Without axes: over all of them. With keep_dims, reduced axes stay with
// size 1. Axes may be negative and then count from the last.
#pragma once

#include "autograd/tensor.h"

namespace ito {

Tensor sum(const Tensor& x);
Tensor sum(const Tensor& x, const Axes& axes, bool keep_dims = false);
Tensor mean(const Tensor& x);
Tensor mean(const Tensor& x, const Axes& axes, bool keep_dims = false);

// The product; its derivatives are right also where factors are zero.
Tensor prod(const Tensor& x);
Tensor prod(const Tensor& x, const Axes& axes, bool keep_dims = false);

// The extremum; NaN if there is one, -inf (+inf) of nothing. Ties share the gradient evenly.
Tensor max(const Tensor& x);
Tensor max(const Tensor& x, const Axes& axes, bool keep_dims = false);
Tensor min(const Tensor& x);
Tensor min(const Tensor& x, const Axes& axes, bool keep_dims = false);

// Position of the extremum, i64: the first of equals, the first NaN before all. Without an axis:
// in the row-major order of all elements. Not differentiable.
Tensor argmax(const Tensor& x);
Tensor argmax(const Tensor& x, Index axis, bool keep_dims = false);
Tensor argmin(const Tensor& x);
Tensor argmin(const Tensor& x, Index axis, bool keep_dims = false);

// 1 where any (all) of the elements are not zero, else 0, in x's dtype. Not differentiable.
Tensor any(const Tensor& x);
Tensor any(const Tensor& x, const Axes& axes, bool keep_dims = false);
Tensor all(const Tensor& x);
Tensor all(const Tensor& x, const Axes& axes, bool keep_dims = false);

// The transpose of broadcasting: sums x down to `shape`, which must broadcast to x's.
Tensor sum_to(const Tensor& x, const Shape& shape);

// Running sums along an axis; with `reverse`, from its end.
Tensor cumsum(const Tensor& x, Index axis, bool reverse = false);

}  // namespace ito
