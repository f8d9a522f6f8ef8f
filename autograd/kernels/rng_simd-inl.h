// What rng.cpp draws with on targets with vectors: Philox, uniforms and Box-Muller on whole
// vectors. Same interface as rng_scalar-inl.h.
#if defined(ITO_KERNELS_RNG_SIMD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ITO_KERNELS_RNG_SIMD_INL_H_
#undef ITO_KERNELS_RNG_SIMD_INL_H_
#else
#define ITO_KERNELS_RNG_SIMD_INL_H_
#endif

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <hwy/highway.h>

#include "autograd/kernels/rng.h"

HWY_BEFORE_NAMESPACE();
namespace ito::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D64 = hn::ScalableTag<std::uint64_t>;
using V64 = hn::Vec<D64>;
using D32 = hn::Repartition<std::uint32_t, D64>;
using V32 = hn::Vec<D32>;

// The round keys k + i w, w being the Weyl constants of the paper.
struct Key {
  static constexpr int kRounds = 10;
  std::uint64_t k0[kRounds];
  std::uint64_t k1[kRounds];

  explicit Key(std::uint64_t seed) {
    auto a = static_cast<std::uint32_t>(seed), b = static_cast<std::uint32_t>(seed >> 32);
    for (int i = 0; i < kRounds; ++i, a += 0x9E3779B9U, b += 0xBB67AE85U) k0[i] = a, k1[i] = b;
  }
};

// The high half of each lane in its low half. A shuffle, since shifts compete with the products.
HWY_INLINE V64 high_half(V64 x) {
  return hn::BitCast(D64(), hn::DupOdd(hn::BitCast(D32(), x)));
}

// Four words of one counter a 64-bit lane. Only the low halves of the lanes count: the widening
// product ignores the high halves, so they are left as garbage, also on return.
struct Block {
  V64 c0, c1, c2, c3;
};

HWY_INLINE void philox_round(Block& b, V64 key0, V64 key1) {
  const D32 d;
  const V64 p0 = hn::MulEven(hn::BitCast(d, b.c0), hn::Set(d, 0xD2511F53U));
  const V64 p1 = hn::MulEven(hn::BitCast(d, b.c2), hn::Set(d, 0xCD9E8D57U));
  b = {hn::Xor3(high_half(p1), b.c1, key0), p1, hn::Xor3(high_half(p0), b.c3, key1), p0};
}

// Philox4x32-10 of several vectors of counters at once, since a round waits for its products.
template <class... B>
HWY_INLINE void philox_rounds(const Key& key, B&... blocks) {
  const D64 d;
  for (int i = 0; i < Key::kRounds; ++i) {
    const V64 key0 = hn::Set(d, key.k0[i]), key1 = hn::Set(d, key.k1[i]);
    (philox_round(blocks, key0, key1), ...);
  }
}

// Low halves of `even` and of `odd`, alternating: lane j of both becomes lanes 2j and 2j + 1.
HWY_INLINE V32 zip_low(V64 even, V64 odd) {
  const D32 d;
  return hn::OddEven(hn::BitCast(d, hn::ShiftLeft<32>(odd)), hn::BitCast(d, even));
}

// 2 Lanes(D64()) counters: the even ones in lanes of *0, the odd ones in lanes of *1.
struct Counters {
  V64 block0, block1, stream0, stream1;
};
HWY_INLINE Index chunk_blocks() {
  return static_cast<Index>(2 * hn::Lanes(D64()));
}
constexpr std::size_t kMaxChunkBlocks = 2 * HWY_MAX_BYTES / sizeof(std::uint64_t);

// Consecutive blocks of one stream.
HWY_INLINE Counters consecutive(std::uint64_t block, std::uint64_t stream) {
  const D64 d;
  const V64 j = hn::Iota(d, 0);
  const V64 even = hn::Add(hn::Set(d, block), hn::Add(j, j));
  const V64 s = hn::Set(d, stream);
  return {even, hn::Add(even, hn::Set(d, 1)), s, s};
}

// The same block of consecutive streams.
HWY_INLINE Counters across(std::uint64_t block, std::uint64_t stream) {
  const Counters c = consecutive(stream, block);
  return {c.stream0, c.stream1, c.block0, c.block1};
}
// Any blocks: those of the even lanes, then those of the odd ones.
HWY_INLINE Counters gather(const std::uint64_t* block0, const std::uint64_t* block1,
                           const std::uint64_t* stream0, const std::uint64_t* stream1) {
  const D64 d;
  return {hn::Load(d, block0), hn::Load(d, block1), hn::Load(d, stream0), hn::Load(d, stream1)};
}

HWY_INLINE Block even_blocks(const Counters& c) {
  return {c.block0, hn::ShiftRight<32>(c.block0), c.stream0, hn::ShiftRight<32>(c.stream0)};
}
HWY_INLINE Block odd_blocks(const Counters& c) {
  return {c.block1, hn::ShiftRight<32>(c.block1), c.stream1, hn::ShiftRight<32>(c.stream1)};
}

// Calls f(w0, w1, w2, w3), word k of the blocks in order, one a 32-bit lane.
template <class F>
HWY_INLINE void with_words32(const Key& key, const Counters& c, F f) {
  Block a = even_blocks(c), b = odd_blocks(c);
  philox_rounds(key, a, b);
  f(zip_low(a.c0, b.c0), zip_low(a.c1, b.c1), zip_low(a.c2, b.c2), zip_low(a.c3, b.c3));
}

// Calls f(a0, a1, b0, b1): 64-bit words 0 and 1 of the even blocks, then of the odd ones.
template <class F>
HWY_INLINE void with_words64(const Key& key, const Counters& c, F f) {
  const D64 d;
  const auto pair = [&](V64 low, V64 high) { return hn::BitCast(d, zip_low(low, high)); };
  Block a = even_blocks(c), b = odd_blocks(c);
  philox_rounds(key, a, b);
  f(pair(a.c0, a.c1), pair(a.c2, a.c3), pair(b.c0, b.c1), pair(b.c2, b.c3));
}

template <class V>
HWY_INLINE V horner(V, V last) {
  return last;
}
// c0 + x (c1 + x (c2 + ...))
template <class V, class... C>
HWY_INLINE V horner(V x, V c0, C... rest) {
  return hn::MulAdd(x, horner(x, rest...), c0);
}

// Box-Muller: z0 + i z1 = sqrt(-2 log u) exp(2 pi i v). The top two bits of the angle's word are
// the quadrant q, the others a signed fraction s in [-1/2, 1/2]: 2 pi v = pi/2 (q + s), so the
// reduction is exact and polynomials on [-pi/4, pi/4] suffice. Every product that meets a sum is
// an explicit MulAdd: nothing is left for compilers to contract differently on different targets.
// `swap` and `flip0`, `flip1` hold bits of q as sign bits: rotating by q pi/2 turns (cos, sin) into
// (cos, sin), (-sin, cos), (-cos, -sin), (sin, -cos).
template <class DF, class VF = hn::Vec<DF>, class VU>
HWY_INLINE void rotate(DF df, VF radius, VF cos, VF sin, VU word, VF& z0, VF& z1) {
  const auto shifted = hn::ShiftLeft<1>(word);
  const VF swap = hn::BitCast(df, shifted);
  const VF sign0 = hn::And(hn::BitCast(df, hn::Xor(word, shifted)), hn::SignBit(df));
  const VF sign1 = hn::And(hn::BitCast(df, word), hn::SignBit(df));
  z0 = hn::Xor(hn::Mul(radius, hn::IfNegativeThenElse(swap, sin, cos)), sign0);
  z1 = hn::Xor(hn::Mul(radius, hn::IfNegativeThenElse(swap, cos, sin)), sign1);
}

// Several vectors that take each step together: what one waits for, the others hide. Processors
// look ahead too few instructions to find that among calls one after the other.
template <std::size_t N>
using Floats = hn::Vec<hn::RebindToFloat<D32>>[N];

// y[i] = c0 + x[i] (c1 + ...)
template <std::size_t N, class V>
HWY_INLINE void horner(const Floats<N>& x, Floats<N>& y, V c0, V c1) {
  for (std::size_t i = 0; i < N; ++i) y[i] = hn::MulAdd(x[i], c1, c0);
}
template <std::size_t N, class V, class... C>
HWY_INLINE void horner(const Floats<N>& x, Floats<N>& y, V c0, V c1, C... rest) {
  horner<N>(x, y, c1, rest...);
  for (std::size_t i = 0; i < N; ++i) y[i] = hn::MulAdd(x[i], y[i], c0);
}

// y[i] = -2 log u for u = x[i] in [2^-32, 1]; u = 2^e (1 + f), 1 + f in [sqrt(1/2), sqrt(2)),
// log(1 + f) = f + f^2 P(f) with the minimax P of relative error 1.8e-7.
template <std::size_t N>
HWY_INLINE void minus_two_log(const Floats<N>& x, Floats<N>& y) {
  const hn::RebindToFloat<D32> df;
  const hn::RebindToSigned<D32> di;
  const auto c = [&](double x) { return hn::Set(df, static_cast<float>(-2 * x)); };
  Floats<N> e, f, p;
  for (std::size_t i = 0; i < N; ++i) {
    const auto bits = hn::BitCast(di, x[i]);
    const auto exponent = hn::ShiftRight<23>(hn::Sub(bits, hn::Set(di, 0x3F3504F3)));
    const auto mantissa = hn::BitCast(df, hn::Sub(bits, hn::ShiftLeft<23>(exponent)));
    e[i] = hn::ConvertTo(df, exponent);
    f[i] = hn::Sub(mantissa, hn::Set(df, 1.0F));
  }
  horner<N>(f, p, c(-0.5000032290957195), c(0.333347221554379), c(-0.24971267400214278),
            c(0.19906579929756846), c(-0.17242275842800892), c(0.1618325635921759),
            c(-0.10089861643120292));
  for (std::size_t i = 0; i < N; ++i) {
    const auto linear = hn::Mul(f[i], hn::Set(df, -2.0F));
    y[i] = hn::MulAdd(hn::Mul(f[i], f[i]), p[i], hn::MulAdd(e[i], c(0.6931471805599453), linear));
  }
}

// Two f32 normals from two words. u = (k + 1/2) / 2^31 with 31 bits k, rounded, in [2^-32, 1].
template <std::size_t N>
HWY_INLINE void box_muller(const V32 (&radius_word)[N], const V32 (&angle_word)[N], Floats<N>& z0,
                           Floats<N>& z1) {
  const hn::RebindToFloat<D32> df;
  const hn::RebindToSigned<D32> di;
  const auto c = [&](double x) { return hn::Set(df, static_cast<float>(x)); };
  Floats<N> u, radius_squared, s, y, sin, cos;
  for (std::size_t i = 0; i < N; ++i) {
    const auto k = hn::ConvertTo(df, hn::BitCast(di, hn::ShiftRight<1>(radius_word[i])));
    u[i] = hn::MulAdd(k, c(0x1p-31), c(0x1p-32));
  }
  minus_two_log<N>(u, radius_squared);
  // Minimax on |s| <= 1/2: sin(pi/2 s) to 3.3e-9, cos(pi/2 s) to 3.3e-8, relative.
  for (std::size_t i = 0; i < N; ++i) {
    const auto fraction = hn::BitCast(di, hn::ShiftLeft<2>(angle_word[i]));
    s[i] = hn::Mul(hn::ConvertTo(df, fraction), c(0x1p-32));
    y[i] = hn::Mul(s[i], s[i]);
  }
  horner<N>(y, sin, c(1.570796321708368), c(-0.6459634602330533), c(0.07968003276675875),
            c(-0.0046016578826361156));
  horner<N>(y, cos, c(0.9999999673864614), c(-1.2336966623563874), c(0.2535949466909632),
            c(-0.0203985817762418));
  for (std::size_t i = 0; i < N; ++i) {
    rotate(df, hn::Sqrt(radius_squared[i]), cos[i], hn::Mul(s[i], sin[i]), angle_word[i], z0[i],
           z1[i]);
  }
}

// -2 log u for u in [2^-52, 1], after fdlibm's e_log.c: with s = f/(2 + f),
// log(1 + f) = f - f^2/2 + s (f^2/2 + R(s^2)); error below 1 ulp.
HWY_INLINE hn::Vec<hn::RebindToFloat<D64>> minus_two_log(hn::Vec<hn::RebindToFloat<D64>> u) {
  const hn::RebindToFloat<D64> df;
  const D64 du;
  const auto c = [&](double x) { return hn::Set(df, x); };
  // e + 64 is positive, which spares a 64-bit arithmetic shift and an integer conversion.
  const V64 bias = hn::Set(du, std::uint64_t{64} << 52);
  const V64 bits = hn::BitCast(du, u);
  const V64 e64 =
      hn::ShiftRight<52>(hn::Add(hn::Sub(bits, hn::Set(du, 0x3FE6A09E667F3BCDU)), bias));
  const auto e = hn::Sub(hn::BitCast(df, hn::Or(e64, hn::BitCast(du, c(0x1p52)))), c(0x1p52 + 64));
  const auto m = hn::BitCast(df, hn::Add(hn::Sub(bits, hn::ShiftLeft<52>(e64)), bias));
  const auto f = hn::Sub(m, c(1));
  const auto s = hn::Div(f, hn::Add(f, c(2)));
  const auto z = hn::Mul(s, s);
  const auto r =
      horner(z, c(6.666666666666735130e-01), c(3.999999999940941908e-01),
             c(2.857142874366239149e-01), c(2.222219843214978396e-01), c(1.818357216161805012e-01),
             c(1.531383769920937332e-01), c(1.479819860511658591e-01));
  const auto f2 = hn::Mul(f, f);
  const auto t = hn::MulAdd(s, hn::MulAdd(z, r, hn::Mul(f2, c(0.5))),
                            hn::Mul(e, c(1.90821492927058770002e-10)));
  const auto minus_log =
      hn::NegMulAdd(e, c(6.93147180369123816490e-01), hn::Sub(hn::MulSub(f2, c(0.5), t), f));
  return hn::Add(minus_log, minus_log);
}

// Two f64 normals from two 64-bit words. u = 1 - k/2^52 with 52 bits k, exactly; the angle's
// fraction is s = k'/2^52 - 1/2. Polynomials of fdlibm's k_sin.c and k_cos.c.
HWY_INLINE void box_muller(V64 radius_word, V64 angle_word, hn::Vec<hn::RebindToFloat<D64>>& z0,
                           hn::Vec<hn::RebindToFloat<D64>>& z1) {
  const hn::RebindToFloat<D64> df;
  const auto c = [&](double x) { return hn::Set(df, x); };
  const V64 one = hn::BitCast(D64(), c(1));
  const auto u = hn::Sub(c(2), hn::BitCast(df, hn::Or(hn::ShiftRight<12>(radius_word), one)));
  const auto radius = hn::Sqrt(minus_two_log(u));
  const V64 fraction = hn::ShiftRight<12>(hn::ShiftLeft<2>(angle_word));
  const auto s = hn::Sub(hn::BitCast(df, hn::Or(fraction, one)), c(1.5));
  const auto x = hn::Mul(s, c(1.57079632679489661923));
  const auto y = hn::Mul(x, x);
  const auto sin =
      hn::MulAdd(hn::Mul(x, y),
                 horner(y, c(-1.66666666666666324348e-01), c(8.33333333332248946124e-03),
                        c(-1.98412698298579493134e-04), c(2.75573137070700676789e-06),
                        c(-2.50507602534068634195e-08), c(1.58969099521155010221e-10)),
                 x);
  const auto cos =
      horner(y, c(1), c(-0.5), c(4.16666666666666019037e-02), c(-1.38888888888741095749e-03),
             c(2.48015872894767294178e-05), c(-2.75573143513906633035e-07),
             c(2.08757232129817482790e-09), c(-1.13596475577881948265e-11));
  rotate(df, radius, cos, sin, angle_word, z0, z1);
}

struct Bits {
  using Value = std::uint32_t;
  static constexpr Index kPerBlock = 4;
  static HWY_INLINE void store(const Key& key, const Counters& c, Value* out) {
    with_words32(key, c, [=](V32 w0, V32 w1, V32 w2, V32 w3) HWY_ATTR {
      hn::StoreInterleaved4(w0, w1, w2, w3, D32(), out);
    });
  }
};

template <class T>
struct Uniform;

template <>
struct Uniform<float> {
  using Value = float;
  static constexpr Index kPerBlock = 4;
  static HWY_INLINE void store(const Key& key, const Counters& c, Value* out) {
    const hn::RebindToFloat<D32> df;
    const hn::RebindToSigned<D32> di;
    const auto value = [=](V32 w) HWY_ATTR {
      const auto k = hn::ConvertTo(df, hn::BitCast(di, hn::ShiftRight<8>(w)));
      return hn::Mul(k, hn::Set(df, 0x1p-24F));
    };
    with_words32(key, c, [=](V32 w0, V32 w1, V32 w2, V32 w3) HWY_ATTR {
      hn::StoreInterleaved4(value(w0), value(w1), value(w2), value(w3), df, out);
    });
  }
};

template <>
struct Uniform<double> {
  using Value = double;
  static constexpr Index kPerBlock = 2;
  static HWY_INLINE void store(const Key& key, const Counters& c, Value* out) {
    const D64 du;
    const hn::RebindToFloat<D64> df;
    // The mantissa holds 52 of the 53 bits; the last one is added.
    const auto value = [=](V64 w) HWY_ATTR {
      const auto one = hn::Set(df, 1.0);
      const auto high =
          hn::Sub(hn::BitCast(df, hn::Or(hn::ShiftRight<12>(w), hn::BitCast(du, one))), one);
      const auto last = hn::BitCast(df, hn::ShiftLeft<52>(w));  // its sign is bit 11 of w
      return hn::Add(high, hn::IfNegativeThenElse(last, hn::Set(df, 0x1p-53), hn::Zero(df)));
    };
    with_words64(key, c, [=](V64 a0, V64 a1, V64 b0, V64 b1) HWY_ATTR {
      hn::StoreInterleaved4(value(a0), value(a1), value(b0), value(b1), df, out);
    });
  }
};

template <class T>
struct Normal;

template <>
struct Normal<float> {
  using Value = float;
  static constexpr Index kPerBlock = 4;

  static HWY_INLINE void store(const Key& key, const Counters& c, Value* out) {
    with_words32(key, c, [=](V32 w0, V32 w1, V32 w2, V32 w3) HWY_ATTR {
      store_normals<2>({w0, w2}, {w1, w3}, out);
    });
  }
  static HWY_INLINE void store_two(const Key& key, std::uint64_t block, std::uint64_t stream,
                                   Value* out) {
    const Counters here = consecutive(block, stream);
    const Counters next = consecutive(block + static_cast<std::uint64_t>(chunk_blocks()), stream);
    Block a = even_blocks(here), b = odd_blocks(here);
    Block c = even_blocks(next), d = odd_blocks(next);
    philox_rounds(key, a, b, c, d);
    store_normals<4>(
        {zip_low(a.c0, b.c0), zip_low(a.c2, b.c2), zip_low(c.c0, d.c0), zip_low(c.c2, d.c2)},
        {zip_low(a.c1, b.c1), zip_low(a.c3, b.c3), zip_low(c.c1, d.c1), zip_low(c.c3, d.c3)}, out);
  }

 private:
  // Words 0 and 1, 2 and 3 of a chunk make its normals.
  template <std::size_t N>
  static HWY_INLINE void store_normals(const V32 (&radius)[N], const V32 (&angle)[N], Value* out) {
    const hn::RebindToFloat<D32> df;
    Floats<N> z0, z1;
    box_muller<N>(radius, angle, z0, z1);
    for (std::size_t i = 0; i < N; i += 2, out += 4 * hn::Lanes(df)) {
      hn::StoreInterleaved4(z0[i], z1[i], z0[i + 1], z1[i + 1], df, out);
    }
  }
};

template <>
struct Normal<double> {
  using Value = double;
  static constexpr Index kPerBlock = 2;
  static HWY_INLINE void store(const Key& key, const Counters& c, Value* out) {
    with_words64(key, c, [=](V64 w0, V64 w1, V64 w2, V64 w3) HWY_ATTR {
      const hn::RebindToFloat<D64> df;
      hn::Vec<decltype(df)> z0, z1, z2, z3;
      box_muller(w0, w1, z0, z1);
      box_muller(w2, w3, z2, z3);
      hn::StoreInterleaved4(z0, z1, z2, z3, df, out);
    });
  }
};

}  // namespace ito::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
