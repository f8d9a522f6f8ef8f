#include "diffusion/metrics/modes.h"

#include <cmath>
#include <limits>
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

TEST(ModeStatistics, OfAHandfulByHand) {
  const ModeStatistics s =
      mode_statistics(std::vector{0.2, 0.4, 0.3, -0.6, -0.8, 5.0, -1e9, kNan, kInfinity}, kLaw);
  EXPECT_DOUBLE_EQ(s.threshold, -0.2);
  // Above: 0.2, 0.4, 0.3, 5, inf of eight with a side.
  EXPECT_DOUBLE_EQ(s.weight, 5.0 / 8);
  EXPECT_DOUBLE_EQ(s.weight_se, std::sqrt(5.0 / 8 * 3 / 8 / 8));
  EXPECT_EQ(s.outliers, 4);  // 5, -1e9, NaN, inf
  EXPECT_NEAR(s.mean_high, 0.3, 1e-15);
  EXPECT_NEAR(s.mean_low, -0.7, 1e-15);
  EXPECT_NEAR(s.std_high, 0.1, 1e-15);
  EXPECT_NEAR(s.std_low, std::sqrt(0.02), 1e-15);
}

TEST(ModeStatistics, OfExactSamples) {
  Generator rng(1);
  const int count = 20000;
  std::vector<double> u(count);
  for (double& x : u) x = kLaw.means()[rng.uniform() < 0.7 ? 0 : 1] + kLaw.stds()[0] * rng.normal();
  const ModeStatistics s = mode_statistics(u, kLaw);
  const double std = kLaw.stds()[0];
  // 5 standard errors in 5 comparisons: 3e-6. No outlier but with probability 4e-5.
  EXPECT_NEAR(s.weight, 0.7, 5 * s.weight_se);
  EXPECT_NEAR(s.mean_high, 0.3, 5 * std / std::sqrt(0.7 * count));
  EXPECT_NEAR(s.mean_low, -0.7, 5 * std / std::sqrt(0.3 * count));
  EXPECT_NEAR(s.std_high, std, 5 * std / std::sqrt(1.4 * count));
  EXPECT_NEAR(s.std_low, std, 5 * std / std::sqrt(0.6 * count));
  EXPECT_EQ(s.outliers, 0);
}

TEST(ModeStatistics, AnEmptyModeHasNoMean) {
  const ModeStatistics s = mode_statistics(std::vector{0.3, 0.31}, kLaw);
  EXPECT_EQ(s.weight, 1);
  EXPECT_TRUE(std::isnan(s.mean_low) && std::isnan(s.std_low));
  EXPECT_THROW((void)mode_statistics(std::vector<double>{}, kLaw), Error);
  EXPECT_THROW((void)mode_statistics(std::vector{0.3}, NormalMixture1d({1}, {0}, {1})), Error);
}

}  // namespace
}  // namespace ito::diffusion
