#include "autograd/kernels/binary.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <utility>

#include "autograd/error.h"
#include "autograd/kernels/simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autograd/kernels/binary.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "autograd/kernels/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ito::kernels::HWY_NAMESPACE {

template <class D, class V, class T>
HWY_INLINE V lane_by_lane(D d, V a, V b, T (*f)(T, T)) {
  T la[HWY_MAX_BYTES / sizeof(T)], lb[HWY_MAX_BYTES / sizeof(T)];
  hn::StoreU(a, d, la);
  hn::StoreU(b, d, lb);
  for (std::size_t i = 0; i < hn::Lanes(d); ++i) la[i] = f(la[i], lb[i]);
  return hn::LoadU(d, la);
}

template <BinaryFn F, class D, class V = hn::Vec<D>>
HWY_INLINE V apply(D d, V a, V b) {
  using enum BinaryFn;
  using T = hn::TFromD<D>;
  // Not hn::Ne: on AVX2 it is false where either side is NaN.
  // clang-format off
  if constexpr (F == add) return hn::Add(a, b);
  else if constexpr (F == sub) return hn::Sub(a, b);
  else if constexpr (F == mul) return hn::Mul(a, b);
  else if constexpr (F == div) return hn::Div(a, b);
  else if constexpr (F == maximum) return hn::IfThenElse(hn::Or(hn::Ge(a, b), hn::IsNaN(a)), a, b);
  else if constexpr (F == minimum) return hn::IfThenElse(hn::Or(hn::Le(a, b), hn::IsNaN(a)), a, b);
  else if constexpr (F == eq) return hn::IfThenElseZero(hn::Eq(a, b), hn::Set(d, 1));
  else if constexpr (F == ne) return hn::IfThenZeroElse(hn::Eq(a, b), hn::Set(d, 1));
  else if constexpr (F == lt) return hn::IfThenElseZero(hn::Lt(a, b), hn::Set(d, 1));
  else if constexpr (F == le) return hn::IfThenElseZero(hn::Le(a, b), hn::Set(d, 1));
  else if constexpr (F == gt) return hn::IfThenElseZero(hn::Gt(a, b), hn::Set(d, 1));
  else if constexpr (F == ge) return hn::IfThenElseZero(hn::Ge(a, b), hn::Set(d, 1));
  else if constexpr (F == pow) return lane_by_lane<D, V, T>(d, a, b, std::pow);
  else if constexpr (F == atan2) return lane_by_lane<D, V, T>(d, a, b, std::atan2);
  else return lane_by_lane<D, V, T>(d, a, b, std::hypot);
  // clang-format on
}

template <BinaryFn F, bool AScalar, bool BScalar, class T>
void map(const T* a, const T* b, T* y, std::size_t n) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto first_a = hn::Set(d, a[0]);  // y may overwrite a[0] and b[0]
  const auto first_b = hn::Set(d, b[0]);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto va = AScalar ? first_a : hn::LoadU(d, a + (AScalar ? 0 : i));
    const auto vb = BScalar ? first_b : hn::LoadU(d, b + (BScalar ? 0 : i));
    hn::StoreU(apply<F>(d, va, vb), d, y + i);
  }
  if (i == n) return;
  const auto va = AScalar ? first_a : load_first(d, a + (AScalar ? 0 : i), n - i);
  const auto vb = BScalar ? first_b : load_first(d, b + (BScalar ? 0 : i), n - i);
  store_first(d, apply<F>(d, va, vb), y + i, n - i);
}

template <BinaryFn F, class T>
void map_layout(const T* a, bool a_scalar, const T* b, bool b_scalar, T* y, std::size_t n) {
  if (!a_scalar && !b_scalar) {
    map<F, false, false>(a, b, y, n);
  } else if (!a_scalar) {
    map<F, false, true>(a, b, y, n);
  } else if (!b_scalar) {
    map<F, true, false>(a, b, y, n);
  } else {
    map<F, false, false>(a, b, y, 1);
    std::fill_n(y + 1, n - 1, y[0]);
  }
}

template <class T, int... F>
void map_any(BinaryFn f, const T* a, bool a_scalar, const T* b, bool b_scalar, T* y, std::size_t n,
             std::integer_sequence<int, F...>) {
  using Map = void (*)(const T*, bool, const T*, bool, T*, std::size_t);
  static constexpr Map kMaps[] = {map_layout<static_cast<BinaryFn>(F), T>...};
  if (n > 0) kMaps[static_cast<int>(f)](a, a_scalar, b, b_scalar, y, n);
}

void binary_f32(BinaryFn f, const float* a, bool a_scalar, const float* b, bool b_scalar, float* y,
                std::size_t n) {
  map_any(f, a, a_scalar, b, b_scalar, y, n, std::make_integer_sequence<int, kBinaryFnCount>{});
}

void binary_f64(BinaryFn f, const double* a, bool a_scalar, const double* b, bool b_scalar,
                double* y, std::size_t n) {
  map_any(f, a, a_scalar, b, b_scalar, y, n, std::make_integer_sequence<int, kBinaryFnCount>{});
}

template <class T>
void add_arrays_any(std::span<const T* const> x, T* y, std::size_t n) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    auto low = hn::LoadU(d, x[0] + i), high = hn::LoadU(d, x[0] + i + lanes);
    for (std::size_t k = 1; k < x.size(); ++k) {
      low = hn::Add(low, hn::LoadU(d, x[k] + i));
      high = hn::Add(high, hn::LoadU(d, x[k] + i + lanes));
    }
    hn::StoreU(low, d, y + i);
    hn::StoreU(high, d, y + i + lanes);
  }
  for (; i < n; i += lanes) {
    auto sum = load_first(d, x[0] + i, n - i);
    for (std::size_t k = 1; k < x.size(); ++k) sum = hn::Add(sum, load_first(d, x[k] + i, n - i));
    store_first(d, sum, y + i, n - i);
  }
}

void add_arrays_f32(std::span<const float* const> x, float* y, std::size_t n) {
  add_arrays_any(x, y, n);
}

void add_arrays_f64(std::span<const double* const> x, double* y, std::size_t n) {
  add_arrays_any(x, y, n);
}

}  // namespace ito::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ito::kernels {
HWY_EXPORT(binary_f32);
HWY_EXPORT(binary_f64);
HWY_EXPORT(add_arrays_f32);
HWY_EXPORT(add_arrays_f64);

namespace {
// One element, as the vectors would compute it; false for functions that are left to them.
template <class T>
bool binary_of_one(BinaryFn f, T a, T b, T* y) {
  switch (f) {
    case BinaryFn::add:
      *y = a + b;
      return true;
    case BinaryFn::sub:
      *y = a - b;
      return true;
    case BinaryFn::mul:
      *y = a * b;
      return true;
    case BinaryFn::div:
      *y = a / b;
      return true;
    default:
      return false;
  }
}
}  // namespace

template <>
void binary<float>(BinaryFn f, const float* a, bool a_scalar, const float* b, bool b_scalar,
                   float* y, Index n) {
  if (n == 1 && binary_of_one(f, *a, *b, y)) return;
  HWY_DYNAMIC_DISPATCH(binary_f32)(f, a, a_scalar, b, b_scalar, y, static_cast<std::size_t>(n));
}

template <>
void binary<double>(BinaryFn f, const double* a, bool a_scalar, const double* b, bool b_scalar,
                    double* y, Index n) {
  if (n == 1 && binary_of_one(f, *a, *b, y)) return;
  HWY_DYNAMIC_DISPATCH(binary_f64)(f, a, a_scalar, b, b_scalar, y, static_cast<std::size_t>(n));
}

template <>
void binary<std::int64_t>(BinaryFn f, const std::int64_t* a, bool a_scalar, const std::int64_t* b,
                          bool b_scalar, std::int64_t* y, Index n) {
  using Int = std::int64_t;
  // Unsigned arithmetic wraps around where signed arithmetic would be undefined.
  using Word = std::uint64_t;
  const Int first_a = n > 0 ? a[0] : 0, first_b = n > 0 ? b[0] : 0;
  const auto map = [&](auto op) {
    for (Index i = 0; i < n; ++i) {
      y[i] = static_cast<Int>(op(a_scalar ? first_a : a[i], b_scalar ? first_b : b[i]));
    }
  };
  const auto wrap = [](auto op) {
    return [op](Int p, Int q) { return op(static_cast<Word>(p), static_cast<Word>(q)); };
  };
  switch (f) {
    case BinaryFn::add:
      return map(wrap(std::plus<>{}));
    case BinaryFn::sub:
      return map(wrap(std::minus<>{}));
    case BinaryFn::mul:
      return map(wrap(std::multiplies<>{}));
    case BinaryFn::maximum:
      return map([](Int p, Int q) { return std::max(p, q); });
    case BinaryFn::minimum:
      return map([](Int p, Int q) { return std::min(p, q); });
    case BinaryFn::eq:
      return map(std::equal_to<>{});
    case BinaryFn::ne:
      return map(std::not_equal_to<>{});
    case BinaryFn::lt:
      return map(std::less<>{});
    case BinaryFn::le:
      return map(std::less_equal<>{});
    case BinaryFn::gt:
      return map(std::greater<>{});
    case BinaryFn::ge:
      return map(std::greater_equal<>{});
    case BinaryFn::div:
    case BinaryFn::pow:
    case BinaryFn::atan2:
    case BinaryFn::hypot:
      break;
  }
  fail(name(f), ": needs a floating dtype, got i64");
}

template <>
void add_arrays<float>(std::span<const float* const> x, float* y, Index n) {
  HWY_DYNAMIC_DISPATCH(add_arrays_f32)(x, y, static_cast<std::size_t>(n));
}

template <>
void add_arrays<double>(std::span<const double* const> x, double* y, Index n) {
  HWY_DYNAMIC_DISPATCH(add_arrays_f64)(x, y, static_cast<std::size_t>(n));
}

}  // namespace ito::kernels
#endif  // HWY_ONCE
