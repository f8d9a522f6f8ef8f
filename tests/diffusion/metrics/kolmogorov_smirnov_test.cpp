#include "diffusion/metrics/kolmogorov_smirnov.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/error.h"
#include "autograd/random.h"

namespace ito::diffusion {
namespace {

const NormalMixture1d kNormal({1}, {0}, {1});

std::vector<double> normals(std::size_t count, Generator& rng) {
  std::vector<double> u(count);
  for (double& x : u) x = rng.normal();
  return u;
}

TEST(KolmogorovSmirnov, StatisticEqualsBruteForce) {
  Generator rng(1);
  const auto u = normals(60, rng);
  // The supremum is at a sample, from the left or from the right.
  double expected = 0;
  for (double x : u) {
    const double below =
        static_cast<double>(std::ranges::count_if(u, [&](double y) { return y < x; }));
    const double upto =
        static_cast<double>(std::ranges::count_if(u, [&](double y) { return y <= x; }));
    expected = std::max(
        {expected, std::abs(below / 60 - kNormal.cdf(x)), std::abs(upto / 60 - kNormal.cdf(x))});
  }
  EXPECT_NEAR(kolmogorov_smirnov(u, kNormal).statistic, expected, 1e-15);
}

TEST(KolmogorovSmirnov, SurvivalHasItsTabulatedValuesAndIsContinuous) {
  // Critical values of the Kolmogorov law (Smirnov 1948).
  EXPECT_NEAR(kolmogorov_survival(1.2238), 0.10, 5e-5);
  EXPECT_NEAR(kolmogorov_survival(1.3581), 0.05, 5e-5);
  EXPECT_NEAR(kolmogorov_survival(1.6276), 0.01, 5e-6);
  EXPECT_EQ(kolmogorov_survival(0), 1);
  EXPECT_NEAR(kolmogorov_survival(0.2), 1, 1e-10);
  // The two series meet at 1; the slope there is about -1.
  EXPECT_NEAR(kolmogorov_survival(1 - 1e-13), kolmogorov_survival(1), 1e-12);
}

TEST(KolmogorovSmirnov, PValuesOfExactSamplesAreUniform) {
  Generator rng(2);
  const int repeats = 500;
  int below = 0;
  for (int i = 0; i < repeats; ++i) {
    below += kolmogorov_smirnov(normals(200, rng), kNormal).p_value < 0.1 ? 1 : 0;
  }
  // Binomial(500, 0.1): 50 +- 6.7; 5 standard errors, and 1 for Stephens' approximation.
  EXPECT_NEAR(below, 50, 5 * 6.7 + 1);
}

TEST(KolmogorovSmirnov, RejectsAnotherLaw) {
  Generator rng(3);
  auto u = normals(2000, rng);
  for (double& x : u) x += 0.2;
  EXPECT_LT(kolmogorov_smirnov(u, kNormal).p_value, 1e-6);
}

TEST(KolmogorovSmirnov, NonFiniteSamplesCount) {
  const std::vector<double> all_bad = {NAN, INFINITY, NAN};
  EXPECT_EQ(kolmogorov_smirnov(all_bad, kNormal).statistic, 1);
  EXPECT_THROW((void)kolmogorov_smirnov(std::vector<double>{}, kNormal), Error);
}

}  // namespace
}  // namespace ito::diffusion
