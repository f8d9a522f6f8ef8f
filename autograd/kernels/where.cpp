#include "autograd/kernels/where.h"

#include <cstddef>

#include "autograd/kernels/simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autograd/kernels/where.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "autograd/kernels/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ito::kernels::HWY_NAMESPACE {

template <bool AScalar, bool BScalar, class T>
void choose(const T* c, const T* a, const T* b, T* y, std::size_t n) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto zero = hn::Zero(d);
  const auto first_a = hn::Set(d, a[0]);  // y may overwrite a[0] and b[0]
  const auto first_b = hn::Set(d, b[0]);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto va = AScalar ? first_a : hn::LoadU(d, a + (AScalar ? 0 : i));
    const auto vb = BScalar ? first_b : hn::LoadU(d, b + (BScalar ? 0 : i));
    hn::StoreU(hn::IfThenElse(hn::Eq(hn::LoadU(d, c + i), zero), vb, va), d, y + i);
  }
  if (i == n) return;
  const auto va = AScalar ? first_a : load_first(d, a + (AScalar ? 0 : i), n - i);
  const auto vb = BScalar ? first_b : load_first(d, b + (BScalar ? 0 : i), n - i);
  const auto vc = load_first(d, c + i, n - i);
  store_first(d, hn::IfThenElse(hn::Eq(vc, zero), vb, va), y + i, n - i);
}

template <class T>
void choose_layout(const T* c, const T* a, bool a_scalar, const T* b, bool b_scalar, T* y,
                   std::size_t n) {
  if (n == 0) return;
  if (a_scalar) {
    b_scalar ? choose<true, true>(c, a, b, y, n) : choose<true, false>(c, a, b, y, n);
  } else {
    b_scalar ? choose<false, true>(c, a, b, y, n) : choose<false, false>(c, a, b, y, n);
  }
}

void where_f32(const float* c, const float* a, bool a_scalar, const float* b, bool b_scalar,
               float* y, std::size_t n) {
  choose_layout(c, a, a_scalar, b, b_scalar, y, n);
}
void where_f64(const double* c, const double* a, bool a_scalar, const double* b, bool b_scalar,
               double* y, std::size_t n) {
  choose_layout(c, a, a_scalar, b, b_scalar, y, n);
}
void where_i64(const std::int64_t* c, const std::int64_t* a, bool a_scalar, const std::int64_t* b,
               bool b_scalar, std::int64_t* y, std::size_t n) {
  choose_layout(c, a, a_scalar, b, b_scalar, y, n);
}

}  // namespace ito::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ito::kernels {
HWY_EXPORT(where_f32);
HWY_EXPORT(where_f64);
HWY_EXPORT(where_i64);

template <>
void where(const float* c, const float* a, bool a_scalar, const float* b, bool b_scalar, float* y,
           Index n) {
  HWY_DYNAMIC_DISPATCH(where_f32)(c, a, a_scalar, b, b_scalar, y, static_cast<std::size_t>(n));
}
template <>
void where(const double* c, const double* a, bool a_scalar, const double* b, bool b_scalar,
           double* y, Index n) {
  HWY_DYNAMIC_DISPATCH(where_f64)(c, a, a_scalar, b, b_scalar, y, static_cast<std::size_t>(n));
}
template <>
void where(const std::int64_t* c, const std::int64_t* a, bool a_scalar, const std::int64_t* b,
           bool b_scalar, std::int64_t* y, Index n) {
  HWY_DYNAMIC_DISPATCH(where_i64)(c, a, a_scalar, b, b_scalar, y, static_cast<std::size_t>(n));
}

}  // namespace ito::kernels
#endif  // HWY_ONCE
