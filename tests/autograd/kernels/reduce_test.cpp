#include "autograd/kernels/reduce.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/kernels/softmax.h"
#include "tests/autograd/kernels/each_target.h"

namespace ito::kernels {
namespace {

struct Layout {
  Index outer, len, inner;
};

// Lengths around every block size in use (4, 32, 64, 1024) and widths around the vector sizes.
std::vector<Layout> layouts() {
  std::vector<Layout> all = {{3, 5, 7},  {2, 1, 300}, {1, 100, 257}, {2, 33, 16},  {1, 65, 1},
                             {1, 70, 3}, {0, 4, 4},   {4, 4, 0},     {2, 1023, 1}, {1, 5000, 1}};
  for (Index len = 0; len <= 70; ++len) all.push_back({2, len, 1});
  for (Index inner = 1; inner <= 35; ++inner) all.push_back({2, 37, inner});
  for (const Index len : {1024, 1025, 1087, 2049}) all.push_back({1, len, 1});
  return all;
}

template <class T>
std::vector<T> random_values(Index n, unsigned seed, double low = -1, double high = 2) {
  std::mt19937 rng(seed);
  std::uniform_real_distribution<double> uniform(low, high);
  std::vector<T> x(static_cast<std::size_t>(n));
  for (T& v : x) v = static_cast<T>(uniform(rng));
  return x;
}

template <class T>
std::vector<T> run(ReduceFn f, const std::vector<T>& x, const Layout& s) {
  std::vector<T> y(static_cast<std::size_t>(s.outer * s.inner));
  reduce(f, x.data(), s.outer, s.len, s.inner, y.data());
  return y;
}

// Calls visit(i, row) for every output i, row being the elements reduced into it.
template <class T, class Visit>
void for_each_row(const std::vector<T>& x, const Layout& s, const Visit& visit) {
  std::vector<T> row(static_cast<std::size_t>(s.len));
  for (Index o = 0; o < s.outer; ++o) {
    for (Index j = 0; j < s.inner; ++j) {
      for (Index l = 0; l < s.len; ++l) {
        row[static_cast<std::size_t>(l)] =
            x[static_cast<std::size_t>((o * s.len + l) * s.inner + j)];
      }
      visit(static_cast<std::size_t>(o * s.inner + j), row);
    }
  }
}

template <class T>
void expect_sums_and_extremes(const Layout& s) {
  const double eps = std::numeric_limits<T>::epsilon();
  const auto x = random_values<T>(s.outer * s.len * s.inner, 1);
  const auto sum = run(ReduceFn::sum, x, s), max = run(ReduceFn::max, x, s);
  const auto min = run(ReduceFn::min, x, s);
  for_each_row(x, s, [&](std::size_t i, const std::vector<T>& row) {
    long double exact = 0, magnitude = 0;
    T largest = -std::numeric_limits<T>::infinity(), smallest = -largest;
    for (const T v : row) {
      exact += v;
      magnitude += std::abs(v);
      largest = std::max(largest, v);
      smallest = std::min(smallest, v);
    }
    // A term passes at most 16 additions in its lane, 6 folds of lanes and the last rounding, each
    // with an error of at most eps / 2 of the sum of magnitudes.
    EXPECT_NEAR(double(sum[i]), double(exact), 23 * eps / 2 * double(magnitude));
    EXPECT_EQ(max[i], largest);
    EXPECT_EQ(min[i], smallest);
  });
}

template <class T>
void expect_products(const Layout& s) {
  const double eps = std::numeric_limits<T>::epsilon();
  const auto x = random_values<T>(s.outer * s.len * s.inner, 2, 0.9, 1.1);
  const auto prod = run(ReduceFn::prod, x, s);
  for_each_row(x, s, [&](std::size_t i, const std::vector<T>& row) {
    long double exact = 1;
    for (const T v : row) exact *= v;
    // len factors, one rounding of eps / 2 each.
    EXPECT_NEAR(
        double(prod[i]), double(exact),
        double(exact) * eps / 2 * double(s.len + 1) + double(std::numeric_limits<T>::denorm_min()));
  });
}

TEST(ReduceKernel, MatchesTheNaiveLoopOnAllTargets) {
  for_each_target([](std::int64_t target) {
    SCOPED_TRACE(hwy::TargetName(target));
    for (const Layout& s : layouts()) {
      SCOPED_TRACE(::testing::Message() << s.outer << " x " << s.len << " x " << s.inner);
      expect_sums_and_extremes<float>(s);
      expect_sums_and_extremes<double>(s);
      expect_products<float>(s);
      expect_products<double>(s);
    }
  });
}

template <class T>
std::vector<T> everything(const std::vector<T>& x, const Layout& s) {
  std::vector<T> all;
  for (int f = 0; f < kReduceFnCount; ++f) {
    const auto y = run(static_cast<ReduceFn>(f), x, s);
    all.insert(all.end(), y.begin(), y.end());
  }
  all.push_back(static_cast<T>(sum_squares(x.data(), static_cast<Index>(x.size()))));
  return all;
}

template <class T>
void expect_same_bytes_on_all_targets(const Layout& s) {
  const auto x = random_values<T>(s.outer * s.len * s.inner, 3);
  std::vector<T> first;
  for_each_target([&](std::int64_t target) {
    const auto y = everything(x, s);
    if (first.empty()) first = y;
    EXPECT_EQ(std::memcmp(first.data(), y.data(), y.size() * sizeof(T)), 0)
        << hwy::TargetName(target) << ", " << s.outer << " x " << s.len << " x " << s.inner;
  });
}

TEST(ReduceKernel, AllTargetsReturnTheSameBits) {
  for (const Layout& s : layouts()) {
    expect_same_bytes_on_all_targets<float>(s);
    expect_same_bytes_on_all_targets<double>(s);
  }
}

TEST(ReduceKernel, EmptyReductionsGiveTheIdentity) {
  const double inf = std::numeric_limits<double>::infinity();
  const Layout rows{2, 0, 1}, columns{1, 0, 3};
  for (const Layout& s : {rows, columns}) {
    for (const double v : run<double>(ReduceFn::sum, {}, s)) EXPECT_EQ(v, 0);
    for (const double v : run<double>(ReduceFn::prod, {}, s)) EXPECT_EQ(v, 1);
    for (const double v : run<double>(ReduceFn::max, {}, s)) EXPECT_EQ(v, -inf);
    for (const double v : run<double>(ReduceFn::min, {}, s)) EXPECT_EQ(v, inf);
  }
}

TEST(ReduceKernel, NaNAndInfinityPropagateFromEveryPosition) {
  for_each_target([](std::int64_t) {
    for (const Index len : {1, 5, 64, 70, 130, 1100}) {
      for (Index at = 0; at < len; at += 7) {
        std::vector<float> x(static_cast<std::size_t>(len), 1.0f);
        auto& salted = x[static_cast<std::size_t>(at)];
        salted = std::numeric_limits<float>::quiet_NaN();
        for (const Layout& s : {Layout{1, len, 1}}) {
          for (int f = 0; f < kReduceFnCount; ++f) {
            EXPECT_TRUE(std::isnan(run(static_cast<ReduceFn>(f), x, s)[0]))
                << name(static_cast<ReduceFn>(f)) << ", len " << len << ", at " << at;
          }
        }
        salted = std::numeric_limits<float>::infinity();
        EXPECT_EQ(run(ReduceFn::sum, x, {1, len, 1})[0], salted);
      }
    }
    std::vector<float> x(200 * 3, 1.0f);
    x[150 * 3 + 1] = std::numeric_limits<float>::quiet_NaN();
    const auto y = run(ReduceFn::max, x, {1, 200, 3});
    EXPECT_EQ(y[0], 1.0f);
    EXPECT_TRUE(std::isnan(y[1]));
    EXPECT_EQ(y[2], 1.0f);
  });
}

// The block error bound, 23 eps / 2 = 1.4e-6, holds for any length; a plain loop is off by 1e-2.
TEST(ReduceKernel, LongF32SumsStayAccurate) {
  constexpr Index n = 10'000'000;
  const auto x = random_values<float>(n, 4, 0.5, 1.5);
  double exact = 0;
  for (const float v : x) exact += v;
  EXPECT_NEAR(double(run(ReduceFn::sum, x, {1, n, 1})[0]) / exact, 1, 1.4e-6);
  double even = 0;
  for (std::size_t i = 0; i < x.size(); i += 2) even += x[i];
  EXPECT_NEAR(double(run(ReduceFn::sum, x, {1, n / 2, 2})[0]) / even, 1, 1.4e-6);
}

TEST(ReduceKernel, SumSquaresNeitherOverflowsNorLosesDigits) {
  for_each_target([](std::int64_t) {
    for (Index n = 0; n <= 140; ++n) {
      const auto x = random_values<float>(n, 5);
      long double exact = 0;
      for (const float v : x) exact += static_cast<long double>(v) * v;
      // Squares of floats are exact in double; 9 additions and folds of eps / 2 follow.
      EXPECT_NEAR(sum_squares(x.data(), n), double(exact), 9 * 1.2e-16 * double(exact));
    }
  });
  // Beyond a block, with lanes that stop at different lengths.
  const auto x = random_values<float>(3 * 4096 + 1234, 6);
  long double exact = 0;
  for (const float v : x) exact += static_cast<long double>(v) * v;
  const double sum = sum_squares(x.data(), static_cast<Index>(x.size()));
  EXPECT_NEAR(sum, double(exact), 134 * 1.2e-16 * double(exact));
  const std::vector<float> large(100, 1e30f);
  EXPECT_NEAR(sum_squares(large.data(), 100) / 1e62, 1, 1e-6);
}

TEST(ReduceKernel, ArgExtremesTakeTheFirstAndTheFirstNaN) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double x[] = {1, 3, 3, 0, 0, 2};
  std::int64_t y[2];
  argmax(x, 1, 6, 1, y);
  EXPECT_EQ(y[0], 1);
  argmin(x, 1, 6, 1, y);
  EXPECT_EQ(y[0], 3);
  argmax(x, 1, 3, 2, y);  // columns 1 3 0 and 3 0 2
  EXPECT_EQ(y[0], 1);
  EXPECT_EQ(y[1], 0);
  const double with_nan[] = {1, nan, 5, nan};
  argmax(with_nan, 1, 4, 1, y);
  EXPECT_EQ(y[0], 1);
  argmin(with_nan, 1, 4, 1, y);
  EXPECT_EQ(y[0], 1);
}

TEST(ReduceKernel, CumsumRunsEitherWayAndInPlace) {
  const double x[] = {1, 10, 2, 20, 3, 30};
  double y[6];
  cumsum(x, 1, 3, 2, y);
  EXPECT_EQ(std::vector<double>(y, y + 6), (std::vector<double>{1, 10, 3, 30, 6, 60}));
  cumsum(x, 1, 3, 2, y, true);
  EXPECT_EQ(std::vector<double>(y, y + 6), (std::vector<double>{6, 60, 5, 50, 3, 30}));
  cumsum(x, 2, 3, 1, y);
  EXPECT_EQ(std::vector<double>(y, y + 6), (std::vector<double>{1, 11, 13, 20, 23, 53}));
  double z[] = {1, 2, 3};
  cumsum(z, 1, 3, 1, z);
  EXPECT_EQ(std::vector<double>(z, z + 3), (std::vector<double>{1, 3, 6}));
}

TEST(SoftmaxKernel, MatchesTheFormulaInHigherPrecision) {
  for (const Layout& s : {Layout{4, 10, 1}, {2, 7, 5}, {1, 1500, 1}, {3, 1, 1}}) {
    const auto x = random_values<double>(s.outer * s.len * s.inner, 6, 700, 720);  // exp overflows
    std::vector<double> p(x.size()), lse(static_cast<std::size_t>(s.outer * s.inner));
    softmax(x.data(), s.outer, s.len, s.inner, p.data());
    logsumexp(x.data(), s.outer, s.len, s.inner, lse.data());
    std::vector<std::vector<double>> probabilities;
    for_each_row(p, s,
                 [&](std::size_t, const std::vector<double>& r) { probabilities.push_back(r); });
    for_each_row(x, s, [&](std::size_t i, const std::vector<double>& row) {
      long double sum = 0;
      for (const double v : row) sum += std::exp(static_cast<long double>(v));
      // log's argument carries some 20 roundings of 1.1e-16; the result, near 720, one of 5.7e-14.
      EXPECT_NEAR(lse[i], double(std::log(sum)), 6e-14);
      for (std::size_t l = 0; l < row.size(); ++l) {
        const double exact = double(std::exp(static_cast<long double>(row[l])) / sum);
        EXPECT_NEAR(probabilities[i][l], exact, 40 * 1.1e-16 * exact);
      }
    });
  }
}

TEST(SoftmaxKernel, InfinitiesFollowTheLimits) {
  const double inf = std::numeric_limits<double>::infinity();
  const double x[] = {-inf, -inf, 0, -inf, inf, 0};
  double y[3];
  logsumexp(x, 3, 2, 1, y);
  EXPECT_EQ(y[0], -inf);
  EXPECT_EQ(y[1], 0);
  EXPECT_EQ(y[2], inf);
  logsumexp(x, 1, 0, 1, y);
  EXPECT_EQ(y[0], -inf);
  softmax(x + 2, 1, 2, 1, y);
  EXPECT_EQ(y[0], 1);
  EXPECT_EQ(y[1], 0);
}

}  // namespace
}  // namespace ito::kernels
