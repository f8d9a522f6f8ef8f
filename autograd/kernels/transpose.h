// Transposed copies of matrices far larger than the caches, and sums and products of small matrices
// with the transpose of another.
#pragma once

#include "autograd/shape.h"

namespace ito::kernels {

// Matrices of at least this many bytes gain from transpose_large; smaller ones are better left in
// the caches, which it passes by.
inline constexpr Index kLargeTranspose = Index{4} << 20;

// y[j * ldy + i] = x[i * ldx + j] for i < rows and j < columns. T is float, double or int64_t.
template <class T>
void transpose_large(const T* x, Index ldx, Index rows, Index columns, T* y, Index ldy);

// d[i] = sum_j a[i, j] b[j, i] for a [n, k] and b [k, n], in the order of j. T is float or double.
template <class T>
void diagonal_of_product(const T* a, const T* b, Index n, Index k, T* d);

// y[j, i] = x[i, j] scale[i], or scale[j], for x [rows, columns]. T is float or double.
enum class ScaleBy : bool { row_of_x, column_of_x };
template <class T>
void scaled_transpose(const T* x, Index rows, Index columns, ScaleBy by, const T* scale, T* y);

}  // namespace ito::kernels
