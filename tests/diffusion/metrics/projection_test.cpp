#include "diffusion/metrics/projection.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/ops.h"

namespace ito::diffusion {
namespace {

TEST(Projection, IsTheCoefficientOfA) {
  const Tensor x = tensor({{2, 4}, {2, -1}}, DType::f64);  // 2 a, and orthogonal to a
  const auto u = project(x, std::vector{1.0, 2.0});
  EXPECT_DOUBLE_EQ(u[0], 2);
  EXPECT_DOUBLE_EQ(u[1], 0);
  EXPECT_THROW((void)project(x, std::vector{1.0}), Error);
  EXPECT_THROW((void)project(x, std::vector{0.0, 0.0}), Error);
}

TEST(Projection, OrthogonalVarianceIgnoresTheDirectionAndTheMean) {
  // Around the mean (5, ...): +-3 along (2, -1)/sqrt5 and anything along a = (1, 2).
  const double r = 1 / std::sqrt(5.0);
  const Tensor x = tensor({{5 + 6 * r + 100, 5 - 3 * r + 200}, {5 - 6 * r, 5 + 3 * r}}, DType::f64);
  // Two samples at +-3: the unbiased variance is 18. Rounding is relative to 100^2.
  EXPECT_NEAR(orthogonal_variance(x, std::vector{1.0, 2.0}), 18, 1e-10);
}

TEST(Projection, OrthogonalVarianceOfStandardNormals) {
  Generator rng(1);
  const Tensor x = randn({2000, 50}, rng) + 3.0;
  const std::vector<double> a(50, 1.0);
  // 5 standard errors of 49 * 2000 squares.
  EXPECT_NEAR(orthogonal_variance(x, a), 1, 5 * std::sqrt(2 / (49.0 * 2000)));
}

TEST(Projection, ExcludedRowsDoNotCount) {
  const Tensor x = tensor({{1, 1}, {-1, -1}, {1e30, NAN}}, DType::f64);
  const std::vector<double> a = {1, 0};
  EXPECT_TRUE(std::isnan(orthogonal_variance(x, a)));
  EXPECT_NEAR(orthogonal_variance(x, a, std::vector<std::uint8_t>{0, 0, 1}), 2, 1e-15);
  EXPECT_TRUE(std::isnan(orthogonal_variance(x, a, std::vector<std::uint8_t>{1, 0, 1})));
  EXPECT_THROW((void)orthogonal_variance(x, a, std::vector<std::uint8_t>{1}), Error);
}

}  // namespace
}  // namespace ito::diffusion
