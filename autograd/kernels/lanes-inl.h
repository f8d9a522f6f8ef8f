// Vector helpers shared by the SIMD kernels, compiled once per instruction set.
#if defined(ITO_KERNELS_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ITO_KERNELS_LANES_INL_H_
#undef ITO_KERNELS_LANES_INL_H_
#else
#define ITO_KERNELS_LANES_INL_H_
#endif

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace ito::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_EMU128 || HWY_TARGET == HWY_SCALAR
// Highway's own MulAdd rounds twice on these targets.
inline constexpr bool kHasFma = false;
#else
inline constexpr bool kHasFma = true;
#endif

// a * b + c with one rounding on every target, so that all targets give the same bytes.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V fma(D d, V a, V b, V c) {
  if constexpr (kHasFma) {
    return hn::MulAdd(a, b, c);
  } else {
    using T = hn::TFromD<D>;
    T la[HWY_MAX_BYTES / sizeof(T)], lb[HWY_MAX_BYTES / sizeof(T)], lc[HWY_MAX_BYTES / sizeof(T)];
    hn::StoreU(a, d, la);
    hn::StoreU(b, d, lb);
    hn::StoreU(c, d, lc);
    for (std::size_t i = 0; i < hn::Lanes(d); ++i) la[i] = std::fma(la[i], lb[i], lc[i]);
    return hn::LoadU(d, la);
  }
}

// c - a * b with one rounding.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V fnma(D d, V a, V b, V c) {
  if constexpr (kHasFma) {
    return hn::NegMulAdd(a, b, c);
  } else {
    return fma(d, hn::Neg(a), b, c);
  }
}

template <class D, class T, std::size_t N, std::size_t... I>
HWY_INLINE hn::Vec<D> horner(D d, hn::Vec<D> x, const T (&c)[N], std::index_sequence<I...>) {
  hn::Vec<D> y = hn::Set(d, c[N - 1]);
  ((y = fma(d, y, x, hn::Set(d, c[N - 2 - I]))), ...);
  return y;
}

// c[0] + c[1] x + ... + c[N-1] x^(N-1)
template <class D, class T, std::size_t N>
HWY_INLINE hn::Vec<D> polynomial(D d, hn::Vec<D> x, const T (&c)[N]) {
  return horner(d, x, c, std::make_index_sequence<N - 1>{});
}

// min(x, bound), but NaN stays NaN.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V at_most(D d, V x, hn::TFromD<D> bound) {
#if HWY_ARCH_X86 && HWY_TARGET != HWY_EMU128 && HWY_TARGET != HWY_SCALAR
  return hn::Min(hn::Set(d, bound), x);  // MINPS returns its second argument if either is NaN
#else
  const V b = hn::Set(d, bound);
  return hn::IfThenElse(hn::Gt(x, b), b, x);
#endif
}

// max(x, bound), but NaN stays NaN.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V at_least(D d, V x, hn::TFromD<D> bound) {
#if HWY_ARCH_X86 && HWY_TARGET != HWY_EMU128 && HWY_TARGET != HWY_SCALAR
  return hn::Max(hn::Set(d, bound), x);
#else
  const V b = hn::Set(d, bound);
  return hn::IfThenElse(hn::Lt(x, b), b, x);
#endif
}

// The first n (0 < n <= Lanes) elements at p; the other lanes hold zero.
template <class D, class T>
HWY_INLINE hn::Vec<D> load_first(D d, const T* p, std::size_t n) {
  if (n >= hn::Lanes(d)) return hn::LoadU(d, p);
#if HWY_MEM_OPS_MIGHT_FAULT
  T lanes[HWY_MAX_BYTES / sizeof(T)] = {};
  for (std::size_t i = 0; i < n; ++i) lanes[i] = p[i];
  return hn::LoadU(d, lanes);
#else
  return hn::MaskedLoad(hn::FirstN(d, n), d, p);
#endif
}

template <class D, class T>
HWY_INLINE void store_first(D d, hn::Vec<D> v, T* p, std::size_t n) {
  if (n >= hn::Lanes(d)) return hn::StoreU(v, d, p);
#if HWY_MEM_OPS_MIGHT_FAULT
  T lanes[HWY_MAX_BYTES / sizeof(T)];
  hn::StoreU(v, d, lanes);
  for (std::size_t i = 0; i < n; ++i) p[i] = lanes[i];
#else
  hn::BlendedStore(v, hn::FirstN(d, n), d, p);
#endif
}

}  // namespace ito::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif  // per-target include guard
