// Vector trigonometric functions; the same guarantees as vecmath-inl.h.
#if defined(ITO_KERNELS_TRIG_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ITO_KERNELS_TRIG_INL_H_
#undef ITO_KERNELS_TRIG_INL_H_
#else
#define ITO_KERNELS_TRIG_INL_H_
#endif

#include <cmath>

#include <hwy/highway.h>

#include "autograd/kernels/lanes-inl.h"
#include "autograd/kernels/vecmath-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ito::kernels::HWY_NAMESPACE {

// pi / 2 is kHalfPi[0] + [1] + [2]; arguments beyond kLimit go to <cmath> lane by lane.
template <class T>
struct Trig;

template <>
struct Trig<float> {
  static constexpr float kLimit = 1e4f;
  static constexpr float kInvPi = 0x1.45f306p-2f;
  static constexpr float kHalfPi[] = {0x1.921fb6p0f, -0x1.777a5cp-25f, -0x1.ee59dap-50f};
  static constexpr float kQuarterPi[] = {0x1.921fb6p-1f, -0x1.777a5cp-26f};
  // (sin r / r - 1) / r^2 in r^2, |r| <= pi / 2
  static constexpr float kSin[] = {-0.166666596f, 0.00833306595f, -0.000198095295f, 2.60553343e-6f};
  // (cos r - 1 + r^2 / 2) / r^4 in r^2, |r| <= pi / 4
  static constexpr float kCos[] = {0.0416666489f, -0.00138874314f, 2.44430521e-5f};
  // (atan t / t - 1) / t^2 in t^2, |t| <= tan(pi / 8)
  static constexpr float kAtan[] = {-0.333333155f, 0.199984885f, -0.142438093f, 0.105955897f,
                                    -0.0608216708f};
};

template <>
struct Trig<double> {
  static constexpr double kLimit = 1e6;
  static constexpr double kInvPi = 0x1.45f306dc9c883p-2;
  static constexpr double kHalfPi[] = {0x1.921fb54442d18p0, 0x1.1a62633145c07p-54,
                                       -0x1.f1976b7ed8fbcp-110};
  static constexpr double kQuarterPi[] = {0x1.921fb54442d18p-1, 0x1.1a62633145c07p-55};
  static constexpr double kSin[] = {-0.16666666666666666,    0.0083333333333331985,
                                    -0.00019841269841210098, 2.755731921121713e-6,
                                    -2.5052106875417527e-8,  1.605893965582023e-10,
                                    -7.6429863964149689e-13, 2.7210883017989735e-15};
  static constexpr double kCos[] = {0.041666666666666653,  -0.001388888888888205,
                                    2.4801587293742009e-5, -2.7557315419846222e-7,
                                    2.087584994388781e-9,  -1.1365400338305431e-11};
  static constexpr double kAtan[] = {
      -0.33333333333333201,  0.19999999999954466,  -0.14285714280270151,  0.11111110786636286,
      -0.090908978382955056, 0.076920614955280783, -0.066631171568268245, 0.058479755572927496,
      -0.050396570245801879, 0.038072685576825872, -0.017915287471153712};
};

template <class D>
using TrigOf = Trig<hn::TFromD<D>>;

// x - n Times pi / 2 for integer n: exact but for the last rounding, thanks to the fused products.
template <int Times = 1, class D, class V = hn::Vec<D>>
HWY_INLINE V subtract_half_pi(D d, V x, V n) {
  using K = TrigOf<D>;
  V r = fnma(d, n, hn::Set(d, Times * K::kHalfPi[0]), x);
  r = fnma(d, n, hn::Set(d, Times * K::kHalfPi[1]), r);
  return fnma(d, n, hn::Set(d, Times * K::kHalfPi[2]), r);
}

// sin r for |r| <= pi / 2
template <class D, class V = hn::Vec<D>>
HWY_INLINE V sin_reduced(D d, V r) {
  const V z = hn::Mul(r, r);
  return fma(d, hn::Mul(r, z), polynomial(d, z, TrigOf<D>::kSin), r);
}

// The sign bit of (-1)^n, where `shifted` = n + kRound.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V parity_sign(D d, V shifted) {
  const hn::RebindToSigned<D> di;
  return hn::BitCast(d, hn::ShiftLeft<sizeof(hn::TFromD<D>) * 8 - 1>(hn::BitCast(di, shifted)));
}

// y, with f(x) in its stead on the lanes where |x| > kLimit or x is NaN.
template <class D, class V, class T>
HWY_INLINE V patch_large(D d, V x, V y, T (*f)(T)) {
  if (HWY_LIKELY(hn::AllTrue(d, hn::Le(hn::Abs(x), hn::Set(d, TrigOf<D>::kLimit))))) return y;
  T in[HWY_MAX_BYTES / sizeof(T)], out[HWY_MAX_BYTES / sizeof(T)];
  hn::StoreU(x, d, in);
  hn::StoreU(y, d, out);
  for (std::size_t i = 0; i < hn::Lanes(d); ++i) {
    if (!(std::abs(in[i]) <= TrigOf<D>::kLimit)) out[i] = f(in[i]);
  }
  return hn::LoadU(d, out);
}

// sin x = (-1)^n sin(x - n pi)
template <class D, class V = hn::Vec<D>>
HWY_INLINE V sin(D d, V x) {
  const V a = hn::Abs(x);
  const V round = hn::Set(d, FloatOf<D>::kRound);
  const V shifted = fma(d, a, hn::Set(d, TrigOf<D>::kInvPi), round);
  const V n = hn::Sub(shifted, round);
  const V s = sin_reduced(d, subtract_half_pi<2>(d, a, n));
  const V y = hn::Xor3(s, parity_sign(d, shifted), hn::AndNot(a, x));
  return patch_large<D, V, hn::TFromD<D>>(d, x, y, std::sin);
}

// cos x = (-1)^(n + 1) sin(x - (2 n + 1) pi / 2)
template <class D, class V = hn::Vec<D>>
HWY_INLINE V cos(D d, V x) {
  using T = hn::TFromD<D>;
  const V a = hn::Abs(x);
  const V one = hn::Set(d, 1);
  const V round = hn::Set(d, FloatOf<D>::kRound);
  const V turns = fma(d, a, hn::Set(d, TrigOf<D>::kInvPi), hn::Set(d, T{-0.5}));
  const V shifted = hn::Add(turns, round);
  const V n = hn::Sub(shifted, round);
  const V s = sin_reduced(d, subtract_half_pi(d, a, hn::Add(hn::Add(n, n), one)));
  return patch_large<D, V, T>(d, x, hn::Neg(hn::Xor(s, parity_sign(d, shifted))), std::cos);
}

// With r = |x| - n pi / 2: tan |x| = sin r / cos r for even n, -cos r / sin r for odd n.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V tan(D d, V x) {
  using T = hn::TFromD<D>;
  const hn::RebindToSigned<D> di;
  const V a = hn::Abs(x);
  const V round = hn::Set(d, FloatOf<D>::kRound);
  const V shifted = fma(d, a, hn::Set(d, 2 * TrigOf<D>::kInvPi), round);
  const V r = subtract_half_pi(d, a, hn::Sub(shifted, round));
  const V z = hn::Mul(r, r);
  const V s = sin_reduced(d, r);
  const V c = fma(d, hn::Mul(z, z), polynomial(d, z, TrigOf<D>::kCos),
                  fnma(d, z, hn::Set(d, T{0.5}), hn::Set(d, 1)));
  const V odd_sign = parity_sign(d, shifted);
  const auto odd = hn::RebindMask(d, hn::Lt(hn::BitCast(di, odd_sign), hn::Zero(di)));
  const V t = hn::Div(hn::IfThenElse(odd, c, s), hn::IfThenElse(odd, s, c));
  const V y = hn::Xor3(t, odd_sign, hn::AndNot(a, x));
  return patch_large<D, V, T>(d, x, y, std::tan);
}

// With a = |x|: a itself, pi/4 + atan((a - 1) / (a + 1)) or pi/2 - atan(1 / a), so that the
// polynomial's argument stays within tan(pi / 8).
template <class D, class V = hn::Vec<D>>
HWY_INLINE V atan(D d, V x) {
  using T = hn::TFromD<D>;
  using K = TrigOf<D>;
  const V one = hn::Set(d, 1);
  const V a = hn::Abs(x);
  const auto middle = hn::Gt(a, hn::Set(d, T(0.41421356237309503)));
  const auto high = hn::Gt(a, hn::Set(d, T(2.4142135623730949)));
  V numerator = hn::IfThenElse(middle, hn::Sub(a, one), a);
  V denominator = hn::IfThenElse(middle, hn::Add(a, one), one);
  numerator = hn::IfThenElse(high, hn::Neg(one), numerator);
  denominator = hn::IfThenElse(high, a, denominator);
  const V t = hn::Div(numerator, denominator);
  const V z = hn::Mul(t, t);
  const V p = fma(d, hn::Mul(t, z), polynomial(d, z, K::kAtan),
                  hn::IfThenElseZero(middle, hn::IfThenElse(high, hn::Set(d, 2 * K::kQuarterPi[1]),
                                                            hn::Set(d, K::kQuarterPi[1]))));
  const V base = hn::IfThenElseZero(
      middle, hn::IfThenElse(high, hn::Set(d, 2 * K::kQuarterPi[0]), hn::Set(d, K::kQuarterPi[0])));
  return hn::CopySign(hn::Add(base, hn::Add(t, p)), x);
}

}  // namespace ito::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif  // per-target include guard
