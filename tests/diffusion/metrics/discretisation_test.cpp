#include "diffusion/metrics/discretisation.h"

#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

#include "autograd/error.h"
#include "diffusion/grid.h"
#include "diffusion/quadrature.h"

namespace ito::diffusion {
namespace {

constexpr double kAlphaMax = std::numbers::pi / 2 - 0.1;
const TwoModes kLaw = TwoModes::ones(128, 0.7);

TEST(Discretisation, ReproducesTheReferenceTable) {
  struct Row {
    Index points;
    double euler_angle, euler_log, semi_linear;
  };
  // Half a unit of the last digit given.
  for (const Row& row :
       {Row{100, 17.12, 7.37, 0.0365}, {200, 8.28, 3.62, 0.0180}, {400, 4.07, 1.80, 0.0089}}) {
    const Grid angle = uniform_angle(row.points, kAlphaMax);
    const Grid log1p = uniform_log1p(row.points, angle.back());
    EXPECT_NEAR(kl_discretisation(kLaw, angle, LocalizationScheme::euler_maruyama), row.euler_angle,
                0.005);
    EXPECT_NEAR(kl_discretisation(kLaw, log1p, LocalizationScheme::euler_maruyama), row.euler_log,
                0.005);
    EXPECT_NEAR(kl_discretisation(kLaw, angle, LocalizationScheme::semi_linear), row.semi_linear,
                0.00005);
  }
}

TEST(Discretisation, EqualsQuadratureOfItsDefinition) {
  const Grid grid = uniform_angle(30, 1.0);
  const GaussLegendre rule(20);
  double euler = 0, semi_linear = 0;
  for (std::size_t k = 1; k < grid.size(); ++k) {
    const double start = grid[k - 1];
    euler += 0.5 * rule.integrate(start, grid[k],
                                  [&](double t) { return kLaw.mmse(start) - kLaw.mmse(t); });
    semi_linear += 0.5 * rule.integrate(start, grid[k], [&](double t) {
      return 128 * (kLaw.label_variance(start) - kLaw.label_variance(t)) / ((1 + t) * (1 + t));
    });
  }
  // Differences of integrals that agree to 1e-10 of their size, about 1.
  EXPECT_NEAR(kl_discretisation(kLaw, grid, LocalizationScheme::euler_maruyama), euler, 1e-8);
  EXPECT_NEAR(kl_discretisation(kLaw, grid, LocalizationScheme::semi_linear), semi_linear, 1e-8);
}

TEST(Discretisation, OrthogonalVarianceOfBothSchemes) {
  const double target = 1 + 1 / std::pow(std::tan(kAlphaMax), 2);
  EXPECT_NEAR(target, 1.01007, 5e-6);
  struct Row {
    Index points;
    double euler;
  };
  for (const Row& row : {Row{20, 0.8290}, {50, 0.9321}, {200, 0.9898}}) {
    const Grid grid = uniform_angle(row.points, kAlphaMax);
    EXPECT_NEAR(orthogonal_variance_of_scheme(grid, LocalizationScheme::euler_maruyama), row.euler,
                5e-5);
    // Exact up to rounding in every step.
    EXPECT_NEAR(orthogonal_variance_of_scheme(grid, LocalizationScheme::semi_linear), target,
                1e-12);
  }
}

TEST(Discretisation, TerminalAndLabelCosts) {
  EXPECT_NEAR(kl_terminal(128, 10.45), 0.276, 5e-4);
  EXPECT_NEAR(kl_terminal(128, 24.3), 0.053, 5e-4);
  EXPECT_NEAR(kl_terminal(128, 99.3), 0.0032, 5e-5);
  // x - log(1 + x) = x^2/2 - x^3/3 + ... at x = 1/T
  for (const double t : {0.9e4, 1.1e4, 1e6, 1e12}) {
    // The next term of the series; below the switch at 1e4 the difference rounds by 1e-16 t.
    EXPECT_NEAR(kl_terminal(1, t) * t * t, 0.25 - 1 / (6 * t), 1 / (8 * t * t) + 2e-12);
  }
  EXPECT_NEAR(kl_bernoulli(0.65, 0.70), 0.0057, 1e-4);
  EXPECT_EQ(kl_bernoulli(0.3, 0.3), 0);
  EXPECT_EQ(kl_bernoulli(1, 0.5), std::log(2.0));
  EXPECT_EQ(kl_bernoulli(0.5, 1), INFINITY);
  EXPECT_THROW((void)kl_terminal(128, 0), Error);
}

}  // namespace
}  // namespace ito::diffusion
