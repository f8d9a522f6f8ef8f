#include "diffusion/schedule.h"

#include <cmath>
#include <limits>
#include <numbers>

#include <gtest/gtest.h>

namespace ito::diffusion {
namespace {

TEST(Schedule, LocalizationPathAndDerivatives) {
  const StochasticLocalization path;
  for (double t : {0.01, 0.3, 1.0, 99.0}) {
    EXPECT_EQ(path.a(t), t);
    EXPECT_DOUBLE_EQ(path.s(t) * path.s(t), t);
    EXPECT_EQ(path.a_derivative(t), 1);
    // Central differences of sqrt: relative error h^2/(8 t^2) of the derivative plus rounding.
    const double h = 1e-5 * t;
    EXPECT_NEAR(path.s_derivative(t), (path.s(t + h) - path.s(t - h)) / (2 * h),
                1e-9 * path.s_derivative(t));
  }
}

TEST(Schedule, ObservationIsTheGenericOneUpToAFactor) {
  const StochasticLocalization path;
  const double t = 2.5;
  const Observation exact = path.observation(t);
  const Observation generic = path.Schedule::observation(t);
  EXPECT_DOUBLE_EQ(exact.cross / exact.noise, generic.cross / generic.noise);
  EXPECT_DOUBLE_EQ(exact.signal / exact.noise, generic.signal / generic.noise);
  EXPECT_EQ(path.observation(0).noise, 1);
  EXPECT_EQ(path.observation(0).signal, 0);
}

TEST(Schedule, ClocksAgree) {
  for (double alpha : {0.0, 1e-3, 0.4, 1.2, std::numbers::pi / 2 - 0.01}) {
    const double t = t_from_alpha(alpha);
    EXPECT_NEAR(alpha_from_t(t), alpha, 1e-15);
    EXPECT_NEAR(1 / (1 + t), std::cos(alpha) * std::cos(alpha), 1e-15);
    if (t == 0) continue;
    const double tau = tau_from_t(t);
    EXPECT_NEAR(std::exp(-tau), std::sin(alpha), 1e-15);
    EXPECT_NEAR(t_from_tau(tau), t, 1e-12 * t);
  }
  EXPECT_DOUBLE_EQ(alpha_from_t(std::numeric_limits<double>::infinity()), std::numbers::pi / 2);
}

}  // namespace
}  // namespace ito::diffusion
