#include "autograd/kernels/unary.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "autograd/kernels/simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autograd/kernels/unary.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "autograd/kernels/erf-inl.h"
#include "autograd/kernels/lanes-inl.h"
#include "autograd/kernels/trig-inl.h"
#include "autograd/kernels/vecmath-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ito::kernels::HWY_NAMESPACE {

template <UnaryFn F, class D, class V = hn::Vec<D>>
HWY_INLINE V apply(D d, V x) {
  using enum UnaryFn;
  // clang-format off
  if constexpr (F == neg) return hn::Neg(x);
  else if constexpr (F == abs) return hn::Abs(x);
  else if constexpr (F == sign)
    return hn::IfThenElse(hn::Gt(hn::Abs(x), hn::Zero(d)), hn::CopySign(hn::Set(d, 1), x), x);
  else if constexpr (F == floor) return hn::CopySign(hn::Floor(x), x);  // floor(-0) is -0
  else if constexpr (F == square) return hn::Mul(x, x);
  else if constexpr (F == reciprocal) return hn::Div(hn::Set(d, 1), x);
  else if constexpr (F == sqrt) return hn::Sqrt(x);
  else if constexpr (F == rsqrt) return hn::Div(hn::Set(d, 1), hn::Sqrt(x));
  else if constexpr (F == relu) return hn::IfThenZeroElse(hn::Lt(x, hn::Zero(d)), x);
  else if constexpr (F == exp) return HWY_NAMESPACE::exp(d, x);
  else if constexpr (F == expm1) return HWY_NAMESPACE::expm1(d, x);
  else if constexpr (F == log) return HWY_NAMESPACE::log(d, x);
  else if constexpr (F == log1p) return HWY_NAMESPACE::log1p(d, x);
  else if constexpr (F == sin) return HWY_NAMESPACE::sin(d, x);
  else if constexpr (F == cos) return HWY_NAMESPACE::cos(d, x);
  else if constexpr (F == tan) return HWY_NAMESPACE::tan(d, x);
  else if constexpr (F == atan) return HWY_NAMESPACE::atan(d, x);
  else if constexpr (F == sinh) return HWY_NAMESPACE::sinh(d, x);
  else if constexpr (F == cosh) return HWY_NAMESPACE::cosh(d, x);
  else if constexpr (F == tanh) return HWY_NAMESPACE::tanh(d, x);
  else if constexpr (F == sigmoid) return HWY_NAMESPACE::sigmoid(d, x);
  else if constexpr (F == log_sigmoid) return hn::Neg(HWY_NAMESPACE::softplus(d, hn::Neg(x)));
  else if constexpr (F == softplus) return HWY_NAMESPACE::softplus(d, x);
  else if constexpr (F == silu) return HWY_NAMESPACE::silu(d, x);
  else if constexpr (F == erf) return HWY_NAMESPACE::erf(d, x);
  else if constexpr (F == gelu) return HWY_NAMESPACE::gelu(d, x);
  else if constexpr (F == gelu_tanh) return HWY_NAMESPACE::gelu_tanh(d, x);
  else return HWY_NAMESPACE::mish(d, x);
  // clang-format on
}

// The last, partial vector takes the same path, so that an element's bits do not depend on n.
template <UnaryFn F, class T>
void map(const T* x, T* y, std::size_t n) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(apply<F>(d, hn::LoadU(d, x + i)), d, y + i);
  if (i < n) store_first(d, apply<F>(d, load_first(d, x + i, n - i)), y + i, n - i);
}

template <class T, int... F>
void map_any(UnaryFn f, const T* x, T* y, std::size_t n, std::integer_sequence<int, F...>) {
  using Map = void (*)(const T*, T*, std::size_t);
  static constexpr Map kMaps[] = {map<static_cast<UnaryFn>(F), T>...};
  kMaps[static_cast<int>(f)](x, y, n);
}

void unary_f32(UnaryFn f, const float* x, float* y, std::size_t n) {
  map_any(f, x, y, n, std::make_integer_sequence<int, kUnaryFnCount>{});
}

void unary_f64(UnaryFn f, const double* x, double* y, std::size_t n) {
  map_any(f, x, y, n, std::make_integer_sequence<int, kUnaryFnCount>{});
}

// f'(x) from z, which slope_from names.
template <UnaryFn F, class D, class V = hn::Vec<D>>
HWY_INLINE V slope(D d, V z) {
  using enum UnaryFn;
  const V one = hn::Set(d, 1);
  // clang-format off
  if constexpr (F == square) return hn::Mul(hn::Set(d, 2), z);
  else if constexpr (F == relu) return hn::IfThenElseZero(hn::Gt(z, hn::Zero(d)), one);
  else if constexpr (F == tanh) return hn::Sub(one, hn::Mul(z, z));
  else return hn::Mul(z, hn::Sub(one, z));
  // clang-format on
}

template <UnaryFn F, class T>
void map_backward(const T* g, bool g_scalar, const T* z, T* dx, std::size_t n) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  if (n == 0) return;
  const auto first = hn::Set(d, g[0]);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto gi = g_scalar ? first : hn::LoadU(d, g + i);
    hn::StoreU(hn::Mul(gi, slope<F>(d, hn::LoadU(d, z + i))), d, dx + i);
  }
  if (i == n) return;
  const auto gi = g_scalar ? first : load_first(d, g + i, n - i);
  store_first(d, hn::Mul(gi, slope<F>(d, load_first(d, z + i, n - i))), dx + i, n - i);
}

template <class T>
void map_any_backward(UnaryFn f, const T* g, bool g_scalar, const T* z, T* dx, std::size_t n) {
  switch (f) {
    case UnaryFn::square:
      return map_backward<UnaryFn::square>(g, g_scalar, z, dx, n);
    case UnaryFn::relu:
      return map_backward<UnaryFn::relu>(g, g_scalar, z, dx, n);
    case UnaryFn::tanh:
      return map_backward<UnaryFn::tanh>(g, g_scalar, z, dx, n);
    default:
      return map_backward<UnaryFn::sigmoid>(g, g_scalar, z, dx, n);
  }
}

void unary_backward_f32(UnaryFn f, const float* g, bool g_scalar, const float* z, float* dx,
                        std::size_t n) {
  map_any_backward(f, g, g_scalar, z, dx, n);
}

void unary_backward_f64(UnaryFn f, const double* g, bool g_scalar, const double* z, double* dx,
                        std::size_t n) {
  map_any_backward(f, g, g_scalar, z, dx, n);
}

}  // namespace ito::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ito::kernels {
HWY_EXPORT(unary_f32);
HWY_EXPORT(unary_f64);
HWY_EXPORT(unary_backward_f32);
HWY_EXPORT(unary_backward_f64);

template <>
void unary<float>(UnaryFn f, const float* x, float* y, Index n) {
  HWY_DYNAMIC_DISPATCH(unary_f32)(f, x, y, static_cast<std::size_t>(n));
}

template <>
void unary<double>(UnaryFn f, const double* x, double* y, Index n) {
  HWY_DYNAMIC_DISPATCH(unary_f64)(f, x, y, static_cast<std::size_t>(n));
}

template <>
void unary_backward<float>(UnaryFn f, const float* g, bool g_scalar, const float* z, float* dx,
                           Index n) {
  HWY_DYNAMIC_DISPATCH(unary_backward_f32)(f, g, g_scalar, z, dx, static_cast<std::size_t>(n));
}

template <>
void unary_backward<double>(UnaryFn f, const double* g, bool g_scalar, const double* z, double* dx,
                            Index n) {
  HWY_DYNAMIC_DISPATCH(unary_backward_f64)(f, g, g_scalar, z, dx, static_cast<std::size_t>(n));
}

}  // namespace ito::kernels
#endif  // HWY_ONCE
