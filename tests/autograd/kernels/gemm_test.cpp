// gemm against three loops.
#include "autograd/kernels/gemm.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/random.h"

namespace ito::kernels {
namespace {

template <class T>
class Gemm : public testing::Test {
 protected:
  std::vector<T> random(Index n) {
    std::vector<T> x(static_cast<std::size_t>(n));
    rng_.fill_normal(x.data(), n);
    return x;
  }

  // Worst |C - C'| over the bound (k + 2) eps (|alpha| |A| |B| + |beta C|), which holds for any
  // order of summation (Higham, Accuracy and Stability, section 3.5).
  double worst(bool ta, bool tb, Index m, Index n, Index k, T alpha, T beta, Index pad,
               bool garbage_c) {
    const Index lda = (ta ? m : k) + pad, ldb = (tb ? k : n) + pad, ldc = n + pad;
    const auto a = random((ta ? k : m) * lda + 1), b = random((tb ? n : k) * ldb + 1);
    auto c = random(m * ldc + 1);
    const auto before = c;
    if (garbage_c) std::fill(c.begin(), c.end(), std::numeric_limits<T>::quiet_NaN());
    gemm(ta, tb, m, n, k, alpha, a.data(), lda, b.data(), ldb, beta, c.data(), ldc);
    double ratio = 0;
    for (Index i = 0; i < m; ++i) {
      for (Index j = 0; j < n; ++j) {
        double exact = 0, scale = 0;
        for (Index l = 0; l < k; ++l) {
          const double product =
              static_cast<double>(a[static_cast<std::size_t>(ta ? l * lda + i : i * lda + l)]) *
              static_cast<double>(b[static_cast<std::size_t>(tb ? j * ldb + l : l * ldb + j)]);
          exact += product;
          scale += std::abs(product);
        }
        const auto at = static_cast<std::size_t>(i * ldc + j);
        const double old =
            beta == 0 ? 0.0 : static_cast<double>(beta) * static_cast<double>(before[at]);
        exact = static_cast<double>(alpha) * exact + old;
        scale = std::abs(static_cast<double>(alpha)) * scale + std::abs(old);
        const double bound = static_cast<double>(k + 2) * std::numeric_limits<T>::epsilon() * scale;
        const double error = std::abs(static_cast<double>(c[at]) - exact);
        if (!(error <= bound)) ratio = std::max(ratio, bound > 0 ? error / bound : 1e300);
        if (std::isnan(error)) ratio = 1e300;
      }
      if (!garbage_c) {
        for (Index j = n; j < ldc; ++j) {
          const auto at = static_cast<std::size_t>(i * ldc + j);
          if (c[at] != before[at]) ratio = 1e300;  // wrote between the rows
        }
      }
    }
    return ratio;
  }

 private:
  Generator rng_{2024};
};
using Floats = testing::Types<float, double>;
TYPED_TEST_SUITE(Gemm, Floats);

TYPED_TEST(Gemm, EqualsThreeLoops) {
  const Index sizes[] = {0, 1, 2, 7, 33, 65};
  for (const bool ta : {false, true}) {
    for (const bool tb : {false, true}) {
      for (const Index m : sizes) {
        for (const Index n : sizes) {
          for (const Index k : sizes) {
            for (const Index pad : {0, 3}) {
              ASSERT_LE(this->worst(ta, tb, m, n, k, TypeParam(1), TypeParam(0), pad, false), 1)
                  << ta << tb << ' ' << m << ' ' << n << ' ' << k << ' ' << pad;
              ASSERT_LE(this->worst(ta, tb, m, n, k, TypeParam(-0.5), TypeParam(2), pad, false), 1)
                  << ta << tb << ' ' << m << ' ' << n << ' ' << k << ' ' << pad;
            }
          }
        }
      }
    }
  }
}

TYPED_TEST(Gemm, ZeroBetaNeverReadsC) {
  for (const Index m : {1, 5, 40}) {
    for (const Index n : {1, 5, 40}) {
      for (const Index k : {0, 1, 40}) {
        ASSERT_LE(this->worst(false, false, m, n, k, TypeParam(1), TypeParam(0), 2, true), 1)
            << m << ' ' << n << ' ' << k;
      }
    }
  }
}

// Vectors, products of the size for which some OpenBLAS kernels look at the transpositions, and
// ones beyond it.
TYPED_TEST(Gemm, BytesDoNotDependOnTheLayoutOfTheOperands) {
  using T = TypeParam;
  struct Size {
    Index m, n, k;
  };
  for (const auto& [m, n, k] : {Size{1, 70, 33}, Size{70, 1, 33}, Size{1, 1, 100}, Size{3, 4, 2},
                                Size{40, 50, 60}, Size{130, 110, 90}, Size{33, 65, 700}}) {
    const auto a = this->random(m * k), b = this->random(k * n);
    std::vector<T> expected(static_cast<std::size_t>(m * n));
    gemm(false, false, m, n, k, T(1), a.data(), k, b.data(), n, T(0), expected.data(), n);
    // The same matrix with `pad` elements between its rows, or its columns if `trans`.
    const auto stored = [](const std::vector<T>& x, Index rows, Index columns, bool trans,
                           Index pad) {
      const Index ld = (trans ? rows : columns) + pad;
      std::vector<T> y(static_cast<std::size_t>((trans ? columns : rows) * ld));
      for (Index i = 0; i < rows; ++i) {
        for (Index j = 0; j < columns; ++j) {
          y[static_cast<std::size_t>(trans ? j * ld + i : i * ld + j)] =
              x[static_cast<std::size_t>(i * columns + j)];
        }
      }
      return y;
    };
    for (const bool ta : {false, true}) {
      for (const bool tb : {false, true}) {
        for (const Index pad : {0, 5}) {
          std::vector<T> c(expected.size());
          gemm(ta, tb, m, n, k, T(1), stored(a, m, k, ta, pad).data(), (ta ? m : k) + pad,
               stored(b, k, n, tb, pad).data(), (tb ? k : n) + pad, T(0), c.data(), n);
          EXPECT_EQ(c, expected) << m << ' ' << n << ' ' << k << ' ' << ta << tb << ' ' << pad;
        }
      }
    }
  }
}

TYPED_TEST(Gemm, BatchesAreSeparateProducts) {
  using T = TypeParam;
  constexpr Index kBatch = 3, m = 4, n = 5, k = 6;
  const auto a = this->random(kBatch * m * k), b = this->random(k * n);
  std::vector<T> c(kBatch * m * n), one(m * n);
  batched_gemm(kBatch, false, false, m, n, k, T(1), a.data(), k, m * k, b.data(), n, Index{0}, T(0),
               c.data(), n, m * n);
  for (Index i = 0; i < kBatch; ++i) {
    gemm(false, false, m, n, k, T(1), a.data() + i * m * k, k, b.data(), n, T(0), one.data(), n);
    EXPECT_TRUE(std::equal(one.begin(), one.end(), c.begin() + i * m * n));
  }
}

TYPED_TEST(Gemm, RejectsSizesBlasCannotCount) {
  const TypeParam x = 1;
  TypeParam y = 0;
  EXPECT_THROW(gemm(false, false, Index{1}, Index{1}, Index{1} << 31, x, &x, Index{1} << 31, &x,
                    Index{1}, x, &y, Index{1}),
               Error);
}

}  // namespace
}  // namespace ito::kernels
