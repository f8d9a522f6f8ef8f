// Vector error function and Gaussian error linear unit; the same guarantees as vecmath-inl.h.
#if defined(ITO_KERNELS_ERF_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ITO_KERNELS_ERF_INL_H_
#undef ITO_KERNELS_ERF_INL_H_
#else
#define ITO_KERNELS_ERF_INL_H_
#endif

#include <hwy/highway.h>

#include "autograd/kernels/lanes-inl.h"
#include "autograd/kernels/vecmath-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ito::kernels::HWY_NAMESPACE {

template <class T>
struct Normal;

template <>
struct Normal<float> {
  static constexpr float kHigh = 15;  // Phi(-u) u underflows above
  static constexpr float kSqrt2 = 0x1.6a09e6p0f;
  static constexpr float kCentre = 3.75f;  // here kTail[0] is nearly a float
  // Phi(-u) e^(u^2 / 2) (1 + 5 u / 4) in (u - kCentre) / (u + kCentre), 0 <= u <= kHigh
  static constexpr float kTail[] = {0.568973004f,    -0.0771482613f,  -0.021546493f,
                                    0.0586272583f,   -0.0460683123f,  0.0193289595f,
                                    -0.00256582564f, -0.00161796266f, 0.000595593949f,
                                    0.00017014201f,  -2.78338437e-5f};
  // erf x / x in x^2, |x| <= 1
  static constexpr float kErf[] = {1.12837917f,    -0.376126271f,    0.112836002f,  -0.0268544447f,
                                   0.00518953542f, -0.000802084152f, 7.88911907e-5f};
};

template <>
struct Normal<double> {
  static constexpr double kHigh = 40;
  static constexpr double kSqrt2 = 0x1.6a09e667f3bcdp0;
  static constexpr double kCentre = 4.5;
  static constexpr double kTail[] = {
      0.56182247271417731,     -0.07908516279848895,   -0.00038269063050022372,
      0.043086496300838782,    -0.048096791388296254,  0.032305219245240397,
      -0.014297049438172329,   0.0034578016097603102,  0.00022314122126164149,
      -0.00046692257385774493, 8.5754938212087381e-5,  4.5849344466823895e-5,
      -1.8666400201598359e-5,  -4.9683162496371912e-6, 3.2148276910541777e-6,
      7.3441635331138721e-7,   -5.3232069356715235e-7, -1.5012432218339333e-7,
      7.8797495816689907e-8,   3.2998454697611949e-8,  -6.5380705485616874e-9,
      -4.8636865507704885e-9,  -5.4439412256663022e-10};
  static constexpr double kErf[] = {
      1.1283791670955126,     -0.37612638903183547,   0.11283791670945252,
      -0.026866170643276066,  0.0052239776074224442,  -0.00085483259896579632,
      0.00012055295319610948, -1.4924744651046069e-5, 1.6447517576386865e-6,
      -1.6209175465694307e-7, 1.3722975567005645e-8,  -7.8011895389899151e-10};
};

// Phi(-u) = 2^k m, Phi the standard normal distribution function, 0 <= u <= kHigh.
template <class D, class V = hn::Vec<D>>
HWY_INLINE Exponential<D> normal_tail(D d, V u) {
  using T = hn::TFromD<D>;
  using K = Normal<T>;
  const V half = hn::Set(d, T{0.5});
  const V square = hn::Mul(u, u);
  const V lost = fma(d, u, u, hn::Neg(square));  // u^2 = square + lost exactly
  const auto e = split_exp(d, hn::Mul(square, hn::Neg(half)));
  const V one = hn::Set(d, 1);
  const V correction = hn::Mul(hn::Mul(hn::Add(one, e.m), lost), half);
  const V density = hn::Add(one, hn::Sub(e.m, correction));
  const V centre = hn::Set(d, K::kCentre);
  const V t = hn::Div(hn::Sub(u, centre), hn::Add(u, centre));
  const V g = hn::Div(polynomial(d, t, K::kTail), fma(d, u, hn::Set(d, T{1.25}), one));
  return {hn::Mul(density, g), e.k};
}

// erf x for |x| <= 1
template <class D, class V = hn::Vec<D>>
HWY_INLINE V erf_small(D d, V x) {
  return hn::Mul(x, polynomial(d, hn::Mul(x, x), Normal<hn::TFromD<D>>::kErf));
}

// Beyond |x| = 1, 1 - 2 Phi(-sqrt 2 |x|).
template <class D, class V = hn::Vec<D>>
HWY_INLINE V erf(D d, V x) {
  using K = Normal<hn::TFromD<D>>;
  const V a = hn::Abs(x);
  const V one = hn::Set(d, 1);
  const auto tail = normal_tail(d, hn::Mul(at_most(d, a, K::kHigh / 2), hn::Set(d, K::kSqrt2)));
  const V q = scale(d, tail.m, tail.k);
  const V large = hn::CopySign(hn::Sub(one, hn::Add(q, q)), x);
  return hn::IfThenElse(hn::Lt(a, one), erf_small(d, x), large);
}

// x Phi(x) = x / 2 + x / 2 erf(x / sqrt 2), which cancels too much past -0.75; beyond,
// max(x, 0) - |x| Phi(-|x|). There the factor 2^k of Phi(-|x|) comes last: that may be subnormal
// where the product is not.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V gelu(D d, V x) {
  using T = hn::TFromD<D>;
  using K = Normal<T>;
  const V a = at_most(d, hn::Abs(x), K::kHigh);
  const auto tail = normal_tail(d, a);
  const V t = scale(d, hn::Mul(a, tail.m), tail.k);
  const V positive = hn::IfThenZeroElse(hn::Lt(x, hn::Zero(d)), x);
  const V large = hn::CopySign(hn::Sub(positive, t), x);
  const V half = hn::Set(d, T{0.5});
  const V e = erf_small(d, hn::Mul(x, hn::Set(d, K::kSqrt2 / 2)));
  const V small = hn::Mul(x, fma(d, half, e, half));
  return hn::IfThenElse(hn::Lt(a, hn::Set(d, T{0.75})), small, large);
}

}  // namespace ito::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif  // per-target include guard
