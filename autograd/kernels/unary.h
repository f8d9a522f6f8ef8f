// Elementwise functions of one argument over contiguous memory.
#pragma once

#include <cstdint>

#include "autograd/shape.h"

namespace ito::kernels {

enum class UnaryFn : std::uint8_t {
  neg,
  abs,
  sign,  // -1, 0, 1; NaN stays NaN, zero keeps its sign
  floor,
  square,
  reciprocal,
  sqrt,
  rsqrt,  // 1 / sqrt(x), both roundings exact
  relu,   // max(x, 0); NaN stays NaN
  exp,
  expm1,
  log,
  log1p,
  sin,
  cos,
  tan,
  atan,
  sinh,
  cosh,
  tanh,
  sigmoid,      // 1 / (1 + e^-x)
  log_sigmoid,  // -log(1 + e^-x)
  softplus,     // log(1 + e^x)
  silu,         // x sigmoid(x)
  erf,
  gelu,       // x Phi(x), Phi the standard normal distribution function
  gelu_tanh,  // x sigmoid(sqrt(8 / pi) (x + 0.044715 x^3))
  mish,       // x tanh(log(1 + e^x))
};
inline constexpr int kUnaryFnCount = static_cast<int>(UnaryFn::mish) + 1;

inline constexpr const char* kUnaryFnNames[kUnaryFnCount] = {
    "neg",         "abs",      "sign", "floor", "square", "reciprocal", "sqrt",
    "rsqrt",       "relu",     "exp",  "expm1", "log",    "log1p",      "sin",
    "cos",         "tan",      "atan", "sinh",  "cosh",   "tanh",       "sigmoid",
    "log_sigmoid", "softplus", "silu", "erf",   "gelu",   "gelu_tanh",  "mish"};
constexpr const char* name(UnaryFn f) {
  return kUnaryFnNames[static_cast<int>(f)];
}

// y[i] = f(x[i]) for i in [0, n); T is float or double. x == y is allowed, partial overlap is not.
// An element's result does not depend on its position or on n, and AVX2 and AVX-512 agree bit for
// bit. Errors stay within 4 ULP, special values follow <cmath>.
template <class T>
void unary(UnaryFn f, const T* x, T* y, Index n);

// What the slope f'(x) follows from by a few multiplications: x, or y = f(x).
enum class SlopeFrom : std::uint8_t { neither, argument, value };
constexpr SlopeFrom slope_from(UnaryFn f) {
  switch (f) {
    case UnaryFn::square:
    case UnaryFn::relu:
      return SlopeFrom::argument;
    case UnaryFn::tanh:
    case UnaryFn::sigmoid:
      return SlopeFrom::value;
    default:
      return SlopeFrom::neither;
  }
}

// dx[i] = g[i] f'(x[i]) for such an f, given z = x or z = y as slope_from tells; where g_scalar is
// set, g is one value used for every i. Rounded like the rules of the op, step by step. dx may
// equal g (unless scalar) or z; partial overlap is not allowed.
template <class T>
void unary_backward(UnaryFn f, const T* g, bool g_scalar, const T* z, T* dx, Index n);

}  // namespace ito::kernels
