// Elementwise functions of two arguments over contiguous memory.
#pragma once

#include <cstdint>
#include <span>

#include "autograd/shape.h"

namespace ito::kernels {

enum class BinaryFn : std::uint8_t {
  add,
  sub,
  mul,
  div,
  maximum,  // NaN if either is, as in NumPy
  minimum,
  eq,  // comparisons give 0 or 1 in T
  ne,
  lt,
  le,
  gt,
  ge,
  pow,
  atan2,
  hypot,
};
inline constexpr int kBinaryFnCount = static_cast<int>(BinaryFn::hypot) + 1;

inline constexpr const char* kBinaryFnNames[kBinaryFnCount] = {
    "add", "sub", "mul", "div", "maximum", "minimum", "eq",   "ne",
    "lt",  "le",  "gt",  "ge",  "pow",     "atan2",   "hypot"};
constexpr const char* name(BinaryFn f) {
  return kBinaryFnNames[static_cast<int>(f)];
}

// y[i] = f(a[i], b[i]) for i in [0, n); where a_scalar (b_scalar) is set, a (b) is one value used
// for every i. T is float, double, or std::int64_t for add to ge without div (others throw).
// y may equal a or b, also a scalar one; partial overlap is not allowed.
template <class T>
void binary(BinaryFn f, const T* a, bool a_scalar, const T* b, bool b_scalar, T* y, Index n);

// y[i] = x_0[i] + x_1[i] + ..., from left to right, of at least one array; T is float or double. y
// may equal one of them; partial overlap is not allowed.
template <class T>
void add_arrays(std::span<const T* const> x, T* y, Index n);

}  // namespace ito::kernels
