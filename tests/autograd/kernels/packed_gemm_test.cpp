// packed_gemm against three loops, on every instruction set, and what it promises about its bytes.
#include "autograd/kernels/packed_gemm.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/error.h"
#include "autograd/kernels/gemm.h"
#include "autograd/random.h"
#include "autograd/storage.h"
#include "tests/autograd/kernels/each_target.h"

namespace ito::kernels {
namespace {

struct Sizes {
  bool trans_a, trans_b;
  Index m, n, k;
  Index pad = 0;  // leading dimensions beyond the widths
};
std::ostream& operator<<(std::ostream& out, const Sizes& s) {
  return out << (s.trans_a ? 't' : 'n') << (s.trans_b ? 't' : 'n') << " m = " << s.m
             << ", n = " << s.n << ", k = " << s.k << ", pad = " << s.pad;
}

// The operands of one product, and C before it.
template <class T>
struct Problem {
  Problem(const Sizes& sizes, Generator& rng)
      : s(sizes),
        lda((s.trans_a ? s.m : s.k) + s.pad),
        ldb((s.trans_b ? s.k : s.n) + s.pad),
        ldc(s.n + s.pad),
        a(normals((s.trans_a ? s.k : s.m) * lda, rng)),
        b(normals((s.trans_b ? s.n : s.k) * ldb, rng)),
        c(normals(s.m * ldc, rng)) {}

  static std::vector<T> normals(Index n, Generator& rng) {
    std::vector<T> x(static_cast<std::size_t>(n));
    rng.fill_normal(x.data(), n);
    return x;
  }
  double a_at(Index i, Index l) const {
    return static_cast<double>(a[static_cast<std::size_t>(s.trans_a ? l * lda + i : i * lda + l)]);
  }
  double b_at(Index l, Index j) const {
    return static_cast<double>(b[static_cast<std::size_t>(s.trans_b ? j * ldb + l : l * ldb + j)]);
  }
  std::vector<T> packed(T alpha, T beta, std::vector<T> out) const {
    packed_gemm(s.trans_a, s.trans_b, s.m, s.n, s.k, alpha, a.data(), lda, b.data(), ldb, beta,
                out.data(), ldc);
    return out;
  }

  Sizes s;
  Index lda, ldb, ldc;
  std::vector<T> a, b, c;
};

// The worst |C - C'| over its bound, C' from three loops in double. The k products and sums of a
// dot product cost at most k roundings in any order (Higham, Accuracy and Stability of Numerical
// Algorithms, section 3.1), alpha, beta and their sum three more; for doubles C' has as many again.
// Infinite if C is NaN or if anything between its rows has changed.
template <class T>
double worst(const Problem<T>& p, T alpha, T beta, const std::vector<T>& out) {
  const double unit = std::numeric_limits<T>::epsilon() / 2 * (sizeof(T) == 8 ? 2 : 1.01);
  const double wrong = std::numeric_limits<double>::infinity();
  double ratio = 0;
  for (Index i = 0; i < p.s.m; ++i) {
    for (Index j = 0; j < p.ldc; ++j) {
      const auto at = static_cast<std::size_t>(i * p.ldc + j);
      if (j >= p.s.n) {
        if (out[at] != p.c[at]) return wrong;
        continue;
      }
      double exact = 0, scale = 0;
      for (Index l = 0; l < p.s.k; ++l) {
        const double product = p.a_at(i, l) * p.b_at(l, j);
        exact += product;
        scale += std::abs(product);
      }
      const double old = static_cast<double>(beta) * static_cast<double>(p.c[at]);
      exact = static_cast<double>(alpha) * exact + old;
      scale = std::abs(static_cast<double>(alpha)) * scale + std::abs(old);
      const double error = std::abs(static_cast<double>(out[at]) - exact);
      if (std::isnan(error)) return wrong;
      if (error > 0) {
        ratio = std::max(ratio, error / (static_cast<double>(p.s.k + 3) * unit * scale));
      }
    }
  }
  return ratio;
}

bool has_fma(std::int64_t target) {
  return std::string(hwy::TargetName(target)) != "SSE2";
}

template <class T>
class PackedGemm : public testing::Test {
 protected:
  Generator rng_{1966};
};
using Floats = testing::Types<float, double>;
TYPED_TEST_SUITE(PackedGemm, Floats);

constexpr bool kBools[] = {false, true};

TYPED_TEST(PackedGemm, EqualsThreeLoops) {
  using T = TypeParam;
  // About the tiles' 6 and 14 rows, the vectors' 4, 8 and 16 lanes, and pairs of those.
  const Index heights[] = {0, 1, 2, 5, 6, 7, 13, 15, 29}, widths[] = {0, 1, 3, 4, 8, 9, 16, 17, 33};
  const Index depths[] = {0, 1, 2, 3, 4, 5, 40};
  for_each_target([&](std::int64_t target) {
    for (const bool ta : kBools) {
      for (const bool tb : kBools) {
        for (const Index m : heights) {
          for (const Index n : widths) {
            for (const Index k : depths) {
              const Problem<T> p({ta, tb, m, n, k, (m + n + k) % 3}, this->rng_);
              for (const T alpha : {T(1), T(0.5), T(0)}) {
                for (const T beta : {T(0), T(1), T(0.5)}) {
                  ASSERT_LE(worst(p, alpha, beta, p.packed(alpha, beta, p.c)), 1)
                      << p.s << ", alpha = " << alpha << ", beta = " << beta << ", target "
                      << hwy::TargetName(target);
                }
              }
            }
          }
        }
      }
    }
  });
}

TYPED_TEST(PackedGemm, EqualsThreeLoopsAcrossBlocks) {
  using T = TypeParam;
  // Several pieces of k and of the rows; a leading dimension beyond which A is copied; rows of A'
  // that are not, just as long, and whole pages apart; rows of C so far apart that it is made by
  // rows.
  const Sizes sizes[] = {{false, false, 50, 256, 128, 0},   {true, false, 37, 70, 1100, 5},
                         {false, true, 701, 33, 401, 1},    {true, true, 20, 300, 395, 600},
                         {false, false, 20, 260, 395, 700}, {true, false, 700, 257, 30, 3},
                         {false, false, 75, 300, 401, 2},   {false, true, 75, 300, 401, 2},
                         {true, false, 130, 330, 50, 2000}, {false, true, 400, 305, 97, 1100},
                         {true, false, 150, 300, 128, 5},   {true, true, 24, 300, 128, 1000}};
  for (const Sizes& s : sizes) {
    const Problem<T> p(s, this->rng_);
    for_each_target([&](std::int64_t target) {
      ASSERT_LE(worst(p, T(1), T(0), p.packed(T(1), T(0), p.c)), 1)
          << s << ", target " << hwy::TargetName(target);
      ASSERT_LE(worst(p, T(0.5), T(-2), p.packed(T(0.5), T(-2), p.c)), 1)
          << s << ", target " << hwy::TargetName(target);
    });
  }
}

TYPED_TEST(PackedGemm, RandomSizes) {
  using T = TypeParam;
  Generator& rng = this->rng_;
  for (int i = 0; i < 60; ++i) {
    const Problem<T> p(
        {i % 2 == 0, i % 4 < 2, rng.below(130), rng.below(130), rng.below(500), rng.below(9)}, rng);
    ASSERT_LE(worst(p, T(1), T(1), p.packed(T(1), T(1), p.c)), 1) << p.s;
  }
}

TYPED_TEST(PackedGemm, ZeroBetaNeverReadsCNorZeroAlphaTheOperands) {
  using T = TypeParam;
  const T nan = std::numeric_limits<T>::quiet_NaN();
  for_each_target([&](std::int64_t) {
    for (const Sizes& s : {Sizes{false, false, 5, 40, 900}, Sizes{true, true, 40, 1, 7},
                           Sizes{false, true, 15, 3, 0}}) {
      Problem<T> p(s, this->rng_);
      ASSERT_LE(worst(p, T(1), T(0), p.packed(T(1), T(0), std::vector<T>(p.c.size(), nan))), 1)
          << s;
      std::fill(p.a.begin(), p.a.end(), nan);
      for (const T x : p.packed(T(0), T(0), p.c)) ASSERT_EQ(x, 0) << s;
      ASSERT_EQ(p.packed(T(0), T(1), p.c), p.c) << s;
    }
  });
}

// Fused multiply-adds in sequence within a piece of k, so the three loops give the same bytes as
// long as there is one piece.
TYPED_TEST(PackedGemm, IsTheFusedSumInSequence) {
  using T = TypeParam;
  for (const bool ta : kBools) {
    for (const bool tb : kBools) {
      const Problem<T> p({ta, tb, 31, 45, 100}, this->rng_);
      std::vector<T> expected(p.c.size());
      for (Index i = 0; i < p.s.m; ++i) {
        for (Index j = 0; j < p.s.n; ++j) {
          T sum = 0;
          for (Index l = 0; l < p.s.k; ++l) {
            sum = std::fma(static_cast<T>(p.a_at(i, l)), static_cast<T>(p.b_at(l, j)), sum);
          }
          expected[static_cast<std::size_t>(i * p.ldc + j)] = sum;
        }
      }
      for_each_target([&](std::int64_t target) {
        if (!has_fma(target)) return;
        EXPECT_EQ(p.packed(T(1), T(0), p.c), expected)
            << p.s << ", target " << hwy::TargetName(target);
      });
    }
  }
}

TYPED_TEST(PackedGemm, EveryTargetGivesTheSameBytes) {
  using T = TypeParam;
  for (const Sizes& s : {Sizes{false, true, 50, 256, 128}, Sizes{true, false, 33, 19, 1000},
                         Sizes{false, false, 7, 300, 777, 600}, Sizes{true, true, 70, 1, 90}}) {
    const Problem<T> p(s, this->rng_);
    std::vector<T> first;
    for_each_target([&](std::int64_t target) {
      if (!has_fma(target)) return;
      const auto out = p.packed(T(0.75), T(0.3), p.c);
      if (first.empty()) first = out;
      EXPECT_EQ(out, first) << s << ", target " << hwy::TargetName(target);
    });
  }
}

// A row of C depends neither on the other rows nor on their number, nor does a column on the
// others.
TYPED_TEST(PackedGemm, RowsAndColumnsDoNotDependOnTheBatch) {
  using T = TypeParam;
  constexpr Index m = 800, n = 300, k = 600;
  const Problem<T> p({false, true, m, n, k}, this->rng_);
  const auto whole = p.packed(T(1), T(0), p.c);
  for (const auto& [rows, columns] :
       {std::pair{Index{1}, n}, std::pair{Index{50}, n}, std::pair{Index{513}, Index{33}},
        std::pair{m, Index{1}}, std::pair{Index{1}, Index{1}}}) {
    for (const Index first : {Index{0}, m - rows}) {
      std::vector<T> part(static_cast<std::size_t>(rows * columns));
      packed_gemm(false, true, rows, columns, k, T(1), p.a.data() + first * k, k, p.b.data(), k,
                  T(0), part.data(), columns);
      for (Index i = 0; i < rows; ++i) {
        ASSERT_EQ(std::memcmp(part.data() + i * columns, whole.data() + (first + i) * n,
                              static_cast<std::size_t>(columns) * sizeof(T)),
                  0)
            << rows << " x " << columns << ", row " << first + i;
      }
    }
  }
}

// Whether factors repeat and are packed once, or one product after the other.
TYPED_TEST(PackedGemm, BatchesEqualTheirProducts) {
  using T = TypeParam;
  constexpr Index batch = 3;
  // The last exceeds the rows that are packed together.
  for (const Sizes& s : {Sizes{false, true, 50, 64, 70}, Sizes{true, false, 40, 270, 50},
                         Sizes{false, false, 20, 300, 500}, Sizes{true, true, 33, 3, 40},
                         Sizes{true, false, 300, 40, 800}}) {
    const Index size_a = s.m * s.k, size_b = s.k * s.n, size_c = s.m * s.n;
    const auto a = Problem<T>::normals(batch * size_a, this->rng_);
    const auto b = Problem<T>::normals(batch * size_b, this->rng_);
    const auto c = Problem<T>::normals(batch * size_c, this->rng_);
    const Index lda = s.trans_a ? s.m : s.k, ldb = s.trans_b ? s.k : s.n;
    for_each_target([&](std::int64_t target) {
      for (const Index stride_a : {Index{0}, size_a}) {
        for (const Index stride_b : {Index{0}, size_b}) {
          auto together = c, apart = c;
          packed_batched_gemm(batch, s.trans_a, s.trans_b, s.m, s.n, s.k, T(0.5), a.data(), lda,
                              stride_a, b.data(), ldb, stride_b, T(2), together.data(), s.n,
                              size_c);
          for (Index g = 0; g < batch; ++g) {
            packed_gemm(s.trans_a, s.trans_b, s.m, s.n, s.k, T(0.5), a.data() + g * stride_a, lda,
                        b.data() + g * stride_b, ldb, T(2), apart.data() + g * size_c, s.n);
          }
          ASSERT_EQ(together, apart) << s << ", strides " << stride_a << " and " << stride_b
                                     << ", target " << hwy::TargetName(target);
        }
      }
    });
  }
}

TYPED_TEST(PackedGemm, TakesItsBuffersFromThePool) {
  using T = TypeParam;
  const Problem<T> p({true, true, 300, 300, 600, 500}, this->rng_);
  auto c = p.packed(T(1), T(0), p.c);
  const PoolStats before = pool_stats();
  packed_gemm(true, true, p.s.m, p.s.n, p.s.k, T(1), p.a.data(), p.lda, p.b.data(), p.ldb, T(0),
              c.data(), p.ldc);
  const PoolStats after = pool_stats();
  EXPECT_EQ(after.bytes_live, before.bytes_live);
  // Under AddressSanitizer the pool keeps nothing.
  if (before.bytes_cached > 0) {
    EXPECT_EQ(after.system_allocations, before.system_allocations);
  }
}

// The choice is made once, hence a process of its own for each. `asked` may be null.
void expect_backend(const char* asked, const char* expected) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        if (asked) {
          setenv("ITO_GEMM", asked, 1);
        } else {
          unsetenv("ITO_GEMM");
        }
        std::string found;
        try {
          found = gemm_backend();
        } catch (const Error&) {
          found = "an error";
        }
        std::exit(found == expected ? 0 : 1);
      },
      testing::ExitedWithCode(0), "")
      << (asked ? asked : "nothing");
}

TEST(GemmBackend, IsWhatTheEnvironmentAsksFor) {
  expect_backend("packed", "packed");
  expect_backend("openblas", "openblas");
  expect_backend("fast", "an error");
}

#if HWY_ARCH_X86
// OpenBLAS with DYNAMIC_ARCH, as distributions build it, takes the core that the environment names.
TEST(GemmBackend, IsPackedIfOpenBlasIsBehindTheProcessor) {
  if (!(hwy::SupportedTargets() & (HWY_AVX2 | HWY_AVX3))) GTEST_SKIP() << "nothing is newer";
  const char* before = std::getenv("OPENBLAS_CORETYPE");
  const std::string restore = before ? before : "";
  setenv("OPENBLAS_CORETYPE", "Nehalem", 1);
  expect_backend(nullptr, "packed");
  if (before) {
    setenv("OPENBLAS_CORETYPE", restore.c_str(), 1);
  } else {
    unsetenv("OPENBLAS_CORETYPE");
  }
}
#endif

}  // namespace
}  // namespace ito::kernels
