#include "diffusion/distributions/toy2d.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace ito::diffusion {
namespace {

constexpr Index kCount = 20000;

TEST(Toy2d, RingsAreEquallyLikelyCircles) {
  Generator rng(1);
  const auto x = sample_rings(kCount, rng, DType::f64, 0.01).to_vector<double>();
  double share[4] = {};
  for (std::size_t i = 0; i < x.size(); i += 2) {
    const double radius = std::hypot(x[i], x[i + 1]);
    const double ring = std::round(2 * radius);
    ASSERT_NEAR(radius, 0.5 * ring, 0.06);  // 6 standard deviations
    share[static_cast<int>(ring) - 1] += 1.0 / kCount;
  }
  for (double s : share) EXPECT_NEAR(s, 0.25, 5 * std::sqrt(0.25 * 0.75 / kCount));
}

TEST(Toy2d, CheckerboardFillsTheEvenSquaresEvenly) {
  Generator rng(2);
  const auto x = sample_checkerboard(kCount, rng, DType::f64).to_vector<double>();
  double share[4][4] = {};
  for (std::size_t i = 0; i < x.size(); i += 2) {
    const int column = static_cast<int>(std::floor(x[i])),
              row = static_cast<int>(std::floor(x[i + 1]));
    ASSERT_TRUE(-2 <= column && column < 2 && -2 <= row && row < 2);
    share[row + 2][column + 2] += 1.0 / kCount;
  }
  for (int row = 0; row < 4; ++row)
    for (int column = 0; column < 4; ++column)
      EXPECT_NEAR(share[row][column], (row + column) % 2 == 0 ? 0.125 : 0,
                  5 * std::sqrt(0.125 * 0.875 / kCount) * ((row + column) % 2 == 0));
}

TEST(Toy2d, MoonsAreHalfCirclesOppositeEachOther) {
  Generator rng(3);
  const auto x = sample_two_moons(kCount, rng, DType::f64, 0).to_vector<double>();
  double upper = 0;
  for (std::size_t i = 0; i < x.size(); i += 2) {
    const double up = std::hypot(x[i] + 0.5, x[i + 1] + 0.25) - 1;
    const double down = std::hypot(x[i] - 0.5, x[i + 1] - 0.25) - 1;
    ASSERT_LT(std::min(std::abs(up), std::abs(down)), 1e-14);
    if (std::abs(up) < 1e-14) {
      EXPECT_GE(x[i + 1], -0.25 - 1e-15);
      upper += 1.0 / kCount;
    } else {
      EXPECT_LE(x[i + 1], 0.25 + 1e-15);
    }
  }
  EXPECT_NEAR(upper, 0.5, 5 * 0.5 / std::sqrt(kCount));
}

}  // namespace
}  // namespace ito::diffusion
