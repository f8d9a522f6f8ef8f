// Vector exponentials, logarithms and what follows from them: hyperbolic and logistic functions.
//
// Within 4 ULP of the exact value on every input of either type, subnormal results included;
// special values as in <cmath>. Every target runs the same sequence of correctly rounded
// operations and so returns the same bits. Polynomials are minimax fits (Remez) of the stated
// function on the stated interval; their own error is below 0.1 ULP.
#if defined(ITO_KERNELS_VECMATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ITO_KERNELS_VECMATH_INL_H_
#undef ITO_KERNELS_VECMATH_INL_H_
#else
#define ITO_KERNELS_VECMATH_INL_H_
#endif

#include <limits>

#include <hwy/highway.h>

#include "autograd/kernels/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ito::kernels::HWY_NAMESPACE {

// Layout of the type and the constants of exp and log. The upper part of log 2 ends in zeros, so
// that k ln2_hi is exact for every exponent k.
template <class T>
struct Float;

template <>
struct Float<float> {
  static constexpr int kMantissaBits = 23;
  static constexpr std::int32_t kBias = 127;
  static constexpr std::int32_t kSqrtHalf = 0x3f3504f3;  // bits of sqrt(1/2)
  static constexpr float kRound = 0x1.8p23f;             // x + kRound rounds x to an integer
  static constexpr float kLn2Hi = 0x1.62e3p-1f, kLn2Lo = 0x1.2fefa4p-17f;
  static constexpr float kInvLn2 = 0x1.715476p0f;
  static constexpr float kExpLow = -104, kExpHigh = 90;  // exp is 0 below, infinite above
  static constexpr float kExpm1Low = -18, kExpm1High = 89;
  static constexpr float kTanhHigh = 10;  // tanh rounds to 1 above
  // gelu_tanh is 0 below -kGeluHigh and x above kGeluHigh; its exponent is x (c0 + c1 x^2) with
  // c0 = sqrt(8 / pi) and c1 = 0.044715 c0, each the sum of two numbers.
  static constexpr float kGeluHigh = 11;
  static constexpr float kGelu0 = 0x1.988454p0f, kGelu0Lo = -0x1.857936p-25f;
  static constexpr float kGelu1 = 0x1.2444f2p-4f, kGelu1Lo = 0x1.49b16ap-29f;
  // (e^r - 1 - r) / r^2, |r| <= ln2 / 2
  static constexpr float kExp[] = {0.50000001f, 0.166665167f, 0.0416662f, 0.00836917185f,
                                   0.00139509323f};
  // (log((1 + s) / (1 - s)) / s - 2) / s^2 in s^2, |s| <= 3 - 2 sqrt 2
  static constexpr float kLog[] = {0.666667744f, 0.399777185f, 0.298680161f};
};

template <>
struct Float<double> {
  static constexpr int kMantissaBits = 52;
  static constexpr std::int64_t kBias = 1023;
  static constexpr std::int64_t kSqrtHalf = 0x3fe6a09e667f3bcd;
  static constexpr double kRound = 0x1.8p52;
  static constexpr double kLn2Hi = 0x1.62e42feep-1, kLn2Lo = 0x1.a39ef35793c76p-33;
  static constexpr double kInvLn2 = 0x1.71547652b82fep0;
  static constexpr double kExpLow = -746, kExpHigh = 712;
  static constexpr double kExpm1Low = -40, kExpm1High = 710;
  static constexpr double kTanhHigh = 20;
  static constexpr double kGeluHigh = 22;
  static constexpr double kGelu0 = 0x1.9884533d43651p0, kGelu0Lo = -0x1.cbc0d30ebfd15p-54;
  static constexpr double kGelu1 = 0x1.2444f2a4d8b4bp-4, kGelu1Lo = -0x1.6c843a29d1c7p-61;
  static constexpr double kExp[] = {
      0.50000000000000124,   0.16666666666666699,   0.041666666666516017,  0.0083333333333068695,
      0.0013888888947275309, 0.0001984126991835202, 2.4801489350224225e-5, 2.7557215276364813e-6,
      2.7631583582181104e-7, 2.5118224377578119e-8};
  static constexpr double kLog[] = {0.66666666666667266, 0.39999999999455317, 0.28571428734839035,
                                    0.22222199243598948, 0.18183533490264694, 0.15314759377474562,
                                    0.14789508767641926};
};

template <class D>
using FloatOf = Float<hn::TFromD<D>>;
template <class D>
using IntVec = hn::Vec<hn::RebindToSigned<D>>;

// e^x = 2^k (1 + m), k integer, |log(1 + m)| <= ln2 / 2. k is held as the bits of kRound + k, and
// integers may be added to it: users shift it into the exponent field, where only the low bits
// count.
template <class D>
struct Exponential {
  hn::Vec<D> m;
  IntVec<D> k;
};

// x must be of moderate size (|x| < 2^20); NaN gives m = NaN.
template <class D, class V = hn::Vec<D>>
HWY_INLINE Exponential<D> split_exp(D d, V x) {
  using F = FloatOf<D>;
  const hn::RebindToSigned<D> di;
  const V round = hn::Set(d, F::kRound);
  const V shifted = fma(d, x, hn::Set(d, F::kInvLn2), round);
  const V k = hn::Sub(shifted, round);
  V r = fnma(d, k, hn::Set(d, F::kLn2Hi), x);
  r = fnma(d, k, hn::Set(d, F::kLn2Lo), r);
  const V m = fma(d, hn::Mul(r, r), polynomial(d, r, F::kExp), r);
  return {m, hn::BitCast(di, shifted)};
}

// 2^k for normal results.
template <class D>
HWY_INLINE hn::Vec<D> power_of_two(D d, IntVec<D> k) {
  using F = FloatOf<D>;
  const hn::RebindToSigned<D> di;
  return hn::BitCast(d, hn::ShiftLeft<F::kMantissaBits>(hn::Add(k, hn::Set(di, F::kBias))));
}

#if HWY_TARGET <= HWY_AVX3 && HWY_ARCH_X86
HWY_INLINE hn::Vec512<float> times_power(hn::Vec512<float> v, hn::Vec512<float> k) {
  return hn::Vec512<float>{_mm512_scalef_ps(v.raw, k.raw)};
}
HWY_INLINE hn::Vec512<double> times_power(hn::Vec512<double> v, hn::Vec512<double> k) {
  return hn::Vec512<double>{_mm512_scalef_pd(v.raw, k.raw)};
}
#endif

// v 2^k with one rounding, for an Exponential's k up to twice the exponent range.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V scale(D d, V v, IntVec<D> k) {
#if HWY_TARGET <= HWY_AVX3 && HWY_ARCH_X86
  return times_power(v, hn::Sub(hn::BitCast(d, k), hn::Set(d, FloatOf<D>::kRound)));
#else
  const IntVec<D> half = hn::ShiftRight<1>(k);
  return hn::Mul(hn::Mul(v, power_of_two(d, half)), power_of_two(d, hn::Sub(k, half)));
#endif
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V exp(D d, V x) {
  using F = FloatOf<D>;
  const auto e = split_exp(d, at_least(d, at_most(d, x, F::kExpHigh), F::kExpLow));
  return scale(d, hn::Add(hn::Set(d, 1), e.m), e.k);
}

// e^x - 1 = 2 (2^(k-1) m + (2^(k-1) - 1/2)): halved, so that k = 128 does not overflow too early.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V expm1(D d, V x) {
  using F = FloatOf<D>;
  const hn::RebindToSigned<D> di;
  const V half = hn::Set(d, hn::TFromD<D>{0.5});
  const auto e = split_exp(d, at_least(d, at_most(d, x, F::kExpm1High), F::kExpm1Low));
  const V s = power_of_two(d, hn::Sub(e.k, hn::Set(di, 1)));
  const V y = fma(d, s, e.m, hn::Sub(s, half));
  // Halving would lose the last bit of a subnormal, the sum the sign of zero.
  const auto tiny =
      hn::Lt(hn::Abs(x), hn::Set(d, std::numeric_limits<hn::TFromD<D>>::epsilon() / 2));
  return hn::IfThenElse(tiny, x, hn::Add(y, y));
}

// x = 2^k m with sqrt(1/2) <= m < sqrt 2, for normal x > 0.
template <class D>
struct Mantissa {
  hn::Vec<D> m;
  IntVec<D> k;
};

template <class D, class V = hn::Vec<D>>
HWY_INLINE Mantissa<D> split_mantissa(D d, V x) {
  using F = FloatOf<D>;
  const hn::RebindToSigned<D> di;
  using Int = hn::TFromD<decltype(di)>;
  const auto offset = hn::Set(di, F::kSqrtHalf);
  const auto mask = hn::Set(di, (Int{1} << F::kMantissaBits) - 1);
  const auto bits = hn::Sub(hn::BitCast(di, x), offset);
  return {hn::BitCast(d, hn::Add(hn::And(bits, mask), offset)),
          hn::ShiftRight<F::kMantissaBits>(bits)};
}

// k log 2 + log(1 + f), by log(1 + f) = 2 atanh(s) with s = f / (2 + f), arranged so that f enters
// last and unrounded (fdlibm's e_log.c).
template <class D, class V = hn::Vec<D>>
HWY_INLINE V log_of_parts(D d, V f, IntVec<D> k) {
  using F = FloatOf<D>;
  const hn::RebindToSigned<D> di;
  const V round = hn::Set(d, F::kRound);
  const V kf = hn::Sub(hn::BitCast(d, hn::Add(k, hn::BitCast(di, round))), round);
  const V s = hn::Div(f, hn::Add(hn::Set(d, 2), f));
  const V z = hn::Mul(s, s);
  const V half_square = hn::Mul(hn::Mul(f, f), hn::Set(d, hn::TFromD<D>{0.5}));
  const V sum = fma(d, z, polynomial(d, z, F::kLog), half_square);
  const V tail = fma(d, s, sum, hn::Mul(kf, hn::Set(d, F::kLn2Lo)));
  return fma(d, kf, hn::Set(d, F::kLn2Hi), hn::Sub(f, hn::Sub(half_square, tail)));
}

// log at 0, +inf, negative numbers and NaN.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V log_special(D d, V x) {
  using Limits = std::numeric_limits<hn::TFromD<D>>;
  const V inf = hn::Set(d, Limits::infinity());
  const V zero = hn::Zero(d);
  const V not_positive =
      hn::IfThenElse(hn::Eq(x, zero), hn::Neg(inf), hn::Set(d, Limits::quiet_NaN()));
  return hn::IfThenElse(hn::Gt(x, zero), inf, not_positive);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V log(D d, V x) {
  using F = FloatOf<D>;
  using Limits = std::numeric_limits<hn::TFromD<D>>;
  const hn::RebindToSigned<D> di;
  const V one = hn::Set(d, 1);
  const V least = hn::Set(d, Limits::min());
  const V greatest = hn::Set(d, Limits::max());
  if (HWY_LIKELY(hn::AllTrue(d, hn::And(hn::Ge(x, least), hn::Le(x, greatest))))) {
    const auto p = split_mantissa(d, x);
    return log_of_parts(d, hn::Sub(p.m, one), p.k);
  }
  const auto subnormal = hn::Lt(x, least);
  const V up = power_of_two(d, hn::Set(di, F::kMantissaBits));
  const auto p = split_mantissa(d, hn::IfThenElse(subnormal, hn::Mul(x, up), x));
  const auto shift =
      hn::BitCast(di, hn::IfThenElseZero(subnormal, hn::BitCast(d, hn::Set(di, F::kMantissaBits))));
  const V y = log_of_parts(d, hn::Sub(p.m, one), hn::Sub(p.k, shift));
  const auto regular = hn::And(hn::Gt(x, hn::Zero(d)), hn::Le(x, greatest));
  return hn::IfThenElse(regular, y, log_special(d, x));
}

// log(1 + x) for finite x > -1: with u = 1 + x rounded to 2^k m, what the rounding lost joins m
// - 1.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V log1p_regular(D d, V x) {
  const hn::RebindToSigned<D> di;
  const V one = hn::Set(d, 1);
  const V u = hn::Add(one, x);
  const auto p = split_mantissa(d, u);
  const V lost_small = hn::Sub(x, hn::Sub(u, one));
  const V lost_large = hn::Sub(one, hn::Sub(u, x));
  const V lost = hn::IfThenElse(hn::Gt(x, one), lost_large, lost_small);
  // Past 2^60 nothing visible is lost, and 2^-k might leave the normal range.
  const auto correct = hn::Not(hn::Gt(x, hn::Set(d, hn::TFromD<D>{0x1p60})));
  const V correction =
      hn::Mul(hn::IfThenElseZero(correct, lost),
              power_of_two(d, hn::IfThenElseZero(hn::RebindMask(di, correct), hn::Neg(p.k))));
  const V y = log_of_parts(d, hn::Add(hn::Sub(p.m, one), correction), p.k);
  return hn::CopySign(y, x);  // -0 stays -0
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V log1p(D d, V x) {
  const V y = log1p_regular(d, x);
  const auto regular = hn::And(hn::Gt(x, hn::Set(d, -1)),
                               hn::Le(x, hn::Set(d, std::numeric_limits<hn::TFromD<D>>::max())));
  if (HWY_LIKELY(hn::AllTrue(d, regular))) return y;
  return hn::IfThenElse(regular, y, log_special(d, hn::Add(hn::Set(d, 1), x)));
}

// tanh a = t / (t + 2) with t = e^(2a) - 1
template <class D, class V = hn::Vec<D>>
HWY_INLINE V tanh(D d, V x) {
  const V a = at_most(d, hn::Abs(x), FloatOf<D>::kTanhHigh);
  const auto e = split_exp(d, hn::Add(a, a));
  const V s = power_of_two(d, e.k);
  const V t = fma(d, s, e.m, hn::Sub(s, hn::Set(d, 1)));
  return hn::CopySign(hn::Div(t, hn::Add(t, hn::Set(d, 2))), x);
}

// e^a / 2, which overflows later than e^a.
template <class D>
HWY_INLINE hn::Vec<D> half_exp(D d, const Exponential<D>& e) {
  const hn::RebindToSigned<D> di;
  return scale(d, hn::Add(hn::Set(d, 1), e.m), hn::Sub(e.k, hn::Set(di, 1)));
}

// For a = |x| < 1, (t + t / (t + 1)) / 2 with t = e^a - 1; beyond, e - 1 / (4 e) with e = e^a / 2.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V sinh(D d, V x) {
  using T = hn::TFromD<D>;
  const V one = hn::Set(d, 1);
  const V a = at_most(d, hn::Abs(x), FloatOf<D>::kExpHigh);
  const auto e = split_exp(d, a);
  const V s = power_of_two(d, e.k);
  const V t = fma(d, s, e.m, hn::Sub(s, one));
  const V large = half_exp(d, e);
  const auto small = hn::Lt(a, one);
  const V q = hn::Div(hn::IfThenElse(small, t, hn::Set(d, T{-0.25})),
                      hn::IfThenElse(small, hn::Add(t, one), large));
  const V y = hn::IfThenElse(small, hn::Mul(hn::Set(d, T{0.5}), hn::Add(t, q)), hn::Add(large, q));
  return hn::CopySign(y, x);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V cosh(D d, V x) {
  const V e = half_exp(d, split_exp(d, at_most(d, hn::Abs(x), FloatOf<D>::kExpHigh)));
  return hn::Add(e, hn::Div(hn::Set(d, hn::TFromD<D>{0.25}), e));
}

// 1 / (1 + z) for x >= 0, z / (1 + z) for x < 0, with z = e^-|x|
template <class D, class V = hn::Vec<D>>
HWY_INLINE V sigmoid(D d, V x) {
  const V one = hn::Set(d, 1);
  const V z = exp(d, hn::Neg(hn::Abs(x)));
  return hn::Div(hn::IfThenElse(hn::Lt(x, hn::Zero(d)), z, one), hn::Add(one, z));
}

// x sigmoid(z), z of x's sign, for e^-|z| = 2^k m; x limited below to where the result is zero. For
// x < 0 the factor 2^k comes last: 2^k m alone may be subnormal where the product is not.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V times_sigmoid(D d, V x, V limited, IntVec<D> k, V m) {
  const auto negative = hn::Lt(x, hn::Zero(d));
  const V numerator = hn::IfThenElse(negative, hn::Mul(limited, m), x);
  const V q = hn::Div(numerator, hn::Add(hn::Set(d, 1), scale(d, m, k)));
  return hn::IfThenElse(negative, scale(d, q, k), q);
}

// x sigmoid(x)
template <class D, class V = hn::Vec<D>>
HWY_INLINE V silu(D d, V x) {
  const V low = at_least(d, x, FloatOf<D>::kExpLow - 7);
  const auto e = split_exp(d, hn::Neg(hn::Abs(at_most(d, low, -FloatOf<D>::kExpLow))));
  return times_sigmoid(d, x, low, e.k, hn::Add(hn::Set(d, 1), e.m));
}

// x sigmoid(z) with z = x (c0 + c1 x^2). An error of z counts |z| times in the result, hence z and
// what it is made of as sums of two numbers, the second the rounding of the first.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V gelu_tanh(D d, V x) {
  using F = FloatOf<D>;
  const V low = at_least(d, x, -F::kGeluHigh), a = at_most(d, low, F::kGeluHigh);
  const V c0 = hn::Set(d, F::kGelu0), c1 = hn::Set(d, F::kGelu1);
  const V square = hn::Mul(a, a), square_lo = fma(d, a, a, hn::Neg(square));
  const V term = hn::Mul(c1, square);
  const V term_lo = fma(d, hn::Set(d, F::kGelu1Lo), square,
                        fma(d, c1, square_lo, fma(d, c1, square, hn::Neg(term))));
  const V sum = hn::Add(c0, term), added = hn::Sub(sum, c0);
  const V lost = hn::Add(hn::Sub(c0, hn::Sub(sum, added)), hn::Sub(term, added));
  const V sum_lo = hn::Add(lost, hn::Add(term_lo, hn::Set(d, F::kGelu0Lo)));
  const V z = hn::Mul(a, sum), z_lo = fma(d, a, sum_lo, fma(d, a, sum, hn::Neg(z)));
  const auto e = split_exp(d, hn::Neg(hn::Abs(z)));
  const V m = hn::Add(hn::Set(d, 1), e.m);
  const V minus_abs_lo = hn::IfThenElse(hn::Lt(z, hn::Zero(d)), z_lo, hn::Neg(z_lo));
  return times_sigmoid(d, x, low, e.k, fma(d, m, minus_abs_lo, m));
}

// x tanh(log(1 + e^x)), which with z = e^-|x| is x (1 + 2 z) / (1 + 2 z + 2 z^2) for x >= 0 and
// x z (z + 2) / (z (z + 2) + 2) for x < 0, where the factor 2^k of z comes last.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V mish(D d, V x) {
  const V one = hn::Set(d, 1), two = hn::Set(d, 2);
  const V low = at_least(d, x, FloatOf<D>::kExpLow - 7);
  const auto e = split_exp(d, hn::Neg(hn::Abs(at_most(d, low, -FloatOf<D>::kExpLow))));
  const V m = hn::Add(one, e.m), z = scale(d, m, e.k);
  const auto negative = hn::Lt(x, hn::Zero(d));
  const V z2 = hn::Add(z, two), n = hn::Add(one, hn::Add(z, z));
  const V numerator = hn::IfThenElse(negative, hn::Mul(hn::Mul(low, m), z2), hn::Mul(x, n));
  const V denominator = hn::IfThenElse(negative, fma(d, z, z2, two), fma(d, hn::Add(z, z), z, n));
  const V q = hn::Div(numerator, denominator);
  return hn::IfThenElse(negative, scale(d, q, e.k), q);
}

// log(1 + e^x) = max(x, 0) + log(1 + e^-|x|)
template <class D, class V = hn::Vec<D>>
HWY_INLINE V softplus(D d, V x) {
  const V positive = hn::IfThenZeroElse(hn::Lt(x, hn::Zero(d)), x);
  return hn::Add(positive, log1p_regular(d, exp(d, hn::Neg(hn::Abs(x)))));
}

}  // namespace ito::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif  // per-target include guard
