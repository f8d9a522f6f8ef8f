#include "autograd/kernels/optim.h"

#include <cmath>

#include "autograd/kernels/simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autograd/kernels/optim.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#ifndef ITO_KERNELS_OPTIM_COEFFICIENTS_
#define ITO_KERNELS_OPTIM_COEFFICIENTS_
namespace ito::kernels {

// AdamWStep as the factors of one pass, computed in double and rounded once.
template <class T>
struct AdamWFactors {
  T grad_scale, keep, one_minus_beta1, beta2, one_minus_beta2, inverse_root_correction2, eps, step,
      one_minus_ema_decay;

  AdamWFactors(const AdamWStep& s, double ema_decay)
      : grad_scale(static_cast<T>(s.grad_scale)),
        keep(static_cast<T>(1 - s.lr * s.weight_decay)),
        one_minus_beta1(static_cast<T>(1 - s.beta1)),
        beta2(static_cast<T>(s.beta2)),
        one_minus_beta2(static_cast<T>(1 - s.beta2)),
        inverse_root_correction2(
            static_cast<T>(1 / std::sqrt(1 - std::pow(s.beta2, static_cast<double>(s.step))))),
        eps(static_cast<T>(s.eps)),
        step(static_cast<T>(s.lr / (1 - std::pow(s.beta1, static_cast<double>(s.step))))),
        one_minus_ema_decay(static_cast<T>(1 - ema_decay)) {}
};

}  // namespace ito::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace ito::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Averages move by a fraction of the difference, so a decay near one costs no precision.
template <class D, class T>
HWY_INLINE void move_towards(D d, hn::Vec<D> p, T fraction, T* average) {
  const auto a = hn::LoadU(d, average);
  hn::StoreU(hn::MulAdd(hn::Sub(p, a), hn::Set(d, fraction), a), d, average);
}

// One vector of D at p, g, m, v and, if kEma, e.
template <bool kEma, class D, class T>
HWY_INLINE void step(D d, const AdamWFactors<T>& f, T* p, const T* g, T* m, T* v, T* e) {
  const auto grad = hn::Mul(hn::LoadU(d, g), hn::Set(d, f.grad_scale));
  const auto m0 = hn::LoadU(d, m);
  const auto m1 = hn::MulAdd(hn::Sub(grad, m0), hn::Set(d, f.one_minus_beta1), m0);
  const auto v1 = hn::MulAdd(hn::Mul(grad, grad), hn::Set(d, f.one_minus_beta2),
                             hn::Mul(hn::LoadU(d, v), hn::Set(d, f.beta2)));
  const auto root =
      hn::MulAdd(hn::Sqrt(v1), hn::Set(d, f.inverse_root_correction2), hn::Set(d, f.eps));
  const auto p1 = hn::NegMulAdd(hn::Set(d, f.step), hn::Div(m1, root),
                                hn::Mul(hn::LoadU(d, p), hn::Set(d, f.keep)));
  hn::StoreU(m1, d, m);
  hn::StoreU(v1, d, v);
  hn::StoreU(p1, d, p);
  if constexpr (kEma) move_towards(d, p1, f.one_minus_ema_decay, e);
}

// How far ahead of the pass its arrays are fetched, in bytes. Five streams are more than some
// processors follow by themselves: with parameters beyond the second-level cache the pass then
// takes a tenth less. Reaching beyond the arrays is harmless.
constexpr Index kAhead = 1024;

template <class T>
HWY_INLINE void fetch(const T* x) {
  hwy::Prefetch(x + kAhead / static_cast<Index>(sizeof(T)));
}

template <bool kEma, class T>
HWY_INLINE void run(const AdamWFactors<T>& f, T* p, const T* g, T* m, T* v, T* e, Index n) {
  const hn::ScalableTag<T> d;
  const hn::CappedTag<T, 1> one;
  const auto lanes = static_cast<Index>(hn::Lanes(d));
  Index i = 0;
  for (; i + lanes <= n; i += lanes) {
    fetch(p + i);
    fetch(g + i);
    fetch(m + i);
    fetch(v + i);
    if constexpr (kEma) fetch(e + i);
    step<kEma>(d, f, p + i, g + i, m + i, v + i, kEma ? e + i : nullptr);
  }
  for (; i < n; ++i) step<kEma>(one, f, p + i, g + i, m + i, v + i, kEma ? e + i : nullptr);
}

template <class T>
HWY_INLINE void adamw(const AdamWFactors<T>& f, T* p, const T* g, T* m, T* v, T* ema, Index n) {
  if (ema) {
    run<true>(f, p, g, m, v, ema, n);
  } else {
    run<false>(f, p, g, m, v, ema, n);
  }
}

template <class T>
HWY_INLINE void average(const T* p, T* e, T fraction, Index n) {
  const hn::ScalableTag<T> d;
  const hn::CappedTag<T, 1> one;
  const auto lanes = static_cast<Index>(hn::Lanes(d));
  Index i = 0;
  for (; i + lanes <= n; i += lanes) move_towards(d, hn::LoadU(d, p + i), fraction, e + i);
  for (; i < n; ++i) move_towards(one, hn::LoadU(one, p + i), fraction, e + i);
}

void adamw_f32(const AdamWFactors<float>& f, float* p, const float* g, float* m, float* v,
               float* ema, Index n) {
  adamw(f, p, g, m, v, ema, n);
}
void adamw_f64(const AdamWFactors<double>& f, double* p, const double* g, double* m, double* v,
               double* ema, Index n) {
  adamw(f, p, g, m, v, ema, n);
}
void average_f32(const float* p, float* ema, float fraction, Index n) {
  average(p, ema, fraction, n);
}
void average_f64(const double* p, double* ema, double fraction, Index n) {
  average(p, ema, fraction, n);
}

}  // namespace ito::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ito::kernels {

HWY_EXPORT(adamw_f32);
HWY_EXPORT(adamw_f64);
HWY_EXPORT(average_f32);
HWY_EXPORT(average_f64);

template <>
void adamw(const AdamWStep& s, float* p, const float* g, float* m, float* v, float* ema,
           double ema_decay, Index n) {
  HWY_DYNAMIC_DISPATCH(adamw_f32)(AdamWFactors<float>(s, ema_decay), p, g, m, v, ema, n);
}
template <>
void adamw(const AdamWStep& s, double* p, const double* g, double* m, double* v, double* ema,
           double ema_decay, Index n) {
  HWY_DYNAMIC_DISPATCH(adamw_f64)(AdamWFactors<double>(s, ema_decay), p, g, m, v, ema, n);
}

template <>
void move_average(const float* p, float* ema, double ema_decay, Index n) {
  HWY_DYNAMIC_DISPATCH(average_f32)(p, ema, static_cast<float>(1 - ema_decay), n);
}
template <>
void move_average(const double* p, double* ema, double ema_decay, Index n) {
  HWY_DYNAMIC_DISPATCH(average_f64)(p, ema, 1 - ema_decay, n);
}

}  // namespace ito::kernels
#endif  // HWY_ONCE
