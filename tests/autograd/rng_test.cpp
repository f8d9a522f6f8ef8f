// Philox, the bulk kernels on every target, and Generator.
#include "autograd/kernels/rng.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <numbers>
#include <type_traits>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/random.h"
#include "tests/autograd/kernels/each_target.h"

namespace ito {
namespace {

using kernels::for_each_target;
using Words = std::array<std::uint32_t, 4>;

constexpr std::uint64_t kSeed = 0x0123456789ABCDEF, kStream = 0xFEDCBA9876543210;

// A false alarm in 1e-6 of all seeds, the seeds being fixed.
constexpr double kTwoSidedNormal = 4.892;  // P(|Z| > 4.892) = 1e-6
constexpr double kKolmogorov = 2.694;      // 2 exp(-2 x^2) = 1e-6

template <class T>
std::vector<T> normals(std::uint64_t stream, std::uint64_t position, Index n) {
  std::vector<T> out(static_cast<std::size_t>(n));
  kernels::normal(kSeed, stream, position, out.data(), n);
  return out;
}

Words block_words(std::uint64_t stream, std::uint64_t block) {
  const auto low = [](std::uint64_t x) { return static_cast<std::uint32_t>(x); };
  return kernels::philox({low(block), low(block >> 32), low(stream), low(stream >> 32)},
                         {low(kSeed), low(kSeed >> 32)});
}

// Random123, tests/kat_vectors, rows "philox4x32 10".
TEST(Philox, KnownAnswers) {
  EXPECT_EQ(kernels::philox({0, 0, 0, 0}, {0, 0}),
            (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr std::uint32_t kOnes = 0xffffffff;
  EXPECT_EQ(kernels::philox({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(
      kernels::philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
      (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, BulkEqualsScalarOnEveryTarget) {
  constexpr Index kCount = 1003;
  // The third position makes the low half of the block number wrap inside a vector.
  for (const std::uint64_t position :
       {std::uint64_t{0}, std::uint64_t{7}, (std::uint64_t{4} << 32) - 21}) {
    for_each_target([&](std::int64_t target) {
      std::vector<std::uint32_t> out(kCount);
      kernels::philox_bits(kSeed, kStream, position, out.data(), kCount);
      for (Index i = 0; i < kCount; ++i) {
        const std::uint64_t at = position + static_cast<std::uint64_t>(i);
        ASSERT_EQ(out[static_cast<std::size_t>(i)], block_words(kStream, at / 4)[at % 4])
            << hwy::TargetName(target) << " at " << at;
      }
    });
  }
}

template <class T>
class Bulk : public testing::Test {
 public:
  static constexpr std::uint64_t kPerBlock = 16 / sizeof(T);
};
using Floats = testing::Types<float, double>;
TYPED_TEST_SUITE(Bulk, Floats);

TYPED_TEST(Bulk, UniformIsTheTopBitsOnEveryTarget) {
  using T = TypeParam;
  for_each_target([&](std::int64_t target) {
    std::vector<T> out(501);
    kernels::uniform(kSeed, kStream, 3, out.data(), std::ssize(out));
    for (std::size_t i = 0; i < out.size(); ++i) {
      const std::uint64_t at = i + 3, lane = at % TestFixture::kPerBlock;
      const Words w = block_words(kStream, at / TestFixture::kPerBlock);
      if constexpr (std::is_same_v<T, float>) {
        ASSERT_EQ(out[i], std::ldexp(static_cast<float>(w[lane] >> 8), -24))
            << hwy::TargetName(target);
      } else {
        const std::uint64_t bits = w[2 * lane] | std::uint64_t{w[2 * lane + 1]} << 32;
        ASSERT_EQ(out[i], std::ldexp(static_cast<double>(bits >> 11), -53))
            << hwy::TargetName(target);
      }
    }
  });
}

// Box-Muller in long double from the same words.
template <class T>
std::vector<long double> exact_normals(std::uint64_t stream, std::uint64_t blocks) {
  std::vector<long double> z;
  const auto add = [&](long double u, std::uint32_t quadrant, long double s) {
    const long double radius = std::sqrt(-2 * std::log(u));
    const long double angle = std::numbers::pi_v<long double> / 2 * s;
    long double x = radius * std::cos(angle), y = radius * std::sin(angle);
    // times i, `quadrant` times; adding it to the angle instead would round small sines
    for (; quadrant > 0; --quadrant) x = -std::exchange(y, x);
    z.push_back(x);
    z.push_back(y);
  };
  for (std::uint64_t b = 0; b < blocks; ++b) {
    const Words w = block_words(stream, b);
    if constexpr (std::is_same_v<T, float>) {
      for (std::size_t k = 0; k < 4; k += 2) {
        const auto rounded = static_cast<long double>(static_cast<float>(w[k] >> 1));
        const auto u = static_cast<float>(rounded * 0x1p-31L + 0x1p-32L);
        add(u, w[k + 1] >> 30, static_cast<std::int32_t>(w[k + 1] << 2) * 0x1p-32L);
      }
    } else {
      const std::uint64_t x = w[0] | std::uint64_t{w[1]} << 32;
      const std::uint64_t y = w[2] | std::uint64_t{w[3]} << 32;
      add(1 - static_cast<long double>(x >> 12) * 0x1p-52L, w[3] >> 30,
          static_cast<long double>(y << 2 >> 12) * 0x1p-52L - 0.5L);
    }
  }
  return z;
}

// Relative error, in units of the rounding error e = 2^-24 or 2^-53. The radius is the root of a
// logarithm good to 3 e of approximation (f32: 1.8e-7) and 3 e of rounding, which the root halves,
// and rounds once more: 4 e. Sine and cosine: 1 e of the argument, at most 1 e of approximation and
// 2 e of rounding. The product: 1 e.
TYPED_TEST(Bulk, NormalIsBoxMullerOnEveryTarget) {
  using T = TypeParam;
  constexpr std::uint64_t kBlocks = 50'000;
  const auto exact = exact_normals<T>(kStream, kBlocks);
  for_each_target([&](std::int64_t target) {
    const auto z = normals<T>(kStream, 0, std::ssize(exact));
    long double worst = 0;
    for (std::size_t i = 0; i < z.size(); ++i) {
      worst = std::max(worst, std::abs(z[i] / exact[i] - 1));
    }
    EXPECT_LE(static_cast<double>(worst), 9 * std::numeric_limits<T>::epsilon() / 2)
        << hwy::TargetName(target);
  });
}

TYPED_TEST(Bulk, VectorTargetsAgreeToTheByte) {
  using T = TypeParam;
  std::vector<T> first;
  for_each_target([&](std::int64_t target) {
    if (target & (HWY_SCALAR | HWY_EMU128 | HWY_SSSE3 | HWY_SSE4)) return;  // no fused multiply-add
    const auto z = normals<T>(kStream, 5, 10'001);
    if (first.empty()) first = z;
    EXPECT_EQ(std::memcmp(z.data(), first.data(), z.size() * sizeof(T)), 0)
        << hwy::TargetName(target);
  });
}

TYPED_TEST(Bulk, AnySubRangeIsRegenerated) {
  using T = TypeParam;
  for_each_target([&](std::int64_t target) {
    const auto all = normals<T>(kStream, 0, 400);
    for (const Index begin : {0, 1, 2, 3, 4, 5, 63, 64, 65, 130}) {
      for (const Index n : {0, 1, 2, 3, 4, 7, 31, 32, 33, 63, 64, 65, 127, 128, 200}) {
        const auto part = normals<T>(kStream, static_cast<std::uint64_t>(begin), n);
        ASSERT_TRUE(std::equal(part.begin(), part.end(), all.begin() + begin))
            << hwy::TargetName(target) << " [" << begin << ", " << begin + n << ")";
      }
    }
  });
}

TYPED_TEST(Bulk, RowsAreStreams) {
  using T = TypeParam;
  for_each_target([&](std::int64_t target) {
    for (const Index cols : {0, 1, 2, 3, 5, 8, 33, 64, 100, 128, 129, 700}) {
      for (const std::uint64_t position : {0U, 1U, 2U, 3U, 126U}) {
        constexpr Index kRows = 37;
        std::vector<T> out(static_cast<std::size_t>(kRows * cols) + 1, T{-99});
        kernels::normal_rows(kSeed, kStream, position, out.data(), kRows, cols);
        ASSERT_EQ(out.back(), T{-99});
        for (Index r = 0; r < kRows; ++r) {
          const auto row = normals<T>(kStream + static_cast<std::uint64_t>(r), position, cols);
          ASSERT_TRUE(std::equal(row.begin(), row.end(), out.begin() + r * cols))
              << hwy::TargetName(target) << " row " << r << " of " << cols << " from " << position;
        }
      }
    }
  });
}

TYPED_TEST(Bulk, NormalMomentsTailsAndCorrelations) {
  using T = TypeParam;
  constexpr Index kCount = 10'000'000;
  const auto z = normals<T>(kStream, 0, kCount);
  double sum[5] = {};
  double beyond4 = 0;
  for (const T x : z) {
    double power = 1;
    for (int k = 1; k <= 4; ++k) sum[k] += power *= static_cast<double>(x);
    beyond4 += std::abs(x) > 4;
  }
  // E z^k and Var z^k = E z^2k - (E z^k)^2 of N(0, 1).
  constexpr double kMean[5] = {1, 0, 1, 0, 3}, kVariance[5] = {0, 1, 2, 15, 96};
  for (int k = 1; k <= 4; ++k) {
    EXPECT_NEAR(sum[k] / kCount, kMean[k], kTwoSidedNormal * std::sqrt(kVariance[k] / kCount))
        << "moment " << k;
  }
  const double expected = kCount * std::erfc(4 / std::numbers::sqrt2);
  EXPECT_NEAR(beyond4, expected, kTwoSidedNormal * std::sqrt(expected));
  // Lags within a block, across blocks and across vectors: sum z z' / sqrt n is N(0, 1).
  for (const std::size_t lag : {1U, 2U, 3U, 4U, 5U, 8U, 16U, 32U, 64U}) {
    double dot = 0;
    for (std::size_t i = lag; i < z.size(); ++i) {
      dot += static_cast<double>(z[i]) * static_cast<double>(z[i - lag]);
    }
    EXPECT_LE(std::abs(dot) / std::sqrt(kCount), kTwoSidedNormal) << "lag " << lag;
  }
}

TYPED_TEST(Bulk, NormalPassesKolmogorovSmirnov) {
  using T = TypeParam;
  constexpr Index kCount = 10'000'000;
  auto z = normals<T>(kStream + 1, 0, kCount);
  std::sort(z.begin(), z.end());
  double distance = 0;
  for (std::size_t i = 0; i < z.size(); ++i) {
    const double cdf = 0.5 * std::erfc(-static_cast<double>(z[i]) / std::numbers::sqrt2);
    const double below = static_cast<double>(i) / kCount;
    distance = std::max({distance, cdf - below, below + 1.0 / kCount - cdf});
  }
  EXPECT_LE(distance * std::sqrt(kCount), kKolmogorov);
}

TYPED_TEST(Bulk, StreamsAndSeedsAreUncorrelated) {
  using T = TypeParam;
  constexpr Index kCount = 1'000'000;
  const auto a = normals<T>(0, 0, kCount), b = normals<T>(1, 0, kCount);
  std::vector<T> c(kCount);
  kernels::normal(kSeed + 1, 0, 0, c.data(), kCount);
  double ab = 0, ac = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    ac += static_cast<double>(a[i]) * static_cast<double>(c[i]);
  }
  EXPECT_LE(std::abs(ab) / std::sqrt(kCount), kTwoSidedNormal);
  EXPECT_LE(std::abs(ac) / std::sqrt(kCount), kTwoSidedNormal);
}

TEST(Generator, ResumesExactly) {
  Generator a(kSeed, 7);
  std::vector<float> skipped(13);
  a.fill_normal(skipped.data(), std::ssize(skipped));
  EXPECT_EQ(a.position(), 4U);  // ceil(13 / 4) blocks
  Generator b(a.seed(), a.stream(), a.position());
  EXPECT_EQ(a, b);
  EXPECT_EQ(a.next_u64(), b.next_u64());
  EXPECT_EQ(a.normal(), b.normal());
  EXPECT_EQ(a.uniform(), b.uniform());
  b.seek(0);
  std::vector<float> again(13);
  b.fill_normal(again.data(), std::ssize(again));
  EXPECT_EQ(skipped, again);
}

TEST(Generator, ScalarAndBulkDrawsShareOneSequence) {
  std::vector<double> bulk(10);
  Generator(kSeed).fill_uniform(bulk.data(), std::ssize(bulk));
  Generator rng(kSeed);
  for (std::size_t i = 0; i < bulk.size(); i += 2) EXPECT_EQ(rng.uniform(), bulk[i]);
}

TEST(Generator, SplitsAreDistinctAndDoNotAdvance) {
  const Generator rng(kSeed, 3, 11);
  std::vector<std::uint64_t> first;
  for (std::uint64_t k = 0; k < 1000; ++k) {
    Generator child = rng.split(k);
    EXPECT_EQ(child, Generator(kSeed, 3, 99).split(k));
    first.push_back(child.next_u64());
  }
  std::sort(first.begin(), first.end());
  EXPECT_EQ(std::adjacent_find(first.begin(), first.end()), first.end());
}

TEST(Generator, BelowIsUniform) {
  Generator rng(kSeed);
  constexpr Index kValues = 7, kDraws = 700'000;
  std::array<double, kValues> count{};
  for (Index i = 0; i < kDraws; ++i) ++count[static_cast<std::size_t>(rng.below(kValues))];
  double chi2 = 0;
  for (const double c : count) chi2 += (c - 1e5) * (c - 1e5) / 1e5;
  EXPECT_LE(chi2, 38.26);  // P(chi^2 of 6 degrees > 38.26) = 1e-6
  EXPECT_EQ(rng.below(1), 0);
  EXPECT_THROW(rng.below(0), Error);
  // Near 2^63 * 2/3 a biased reduction would favour some values by half: here the lower third
  // of the range must get a third of the draws.
  constexpr Index kHuge = std::numeric_limits<Index>::max() / 3 * 2;
  double lower = 0;
  for (Index i = 0; i < kDraws; ++i) lower += rng.below(kHuge) < kHuge / 3;
  EXPECT_NEAR(lower, kDraws / 3.0, kTwoSidedNormal * std::sqrt(kDraws * 2.0 / 9));
}

TEST(Generator, PermutationsAreUniform) {
  Generator rng(kSeed);
  constexpr int kDraws = 240'000;
  std::array<double, 256> count{};
  std::array<Index, 4> p{};
  for (int i = 0; i < kDraws; ++i) {
    rng.permutation(p);
    ++count[static_cast<std::size_t>(p[0] << 6 | p[1] << 4 | p[2] << 2 | p[3])];
  }
  double chi2 = 0;
  int seen = 0;
  for (const double c : count) {
    if (c > 0) ++seen, chi2 += (c - kDraws / 24.0) * (c - kDraws / 24.0) / (kDraws / 24.0);
  }
  EXPECT_EQ(seen, 24);
  EXPECT_LE(chi2, 71.5);  // P(chi^2 of 23 degrees > 71.5) = 7e-7
}

}  // namespace
}  // namespace ito
