// Reductions along the middle dimension of contiguous [outer, len, inner] memory.
//
// The order of every summation depends on the sizes alone, never on the vector width: AVX2 and
// AVX-512 give the same bytes.
#pragma once

#include <cstdint>

#include "autograd/shape.h"

namespace ito::kernels {

enum class ReduceFn : std::uint8_t { sum, prod, max, min };
inline constexpr int kReduceFnCount = static_cast<int>(ReduceFn::min) + 1;

inline constexpr const char* kReduceFnNames[kReduceFnCount] = {"sum", "prod", "max", "min"};
constexpr const char* name(ReduceFn f) {
  return kReduceFnNames[static_cast<int>(f)];
}

// y [outer, inner] = f over len of x [outer, len, inner]; T is float or double, y must not overlap
// x. NaN propagates. With len = 0: sum 0, prod 1, max -inf, min +inf. Partial sums of short blocks
// are added up in compensated double arithmetic: the error, a few ULP of the sum of magnitudes,
// does not grow with len.
template <class T>
void reduce(ReduceFn f, const T* x, Index outer, Index len, Index inner, T* y);

// y [outer, inner] = position along len of the largest (smallest) element; the first one wins, and
// the first NaN wins over all, as in NumPy. len must not be 0.
template <class T>
void argmax(const T* x, Index outer, Index len, Index inner, std::int64_t* y);
template <class T>
void argmin(const T* x, Index outer, Index len, Index inner, std::int64_t* y);

// y [outer, len, inner]: running sums along len, from the end if `reverse`. x == y is allowed.
template <class T>
void cumsum(const T* x, Index outer, Index len, Index inner, T* y, bool reverse = false);

// Sum of x_i^2, accumulated in double: exact to 134 roundings, 1.5e-14 relative, whatever n, in
// practice to ~1e-16, and free of overflow for float.
template <class T>
double sum_squares(const T* x, Index n);

// The sum of (a_i - b_i)^2, with the bytes of reduce() over those squares.
template <class T>
T squared_distance(const T* a, const T* b, Index n);

}  // namespace ito::kernels
