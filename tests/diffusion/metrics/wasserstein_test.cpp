#include "diffusion/metrics/wasserstein.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/error.h"
#include "autograd/random.h"
#include "diffusion/distributions/two_modes.h"

namespace ito::diffusion {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
const NormalMixture1d kLaw = TwoModes::ones(128, 0.7).projection();

std::vector<double> exact_samples(std::size_t count, Generator& rng) {
  std::vector<double> u(count);
  for (double& x : u) x = kLaw.means()[rng.uniform() < 0.7 ? 0 : 1] + kLaw.stds()[0] * rng.normal();
  return u;
}

// int |F_N - F| on a fine grid: midpoints err by at most (jumps of F_N) * step / 2 in total, 0.5
// step.
double brute_force(const std::vector<double>& samples, const NormalMixture1d& law) {
  auto u = samples;
  std::ranges::sort(u);
  const double low = std::min(u.front(), law.lower()), high = std::max(u.back(), law.upper());
  const int count = 400000;
  const double step = (high - low) / count;
  double total = 0;
  std::size_t below = 0;
  for (int i = 0; i < count; ++i) {
    const double x = low + step * (i + 0.5);
    while (below < u.size() && u[below] <= x) ++below;
    const double f = static_cast<double>(below) / static_cast<double>(u.size());
    total += std::abs(f - law.cdf(x)) * step;
  }
  return total;
}

TEST(Wasserstein1, EqualsBruteForce) {
  Generator rng(1);
  for (std::size_t count : {1u, 2u, 7u, 100u}) {
    for (double shift : {0.0, 0.1, -3.0}) {
      auto u = exact_samples(count, rng);
      for (double& x : u) x += shift;
      const double step = 8.0 / 400000;
      EXPECT_NEAR(wasserstein1(u, kLaw), brute_force(u, kLaw), step) << count << " " << shift;
    }
  }
}

TEST(Wasserstein1, OfOnePointIsTheMeanDistance) {
  // W1(delta_c, N(0, 1)) = E|Z - c| = c erf(c/sqrt2) + sqrt(2/pi) exp(-c^2/2).
  const NormalMixture1d normal({1}, {0}, {1});
  for (double c : {0.0, 0.5, -2.0, 1e6}) {
    const double expected =
        c * std::erf(c / std::sqrt(2)) + std::sqrt(2 / std::numbers::pi) * std::exp(-c * c / 2);
    EXPECT_NEAR(wasserstein1(std::vector{c}, normal), expected, 1e-14 * (1 + expected));
  }
}

TEST(Wasserstein1, RepeatedAndNonFiniteSamples) {
  const std::vector<double> repeated = {0.1, 0.1, 0.1, -0.5};
  EXPECT_NEAR(wasserstein1(repeated, kLaw), brute_force(repeated, kLaw), 1e-5);
  EXPECT_EQ(wasserstein1(std::vector{0.1, kNan}, kLaw), kInfinity);
  EXPECT_EQ(wasserstein1(std::vector{0.1, -kInfinity}, kLaw), kInfinity);
  EXPECT_THROW((void)wasserstein1(std::vector<double>{}, kLaw), Error);
}

TEST(Wasserstein1, OneOutlierCountsByItsDistance) {
  // Moving one of N samples from x to x + D moves W1 by D/N at most, and by D/N less the mass left
  // behind when D is large.
  Generator rng(2);
  auto u = exact_samples(1000, rng);
  const double before = wasserstein1(u, kLaw);
  u[0] = 1e6;
  EXPECT_NEAR(wasserstein1(u, kLaw), before + 1e3, 0.01);
}

TEST(Wasserstein1, BetweenSamplesEqualsTheSortedPairing) {
  Generator rng(3);
  auto u = exact_samples(50, rng), v = exact_samples(50, rng);
  const double got = wasserstein1(u, v);
  std::ranges::sort(u);
  std::ranges::sort(v);
  double expected = 0;
  for (std::size_t i = 0; i < 50; ++i) expected += std::abs(u[i] - v[i]) / 50;
  EXPECT_NEAR(got, expected, 1e-14);
  // Repeating every sample changes the sizes and not the law.
  auto twice = u;
  twice.insert(twice.end(), u.begin(), u.end());
  EXPECT_NEAR(wasserstein1(twice, v), expected, 1e-14);
  EXPECT_NEAR(wasserstein1(twice, u), 0, 1e-14);
}

TEST(Wasserstein1, FloorPredictsExactSamples) {
  const std::size_t count = 1000, repeats = 400;
  const SamplingFloor floor = wasserstein1_floor(kLaw, static_cast<Index>(count));
  Generator rng(4);
  double mean = 0, square = 0;
  for (std::size_t i = 0; i < repeats; ++i) {
    const double w = wasserstein1(exact_samples(count, rng), kLaw);
    mean += w / repeats;
    square += w * w / repeats;
  }
  const double std = std::sqrt(square - mean * mean);
  // 4 standard errors of the mean (6e-5), beside a relative O(1/sqrt(N)) of the asymptotics in the
  // tails, where F(1-F) N is small: below 1 %.
  EXPECT_NEAR(mean, floor.mean,
              4 * floor.standard_deviation / std::sqrt(repeats) + 0.01 * floor.mean);
  // The s.e. of a standard deviation of a law with kurtosis up to 8 is std sqrt(7/(4 repeats)).
  EXPECT_NEAR(std, floor.standard_deviation, 4 * std * std::sqrt(7 / (4.0 * repeats)));
  EXPECT_NEAR(wasserstein1_floor(kLaw, 4000).mean, floor.mean / 2, 1e-15);
}

TEST(Wasserstein2, AgreesWithTheIntegralOverQuantiles) {
  Generator rng(5);
  const auto u = exact_samples(40, rng);
  auto sorted = u;
  std::ranges::sort(sorted);
  // The midpoint rule; the tails' quantiles grow like a root of a logarithm, so that the first and
  // last cells dominate its error.
  const std::size_t cells = 400000;
  double total = 0;
  for (std::size_t i = 0; i < cells; ++i) {
    const double p = (static_cast<double>(i) + 0.5) / static_cast<double>(cells);
    const auto at = static_cast<std::size_t>(p * 40);
    total += std::pow(sorted[at] - kLaw.quantile(p), 2) / static_cast<double>(cells);
  }
  EXPECT_NEAR(wasserstein2(u, kLaw), std::sqrt(total), 1e-5);
}

TEST(Wasserstein2, OfOneSampleIsTheSpreadAboutIt) {
  const NormalMixture1d law({1}, {2}, {3});
  const std::vector<double> u = {7};
  EXPECT_NEAR(wasserstein2(u, law), std::sqrt(25.0 + 9), 1e-14);
}

TEST(Wasserstein2, BetweenSamplesEqualsTheSortedPairing) {
  Generator rng(3);
  auto u = exact_samples(50, rng), v = exact_samples(50, rng);
  const double got = wasserstein2(u, v);
  std::ranges::sort(u);
  std::ranges::sort(v);
  double expected = 0;
  for (std::size_t i = 0; i < 50; ++i) expected += std::pow(u[i] - v[i], 2) / 50;
  EXPECT_NEAR(got, std::sqrt(expected), 1e-14);
  auto thrice = u;
  for (int i = 0; i < 2; ++i) thrice.insert(thrice.end(), u.begin(), u.end());
  EXPECT_NEAR(wasserstein2(thrice, v), std::sqrt(expected), 1e-14);
  EXPECT_GE(got, wasserstein1(u, v));
}

}  // namespace
}  // namespace ito::diffusion
