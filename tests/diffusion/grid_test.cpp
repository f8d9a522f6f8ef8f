#include "diffusion/grid.h"

#include <cmath>
#include <limits>
#include <numbers>

#include <gtest/gtest.h>

#include "autograd/error.h"
#include "diffusion/schedule.h"

namespace ito::diffusion {
namespace {

constexpr double kAlphaMax = std::numbers::pi / 2 - 0.1;

TEST(Grid, EveryKindRunsFromZeroToTheEnd) {
  const double t_max = t_from_alpha(kAlphaMax);
  EXPECT_NEAR(t_max, 99.33, 0.005);
  for (const Grid& grid :
       {uniform(50, t_max), uniform_log1p(50, t_max), uniform_angle(50, kAlphaMax)}) {
    EXPECT_NO_THROW(check_grid(grid, "test"));
    EXPECT_EQ(grid.size(), 50u);
    EXPECT_EQ(grid.front(), 0);
    EXPECT_EQ(grid.back(), t_max);
  }
}

TEST(Grid, StepsAreEqualInTheNamedVariable) {
  const Grid angle = uniform_angle(11, 1.0), log1p = uniform_log1p(11, 50.0);
  for (std::size_t k = 1; k < 11; ++k) {
    EXPECT_NEAR(alpha_from_t(angle[k]) - alpha_from_t(angle[k - 1]), 0.1, 1e-14);
    EXPECT_NEAR(std::log1p(log1p[k]) - std::log1p(log1p[k - 1]), std::log(51.0) / 10, 1e-14);
  }
}

TEST(Grid, JoinSharesThePointInTheMiddle) {
  const double middle = alpha_from_t(2);
  const Grid joined = join(uniform_angle(200, middle), uniform_angle(200, middle, kAlphaMax));
  EXPECT_EQ(joined.size(), 399u);
  EXPECT_NEAR(joined[199], 2, 1e-14);
  EXPECT_NO_THROW(check_grid(joined, "test"));
}

TEST(Grid, RejectsWhatIsNotAGrid) {
  const double kNan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(uniform(1, 1.0), Error);
  EXPECT_THROW(uniform(5, 0.0), Error);
  EXPECT_THROW(uniform_log1p(5, std::numeric_limits<double>::infinity()), Error);
  EXPECT_THROW(uniform_angle(5, std::numbers::pi / 2), Error);
  EXPECT_THROW(uniform_angle(5, 1.0, 0.5), Error);
  EXPECT_THROW(join({0, 1}, {2, 3}), Error);
  for (const Grid& bad : {Grid{0}, Grid{0, 1, 1}, Grid{-1, 1}, Grid{0, kNan}, Grid{0, kNan, 2}}) {
    EXPECT_THROW(check_grid(bad, "test"), Error);
  }
}

}  // namespace
}  // namespace ito::diffusion
