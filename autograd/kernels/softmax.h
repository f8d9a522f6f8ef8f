// Normalised exponentials along the middle dimension of contiguous [outer, len, inner] memory.
#pragma once

#include "autograd/shape.h"

namespace ito::kernels {

// y [outer, inner] = log sum_len exp(x), shifted by the maximum so that nothing overflows. Rows of
// -inf (and len = 0) give -inf, a +inf gives +inf, NaN propagates. T is float or double.
template <class T>
void logsumexp(const T* x, Index outer, Index len, Index inner, T* y);

// y [outer, len, inner] = exp(x - max) / sum_len exp(x - max). x == y is allowed.
template <class T>
void softmax(const T* x, Index outer, Index len, Index inner, T* y);

}  // namespace ito::kernels
