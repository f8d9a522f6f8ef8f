#include "diffusion/grid.h"

#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include <gtest/gtest.h>

#include "autograd/error.h"
#include "diffusion/schedule.h"
#include "diffusion/schedules/variance_exploding.h"
#include "diffusion/schedules/variance_preserving.h"

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

TEST(Grid, RunsEitherWay) {
  const VpLinear path;
  const auto check_ends = [](const Grid& grid, double first, double last) {
    EXPECT_EQ(grid.front(), first);
    EXPECT_EQ(grid.back(), last);
    for (std::size_t k = 1; k < grid.size(); ++k)
      EXPECT_GT((grid[k] - grid[k - 1]) * (last - first), 0);
  };
  for (const auto& [first, last] : {std::pair{1.0, 1e-3}, std::pair{1e-3, 1.0}}) {
    check_ends(uniform(9, first, last), first, last);
    check_ends(geometric(9, first, last), first, last);
    check_ends(uniform_log_snr(9, path, first, last), first, last);
    check_ends(karras(9, path, first, last), first, last);
    EXPECT_EQ(reversed(geometric(9, first, last)).front(), last);
  }
}

TEST(Grid, StepsOnAPathAreEqualInTheNamedVariable) {
  const VpLinear path;
  const Grid snr = uniform_log_snr(11, path, 1, 1e-3), rho = karras(11, path, 1, 1e-3, 7);
  const Grid ratio = geometric(11, 1, 1e-3);
  const auto root = [&](double t) { return std::pow(path.s(t) / path.a(t), 1.0 / 7); };
  for (std::size_t k = 1; k < 11; ++k) {
    // Inverting the path costs some digits.
    EXPECT_NEAR(path.log_snr(snr[k]) - path.log_snr(snr[k - 1]),
                (path.log_snr(1e-3) - path.log_snr(1)) / 10, 1e-9);
    EXPECT_NEAR(root(rho[k]) - root(rho[k - 1]), (root(1e-3) - root(1)) / 10, 1e-10);
    EXPECT_NEAR(ratio[k] / ratio[k - 1], std::pow(1e-3, 0.1), 1e-12);
  }
}

// On the path a = 1, s = sigma this is the published sigma_i.
TEST(Grid, KarrasIsThePublishedFormula) {
  const VarianceExploding path(0.002, 80);
  const Grid grid = karras(18, path, 1, 0);
  for (std::size_t i = 0; i < 18; ++i) {
    const double share = static_cast<double>(i) / 17, inverse = 1.0 / 7;
    const double sigma = std::pow(
        std::pow(80, inverse) + share * (std::pow(0.002, inverse) - std::pow(80, inverse)), 7);
    EXPECT_NEAR(path.s(grid[i]) / sigma, 1, 1e-10);
  }
}

TEST(Grid, GeometricThenUniformChangesAtTheMiddle) {
  const Grid grid = geometric_then_uniform(21, 1e-3, 1, 6, 0.5);
  EXPECT_EQ(grid.size(), 21u);
  EXPECT_EQ(grid[0], 1e-3);
  EXPECT_EQ(grid[10], 1);
  EXPECT_EQ(grid[20], 6);
  EXPECT_NEAR(grid[5] / grid[4], std::pow(1e3, 0.1), 1e-12);
  EXPECT_NEAR(grid[15] - grid[14], 0.5, 1e-12);
  EXPECT_THROW(geometric_then_uniform(21, 0, 1, 6), Error);
}

TEST(Grid, RepeatsLevels) {
  EXPECT_EQ(repeat({3, 1}, 2), (Grid{3, 3, 1, 1}));
}

TEST(Grid, RejectsEndsWithoutNoiseOrSignal) {
  const VpLinear path;
  EXPECT_THROW(uniform_log_snr(5, path, 1, 0), Error);
  EXPECT_THROW(karras(5, path, 1, 0), Error);
  EXPECT_THROW(geometric(5, 1, 0), Error);
}

}  // namespace
}  // namespace ito::diffusion
