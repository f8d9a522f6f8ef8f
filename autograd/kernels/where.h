// Choice between two arrays, element by element.
#pragma once

#include <cstdint>

#include "autograd/shape.h"

namespace ito::kernels {

// y[i] = c[i] != 0 ? a[i] : b[i] for i in [0, n); where a_scalar (b_scalar) is set, a (b) is one
// value used for every i. NaN in c counts as not zero. T is float, double or std::int64_t; y may
// equal any of the others, also a scalar one.
template <class T>
void where(const T* c, const T* a, bool a_scalar, const T* b, bool b_scalar, T* y, Index n);

}  // namespace ito::kernels
