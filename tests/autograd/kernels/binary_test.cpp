#include "autograd/kernels/binary.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/error.h"
#include "tests/autograd/kernels/each_target.h"

namespace ito::kernels {
namespace {

template <class T>
T naive(BinaryFn f, T a, T b) {
  switch (f) {
    case BinaryFn::add:
      return a + b;
    case BinaryFn::sub:
      return a - b;
    case BinaryFn::mul:
      return a * b;
    case BinaryFn::div:
      return a / b;
    case BinaryFn::maximum:
      return std::isnan(a) || std::isnan(b) ? a + b : b > a ? b : a;
    case BinaryFn::minimum:
      return std::isnan(a) || std::isnan(b) ? a + b : b < a ? b : a;
    case BinaryFn::eq:
      return a == b;
    case BinaryFn::ne:
      return a != b;
    case BinaryFn::lt:
      return a < b;
    case BinaryFn::le:
      return a <= b;
    case BinaryFn::gt:
      return a > b;
    case BinaryFn::ge:
      return a >= b;
    case BinaryFn::pow:
      return std::pow(a, b);
    case BinaryFn::atan2:
      return std::atan2(a, b);
    case BinaryFn::hypot:
      return std::hypot(a, b);
  }
  return a;
}

// Random values salted with zeros of both signs, infinities, NaN and repeats (for equality).
template <class T>
std::vector<T> values(std::size_t n, unsigned seed) {
  using Limits = std::numeric_limits<T>;
  const T salt[] = {
      T(0), -T(0), T(1), Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN()};
  std::mt19937 rng(seed);
  std::normal_distribution<T> normal;
  std::vector<T> v(n);
  for (T& x : v) x = rng() % 4 == 0 ? salt[rng() % std::size(salt)] : normal(rng);
  return v;
}

template <class T>
void expect_identical(T y, T expected, const std::string& what) {
  if (std::isnan(expected)) {
    EXPECT_TRUE(std::isnan(y)) << what << ": " << y;
  } else {
    EXPECT_EQ(std::memcmp(&y, &expected, sizeof(T)), 0)
        << what << ": " << y << ", not " << expected;
  }
}

class BinaryKernel : public ::testing::TestWithParam<int> {
 protected:
  BinaryFn f() const { return static_cast<BinaryFn>(GetParam()); }
};

// Every function is either correctly rounded or <cmath>'s own, so equality is exact.
template <class T>
void expect_naive_at_every_length(BinaryFn f) {
  for (std::size_t n = 0; n <= 70; ++n) {
    const auto a = values<T>(n + 1, 1), b = values<T>(n + 1, 2);
    for (const bool a_scalar : {false, true}) {
      for (const bool b_scalar : {false, true}) {
        const T guard = T(-77);
        std::vector<T> y(n + 1, guard);
        binary(f, a.data(), a_scalar, b.data(), b_scalar, y.data(), static_cast<Index>(n));
        EXPECT_EQ(y[n], guard) << name(f) << " wrote past n = " << n;
        for (std::size_t i = 0; i < n; ++i) {
          const T p = a[a_scalar ? 0 : i], q = b[b_scalar ? 0 : i];
          expect_identical(
              y[i], naive(f, p, q),
              std::string(name(f)) + "(" + std::to_string(p) + ", " + std::to_string(q) + ")");
        }
      }
    }
  }
}

TEST_P(BinaryKernel, MatchesItsNaiveTwinOnAllTargets) {
  for_each_target([&](std::int64_t target) {
    SCOPED_TRACE(hwy::TargetName(target));
    expect_naive_at_every_length<float>(f());
    expect_naive_at_every_length<double>(f());
  });
}

TEST_P(BinaryKernel, OutputMayBeEitherInputAlsoAScalarOne) {
  constexpr Index n = 37;
  const auto a = values<double>(n, 3), b = values<double>(n, 4);
  for (const bool scalar : {false, true}) {
    std::vector<double> expected(n);
    binary(f(), a.data(), scalar, b.data(), false, expected.data(), n);
    auto y = a;
    binary(f(), y.data(), scalar, b.data(), false, y.data(), n);
    for (std::size_t i = 0; i < n; ++i) expect_identical(y[i], expected[i], name(f()));

    binary(f(), a.data(), false, b.data(), scalar, expected.data(), n);
    y = b;
    binary(f(), a.data(), false, y.data(), scalar, y.data(), n);
    for (std::size_t i = 0; i < n; ++i) expect_identical(y[i], expected[i], name(f()));
  }
}

INSTANTIATE_TEST_SUITE_P(AllFunctions, BinaryKernel, ::testing::Range(0, kBinaryFnCount),
                         [](const auto& param_info) {
                           return std::string(name(static_cast<BinaryFn>(param_info.param)));
                         });

template <class T>
void expect_sum_from_left_to_right() {
  for (const std::size_t n : {0, 1, 7, 16, 31, 64, 67}) {
    for (const unsigned count : {1, 2, 8}) {
      std::vector<std::vector<T>> x;
      for (unsigned k = 0; k < count; ++k) x.push_back(values<T>(n, k));
      std::vector<const T*> at;
      for (const auto& v : x) at.push_back(v.data());
      const T guard = T(-77);
      std::vector<T> y(n + 1, guard);
      add_arrays<T>(at, y.data(), static_cast<Index>(n));
      EXPECT_EQ(y[n], guard) << "wrote past n = " << n;
      for (std::size_t i = 0; i < n; ++i) {
        T expected = x[0][i];
        for (unsigned k = 1; k < count; ++k) expected += x[k][i];
        expect_identical(y[i], expected, std::to_string(count) + " arrays");
      }
    }
  }
}

TEST(AddArrays, SumsFromLeftToRightOnAllTargets) {
  for_each_target([&](std::int64_t target) {
    SCOPED_TRACE(hwy::TargetName(target));
    expect_sum_from_left_to_right<float>();
    expect_sum_from_left_to_right<double>();
  });
}

TEST(BinaryKernelI64, ComputesWrapsAndCompares) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  const std::int64_t a[] = {3, -5, kMax}, b[] = {4, -5, 1};
  std::int64_t y[3];
  const auto expect = [&](BinaryFn f, std::int64_t y0, std::int64_t y1, std::int64_t y2) {
    binary(f, a, false, b, false, y, 3);
    EXPECT_EQ(y[0], y0) << name(f);
    EXPECT_EQ(y[1], y1) << name(f);
    EXPECT_EQ(y[2], y2) << name(f);
  };
  expect(BinaryFn::add, 7, -10, std::numeric_limits<std::int64_t>::min());
  expect(BinaryFn::sub, -1, 0, kMax - 1);
  expect(BinaryFn::mul, 12, 25, kMax);
  expect(BinaryFn::maximum, 4, -5, kMax);
  expect(BinaryFn::minimum, 3, -5, 1);
  expect(BinaryFn::eq, 0, 1, 0);
  expect(BinaryFn::ne, 1, 0, 1);
  expect(BinaryFn::lt, 1, 0, 0);
  expect(BinaryFn::le, 1, 1, 0);
  expect(BinaryFn::gt, 0, 0, 1);
  expect(BinaryFn::ge, 0, 1, 1);
  EXPECT_THROW(binary(BinaryFn::div, a, false, b, false, y, 3), Error);
  EXPECT_THROW(binary(BinaryFn::pow, a, false, b, false, y, 3), Error);
}

}  // namespace
}  // namespace ito::kernels
