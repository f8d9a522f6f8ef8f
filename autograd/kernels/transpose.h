// Transposed copies of matrices far larger than the caches.
#pragma once

#include "autograd/shape.h"

namespace ito::kernels {

// Matrices of at least this many bytes gain from transpose_large; smaller ones are better left in
// the caches, which it passes by.
inline constexpr Index kLargeTranspose = Index{4} << 20;

// y[j * ldy + i] = x[i * ldx + j] for i < rows and j < columns. T is float, double or int64_t.
template <class T>
void transpose_large(const T* x, Index ldx, Index rows, Index columns, T* y, Index ldy);

}  // namespace ito::kernels
