// Every wrapper against the definition of what it computes, by residuals: a backward-stable
// algorithm leaves |residual| <= c n eps |A| |x| with a small constant, taken as 10.
#include "autograd/kernels/lapack.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/random.h"

namespace ito::kernels {
namespace {

template <class T>
class Lapack : public testing::Test {
 protected:
  static constexpr Index n = 9, ld = 11, m = 4;  // ld > n: rows with padding
  using Matrix = std::vector<T>;

  Matrix random(Index rows, Index cols) {
    Matrix x(static_cast<std::size_t>(rows * cols));
    Generator rng(77);
    rng.fill_normal(x.data(), rows * cols);
    return x;
  }
  // B B^T + n I: symmetric and well conditioned.
  Matrix positive_definite() {
    const Matrix b = random(n, ld);
    Matrix a(b.size());
    for (Index i = 0; i < n; ++i) {
      for (Index j = 0; j < n; ++j) {
        T sum = i == j ? T(n) : T(0);
        for (Index k = 0; k < n; ++k) sum += at(b, i, k) * at(b, j, k);
        at(a, i, j) = sum;
      }
    }
    return a;
  }
  static T& at(Matrix& a, Index i, Index j) { return a[static_cast<std::size_t>(i * ld + j)]; }
  static T at(const Matrix& a, Index i, Index j) { return a[static_cast<std::size_t>(i * ld + j)]; }
  static double tolerance(const Matrix& a, double x) {
    double largest = 0;
    for (const T v : a) largest = std::max(largest, std::abs(static_cast<double>(v)));
    return 10.0 * n * std::numeric_limits<T>::epsilon() * largest * std::max(x, 1.0) * n;
  }
};
using Floats = testing::Types<float, double>;
TYPED_TEST_SUITE(Lapack, Floats);

TYPED_TEST(Lapack, CholeskyOfTheLowerTriangle) {
  using T = TypeParam;
  const auto a = this->positive_definite();
  auto l = a;
  for (Index i = 0; i < this->n; ++i) {
    for (Index j = i + 1; j < this->n; ++j) this->at(l, i, j) = T(99);  // never read nor written
  }
  ASSERT_EQ(potrf(this->n, l.data(), this->ld), 0);
  for (Index i = 0; i < this->n; ++i) {
    for (Index j = 0; j <= i; ++j) {
      double sum = 0;
      for (Index k = 0; k <= j; ++k)
        sum += static_cast<double>(this->at(l, i, k) * this->at(l, j, k));
      EXPECT_NEAR(sum, this->at(a, i, j), this->tolerance(a, 1));
    }
    for (Index j = i + 1; j < this->n; ++j) EXPECT_EQ(this->at(l, i, j), T(99));
  }
  auto indefinite = a;
  this->at(indefinite, 2, 2) = T(-1);
  EXPECT_EQ(potrf(this->n, indefinite.data(), this->ld), 3);
}

TYPED_TEST(Lapack, TriangularSolves) {
  using T = TypeParam;
  auto a = this->random(this->n, this->ld);
  for (Index i = 0; i < this->n; ++i) this->at(a, i, i) = T(4) + T(i);
  const auto b = this->random(this->n, this->ld);  // m columns of it
  for (const bool lower : {false, true}) {
    for (const bool trans : {false, true}) {
      for (const bool unit : {false, true}) {
        auto x = b;
        ASSERT_EQ(trsm({lower, trans, unit}, this->n, this->m, T(2), a.data(), this->ld, x.data(),
                       this->ld),
                  0);
        const auto entry = [&](Index i, Index j) -> double {
          if (trans) std::swap(i, j);
          if (i == j && unit) return 1;
          return (lower ? j <= i : j >= i) ? static_cast<double>(this->at(a, i, j)) : 0.0;
        };
        double largest = 0;
        for (Index i = 0; i < this->n; ++i) {
          for (Index j = 0; j < this->m; ++j) {
            largest = std::max(largest, std::abs(static_cast<double>(this->at(x, i, j))));
          }
        }
        for (Index i = 0; i < this->n; ++i) {
          for (Index j = 0; j < this->m; ++j) {
            double sum = 0;
            for (Index k = 0; k < this->n; ++k)
              sum += entry(i, k) * static_cast<double>(this->at(x, k, j));
            EXPECT_NEAR(sum, 2 * this->at(b, i, j), this->tolerance(a, largest))
                << lower << trans << unit;
          }
          for (Index j = this->m; j < this->ld; ++j)
            EXPECT_EQ(this->at(x, i, j), this->at(b, i, j));
        }
      }
    }
  }
  this->at(a, 4, 4) = 0;
  auto x = b;
  EXPECT_EQ(trsm({}, this->n, this->m, T(1), a.data(), this->ld, x.data(), this->ld), 5);
}

TYPED_TEST(Lapack, LuSolvesRowsAndGivesTheDeterminant) {
  using T = TypeParam;
  const auto a = this->random(this->n, this->ld);
  auto lu = a;
  std::vector<std::int32_t> pivots(static_cast<std::size_t>(this->n));
  ASSERT_EQ(getrf(this->n, lu.data(), this->ld, pivots.data()), 0);
  const auto b = this->random(this->m, this->ld);
  for (const bool trans : {false, true}) {
    auto x = b;
    ASSERT_EQ(
        getrs(trans, this->n, this->m, lu.data(), this->ld, pivots.data(), x.data(), this->ld), 0);
    double largest = 0;
    for (const T v : x) largest = std::max(largest, std::abs(static_cast<double>(v)));
    for (Index r = 0; r < this->m; ++r) {
      for (Index i = 0; i < this->n; ++i) {
        double sum = 0;
        for (Index k = 0; k < this->n; ++k) {
          sum += static_cast<double>(trans ? this->at(a, k, i) : this->at(a, i, k)) *
                 static_cast<double>(this->at(x, r, k));
        }
        EXPECT_NEAR(sum, this->at(b, r, i), this->tolerance(a, largest)) << trans;
      }
    }
  }
  // det = -2 * 3 with a row exchange: [[0, 2], [3, 1]].
  T small[] = {0, 2, 3, 1};
  std::int32_t exchange[2];
  ASSERT_EQ(getrf(2, small, Index{2}, exchange), 0);
  const LogDet det = lu_log_det(2, small, Index{2}, exchange);
  EXPECT_EQ(det.sign, -1);
  EXPECT_NEAR(det.log_abs, std::log(6.0), 10 * std::numeric_limits<T>::epsilon());
  T singular[] = {1, 2, 2, 4};
  EXPECT_EQ(getrf(2, singular, Index{2}, exchange), 2);
  EXPECT_EQ(lu_log_det(2, singular, Index{2}, exchange).sign, 0);
}

TYPED_TEST(Lapack, EigenvectorsAreRows) {
  using T = TypeParam;
  const auto a = this->positive_definite();
  auto v = a;
  std::vector<T> w(static_cast<std::size_t>(this->n));
  ASSERT_EQ(syevd(true, this->n, v.data(), this->ld, w.data()), 0);
  EXPECT_TRUE(std::is_sorted(w.begin(), w.end()));
  for (Index i = 0; i < this->n; ++i) {
    double norm = 0;
    for (Index j = 0; j < this->n; ++j) {
      norm += static_cast<double>(this->at(v, i, j) * this->at(v, i, j));
      double sum = 0;
      for (Index k = 0; k < this->n; ++k)
        sum += static_cast<double>(this->at(a, j, k) * this->at(v, i, k));
      EXPECT_NEAR(sum, w[static_cast<std::size_t>(i)] * this->at(v, i, j), this->tolerance(a, 1));
    }
    EXPECT_NEAR(norm, 1, 10.0 * this->n * std::numeric_limits<T>::epsilon());
  }
  auto again = a;
  std::vector<T> values(w.size());
  ASSERT_EQ(syevd(false, this->n, again.data(), this->ld, values.data()), 0);
  for (std::size_t i = 0; i < w.size(); ++i) EXPECT_NEAR(values[i], w[i], this->tolerance(a, 1));
}

}  // namespace
}  // namespace ito::kernels
