#include "autograd/kernels/unary.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <numbers>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/autograd/kernels/each_target.h"
#include "tests/autograd/kernels/ulp.h"

namespace ito::kernels {
namespace {

constexpr double kMaxUlp = 4;  // the bound unary.h promises

// f in higher precision R, its textbook formula rearranged only where it would cancel or overflow.
template <class R>
R reference(UnaryFn f, R x) {
  const R inf = std::numeric_limits<R>::infinity();
  switch (f) {
    case UnaryFn::neg:
      return -x;
    case UnaryFn::abs:
      return std::abs(x);
    case UnaryFn::sign:
      return x > 0 ? R(1) : x < 0 ? R(-1) : x;
    case UnaryFn::floor:
      return std::floor(x);
    case UnaryFn::square:
      return x * x;
    case UnaryFn::reciprocal:
      return 1 / x;
    case UnaryFn::sqrt:
      return std::sqrt(x);
    case UnaryFn::rsqrt:
      return 1 / std::sqrt(x);
    case UnaryFn::relu:
      return x < 0 ? R(0) : x;
    case UnaryFn::exp:
      return std::exp(x);
    case UnaryFn::expm1:
      return std::expm1(x);
    case UnaryFn::log:
      return std::log(x);
    case UnaryFn::log1p:
      return std::log1p(x);
    case UnaryFn::sin:
      return std::sin(x);
    case UnaryFn::cos:
      return std::cos(x);
    case UnaryFn::tan:
      return std::tan(x);
    case UnaryFn::atan:
      return std::atan(x);
    case UnaryFn::sinh:
      return std::sinh(x);
    case UnaryFn::cosh:
      return std::cosh(x);
    case UnaryFn::tanh:
      return std::tanh(x);
    case UnaryFn::sigmoid:
      return 1 / (1 + std::exp(-x));
    case UnaryFn::log_sigmoid:
      return x < 0 ? x - std::log1p(std::exp(x)) : -std::log1p(std::exp(-x));
    case UnaryFn::softplus:
      return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
    case UnaryFn::silu:
      return x == -inf ? -R(0) : x / (1 + std::exp(-x));
    case UnaryFn::erf:
      return std::erf(x);
    case UnaryFn::gelu:
      return x == -inf ? -R(0) : x * std::erfc(-x / std::sqrt(R(2))) / 2;
    case UnaryFn::gelu_tanh: {
      // In long double good to 1 ULP of double where the exponent is largest.
      const R z = std::sqrt(8 / std::numbers::pi_v<R>) * (x + R(0.044715L) * x * x * x);
      return x == -inf ? -R(0) : x / (1 + std::exp(-z));
    }
    case UnaryFn::mish: {
      const R softplus = x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
      return x == -inf ? -R(0) : x * std::tanh(softplus);
    }
  }
  return x;
}

// Random bit patterns, and sizes of everyday use at higher density.
std::vector<double> sample(int count) {
  std::vector<double> x = special_values<double>();
  std::mt19937_64 bits(1);
  std::uniform_real_distribution<double> exponent(-40, 10);
  for (int i = 0; i < count; ++i) {
    x.push_back(std::bit_cast<double>(bits()));
    const double magnitude = std::exp2(exponent(bits));
    x.push_back(i % 2 ? magnitude : -magnitude);
  }
  return x;
}

template <class T>
std::vector<T> run(UnaryFn f, const std::vector<T>& x) {
  std::vector<T> y(x.size());
  unary(f, x.data(), y.data(), static_cast<Index>(x.size()));
  return y;
}

template <class R, class T>
void expect_accurate(UnaryFn f, const std::vector<T>& x) {
  const std::vector<T> y = run(f, x);
  double worst = -1;
  std::size_t at = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double error = ulp_error(y[i], reference(f, static_cast<R>(x[i])));
    if (error > worst) {
      worst = error;
      at = i;
    }
  }
  ::testing::Test::RecordProperty(name(f), std::to_string(worst));
  EXPECT_LE(worst, kMaxUlp) << name(f) << "(" << x[at] << ") = " << y[at] << ", exact "
                            << reference(f, static_cast<R>(x[at]));
}

template <class T>
bool same_bytes(const T* a, const T* b, std::size_t n) {
  return std::memcmp(a, b, n * sizeof(T)) == 0;
}

class UnaryKernel : public ::testing::TestWithParam<int> {
 protected:
  UnaryFn f() const { return static_cast<UnaryFn>(GetParam()); }
};

TEST_P(UnaryKernel, F32IsWithinFourUlpOnADenseSweepOfAllFloats) {
  expect_accurate<double>(f(), sweep(1009));
}

TEST_P(UnaryKernel, F64IsWithinFourUlp) {
  static_assert(std::numeric_limits<long double>::digits > 60, "the reference needs spare bits");
  expect_accurate<long double>(f(), sample(50'000));
}

template <class T>
void expect_same_on_all_targets(UnaryFn f, const std::vector<T>& x) {
  std::vector<T> best;
  for_each_target([&](std::int64_t target) {
    const std::vector<T> y = run(f, x);
    if (best.empty()) best = y;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (std::isnan(best[i]) && std::isnan(y[i])) continue;
      ASSERT_TRUE(same_bytes(&best[i], &y[i], 1))
          << name(f) << "(" << x[i] << ") on " << target << ": " << y[i] << ", not " << best[i];
    }
  });
}

TEST_P(UnaryKernel, AllTargetsReturnTheSameBits) {
  expect_same_on_all_targets(f(), sweep(100'003));
  expect_same_on_all_targets(f(), sample(5'000));
}

template <class T>
void expect_position_independent(UnaryFn f) {
  std::mt19937 rng(2);
  std::uniform_real_distribution<T> uniform(T(0.1), T(3));
  for (std::size_t n = 0; n <= 70; ++n) {
    std::vector<T> x(n + 1);
    for (T& v : x) v = uniform(rng);
    const T guard = T(-77);
    std::vector<T> y(n + 1, guard), in_place = x;
    unary(f, x.data(), y.data(), static_cast<Index>(n));
    EXPECT_EQ(y[n], guard) << name(f) << " wrote past n = " << n;
    for (std::size_t i = 0; i < n; ++i) {
      T alone;
      unary(f, &x[i], &alone, 1);
      ASSERT_TRUE(same_bytes(&alone, &y[i], 1)) << name(f) << ", n = " << n << ", i = " << i;
    }
    unary(f, in_place.data(), in_place.data(), static_cast<Index>(n));
    EXPECT_TRUE(same_bytes(in_place.data(), y.data(), n)) << name(f) << " in place, n = " << n;
  }
}

TEST_P(UnaryKernel, ResultsDependNeitherOnPositionNorOnLengthNorOnAliasing) {
  for_each_target([&](std::int64_t target) {
    SCOPED_TRACE(hwy::TargetName(target));
    expect_position_independent<float>(f());
    expect_position_independent<double>(f());
  });
}

INSTANTIATE_TEST_SUITE_P(AllFunctions, UnaryKernel, ::testing::Range(0, kUnaryFnCount),
                         [](const auto& param_info) {
                           return std::string(name(static_cast<UnaryFn>(param_info.param)));
                         });

// The rule of the op, one rounding a step.
template <class T>
T slope(UnaryFn f, T z) {
  switch (f) {
    case UnaryFn::square:
      return T(2) * z;
    case UnaryFn::relu:
      return z > 0 ? T(1) : T(0);
    case UnaryFn::tanh:
      return T(1) - z * z;
    default:
      return z * (T(1) - z);
  }
}

template <class T>
void expect_backward_is_the_rule(UnaryFn f) {
  constexpr T inf = std::numeric_limits<T>::infinity();
  std::mt19937 rng(3);
  std::uniform_real_distribution<T> uniform(T(-2), T(2));
  for (std::size_t n = 0; n <= 70; ++n) {
    std::vector<T> g(n + 1), z(n + 1);
    for (T& v : g) v = uniform(rng);
    for (T& v : z) v = uniform(rng);
    if (n > 3) z[0] = T(-0.0), z[1] = inf, z[2] = std::numeric_limits<T>::quiet_NaN(), g[3] = -inf;
    const T guard = T(-77);
    for (const bool one : {false, true}) {
      std::vector<T> dx(n + 1, guard);
      unary_backward(f, g.data(), one, z.data(), dx.data(), static_cast<Index>(n));
      EXPECT_EQ(dx[n], guard) << name(f) << " wrote past n = " << n;
      for (std::size_t i = 0; i < n; ++i) {
        const T expected = g[one ? 0 : i] * slope(f, z[i]);
        if (std::isnan(expected) && std::isnan(dx[i])) continue;
        ASSERT_TRUE(same_bytes(&expected, &dx[i], 1))
            << name(f) << "'(" << z[i] << "), n = " << n << ", i = " << i;
      }
    }
  }
}

TEST(UnaryBackward, IsTheRuleOfTheOpOnEveryTarget) {
  for_each_target([&](std::int64_t target) {
    SCOPED_TRACE(hwy::TargetName(target));
    for (int f = 0; f < kUnaryFnCount; ++f) {
      if (slope_from(static_cast<UnaryFn>(f)) == SlopeFrom::neither) continue;
      expect_backward_is_the_rule<float>(static_cast<UnaryFn>(f));
      expect_backward_is_the_rule<double>(static_cast<UnaryFn>(f));
    }
  });
}

TEST(UnaryKernelSpecials, SignsAndNaNsSurvive) {
  const float x[] = {-0.0f, std::numeric_limits<float>::quiet_NaN(), -3.0f};
  float y[3];
  unary(UnaryFn::sign, x, y, 3);
  EXPECT_TRUE(y[0] == 0 && std::signbit(y[0]));
  EXPECT_TRUE(std::isnan(y[1]));
  EXPECT_EQ(y[2], -1.0f);
  unary(UnaryFn::relu, x, y, 3);
  EXPECT_TRUE(std::isnan(y[1]));
  EXPECT_EQ(y[2], 0.0f);
}

}  // namespace
}  // namespace ito::kernels
