#include "diffusion/metrics/pairwise.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/ops.h"

namespace ito::diffusion {
namespace {

// [N, 1]
Tensor column(const std::vector<double>& values) {
  return from(values, {static_cast<Index>(values.size()), 1});
}

TEST(EnergyDistance, OfFewPointsByHand) {
  // Across: |0-1| + |0-4| + |2-1| + |2-4| = 8, mean 2; within: 2 and 3.
  const Tensor x = column({0, 2}), y = column({1, 4});
  EXPECT_NEAR(energy_distance(x, y), 2 * 2 - 2 - 3, 1e-14);
}

TEST(EnergyDistance, OfNormalsIsTheClosedForm) {
  // X - Y is normal of variance 2: the moduli are folded normals.
  Generator rng(2);
  const double d = 1.5;
  const Tensor x = randn({2000, 1}, rng), y = randn({3000, 1}, rng) + d;
  const auto mean_modulus = [](double m) {
    const double s = std::sqrt(2.0), pi = std::acos(-1.0);
    return s * std::sqrt(2 / pi) * std::exp(-m * m / 4) + m * std::erf(m / 2);
  };
  const double expected = 2 * mean_modulus(d) - 2 * mean_modulus(0);
  // Each of three means of moduli of standard deviation about 1 over 2000 or more: s.e. < 0.04.
  EXPECT_NEAR(energy_distance(x, y), expected, 0.16);
}

TEST(Pairwise, UnbiasedForEqualLaws) {
  Generator rng(3);
  double energy = 0, mmd = 0, energy_squares = 0, mmd_squares = 0;
  const int repeats = 60;
  for (int i = 0; i < repeats; ++i) {
    const Tensor x = randn({40, 3}, rng), y = randn({60, 3}, rng);
    const double e = energy_distance(x, y), m = mmd_squared(x, y, {.bandwidth = 1.5});
    energy += e / repeats;
    mmd += m / repeats;
    energy_squares += e * e / repeats;
    mmd_squares += m * m / repeats;
  }
  // The V-statistics' bias would be 2 to 3 times the spread of one repeat, 20 standard errors here.
  EXPECT_LT(std::abs(energy), 4 * std::sqrt(energy_squares / repeats));
  EXPECT_LT(std::abs(mmd), 4 * std::sqrt(mmd_squares / repeats));
}

TEST(Mmd, OfNormalsIsTheClosedForm) {
  // For N(m, I) and N(m', I) in n dimensions and bandwidth b, E k(X, Y) =
  // (b^2/(b^2 + 2))^(n/2) exp(-|m - m'|^2/(2 (b^2 + 2))).
  Generator rng(4);
  const double b = 1.2, d = 2;
  const Tensor shift = tensor({d, 0});
  const Tensor x = randn({3000, 2}, rng), y = randn({3000, 2}, rng) + shift;
  const double factor = b * b / (b * b + 2);
  const double expected = 2 * factor * (1 - std::exp(-d * d / (2 * (b * b + 2))));
  // The kernel lies in [0, 1]; its mean's standard error is below 2/sqrt(3000) for each term.
  EXPECT_NEAR(mmd_squared(x, y, {.bandwidth = b}), expected, 0.04);
}

TEST(Mmd, MedianBandwidthAndBadInput) {
  const Tensor x = column({0, 0, 0}), y = column({3, 3, 3});
  EXPECT_EQ(median_distance(x, y), 3);
  EXPECT_NEAR(mmd_squared(x, y), 2 - 2 * std::exp(-0.5), 1e-14);
  EXPECT_THROW(mmd_squared(x, x), Error);  // no scale
  EXPECT_THROW(energy_distance(x, zeros({1, 1}, DType::f64)), Error);
  EXPECT_TRUE(std::isnan(energy_distance(x, x / 0.0)));
}

}  // namespace
}  // namespace ito::diffusion
