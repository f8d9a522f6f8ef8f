// Rearrangements: reversing, padding, diagonals and triangles. Axes may be negative.
#pragma once

#include "autograd/tensor.h"

namespace ito {

Tensor flip(const Tensor& x, const Axes& axes);  // a view, backwards along the axes

// `before` and `after` elements of `value` around x along an axis.
Tensor pad(const Tensor& x, Index axis, Index before, Index after, double value = 0);

// Elements (i, i + offset) of two axes, which disappear; their diagonal becomes the last axis. A
// view.
Tensor diagonal(const Tensor& x, Index offset = 0, Index axis_a = -2, Index axis_b = -1);
// [..., k] on the diagonal of a zero [..., n, n], n = k + |offset|.
Tensor diagonal_embed(const Tensor& x, Index offset = 0);
Tensor trace(const Tensor& x);  // [..., n, m] -> [...]: the sum of the main diagonal

// The last two axes with what lies above (below) diagonal `offset` set to zero.
Tensor tril(const Tensor& x, Index offset = 0);
Tensor triu(const Tensor& x, Index offset = 0);

}  // namespace ito
