#include "diffusion/ode.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/ops.h"

namespace ito::diffusion {
namespace {

// A rotation whose speed grows with time: x' = t J x, |x| constant, angle t^2/2.
Tensor rotation(const Tensor& x, double t) {
  return t * matmul(x, tensor({{0, 1}, {-1, 0}}, DType::f64));
}
Tensor exact(double t, double s) {
  const double angle = 0.5 * (s * s - t * t);
  return tensor({{std::cos(angle), std::sin(angle)}}, DType::f64);
}
double error(const Tensor& x, double t, double s) {
  return max(abs(x - exact(t, s))).item();
}
const Tensor kStart = tensor({{1, 0}}, DType::f64);

double fixed_error(OdeMethod method, int steps) {
  std::vector<double> grid;
  for (int k = 0; k <= steps; ++k) grid.push_back(2.0 * k / steps);
  return error(integrate(rotation, kStart, grid, method), 0, 2);
}

TEST(Ode, FixedMethodsHaveTheirOrder) {
  // Errors at two step sizes; the next order's share is at most a tenth at these.
  EXPECT_NEAR(std::log2(fixed_error(OdeMethod::heun, 64) / fixed_error(OdeMethod::heun, 128)), 2,
              0.2);
  EXPECT_NEAR(std::log2(fixed_error(OdeMethod::rk4, 32) / fixed_error(OdeMethod::rk4, 64)), 4, 0.3);
}

TEST(Ode, DormandPrinceFollowsItsTolerance) {
  double previous = 1;
  for (double tolerance : {1e-4, 1e-7, 1e-10}) {
    const AdaptiveResult r =
        dormand_prince(rotation, kStart, 0, 3, {.relative = tolerance, .absolute = tolerance});
    const double e = error(r.x, 0, 3);
    // Local errors below the tolerance add up over fewer than 100 steps.
    EXPECT_LT(e, 100 * tolerance);
    EXPECT_LT(e, previous);
    EXPECT_LT(r.accepted, 150);
    // First same as last: six new evaluations a step, one to start and one for the first step size.
    EXPECT_EQ(r.evaluations, 6 * (r.accepted + r.rejected) + 2);
    previous = e;
  }
}

TEST(Ode, DormandPrinceIsOfOrderFive) {
  // The error per unit of work: tolerances 1e-6 and 1e-11 differ by 10 in steps at order five.
  const auto steps = [](double tolerance) {
    return static_cast<double>(
        dormand_prince(rotation, kStart, 0, 3, {.relative = tolerance, .absolute = tolerance})
            .accepted);
  };
  EXPECT_NEAR(std::log10(steps(1e-11) / steps(1e-6)), 1, 0.15);
}

TEST(Ode, RunsBackwardsAndReturns) {
  const AdaptiveOptions tight{.relative = 1e-10, .absolute = 1e-10};
  const AdaptiveResult there = dormand_prince(rotation, kStart, 0, 2, tight);
  const AdaptiveResult back = dormand_prince(rotation, there.x, 2, 0, tight);
  EXPECT_LT(max(abs(back.x - kStart)).item(), 1e-8);
  EXPECT_LT(error(rk4_step(rotation, kStart, 1, 0.99), 1, 0.99), 1e-12);
}

TEST(Ode, EveryRowMeetsTheTolerance) {
  // One row 1000 times as stiff as the others must not be averaged away.
  const Tensor rates = from(std::vector<double>{1, 1, 1, 1000}, {4, 1});
  const OdeField decay = [&](const Tensor& x, double) { return -rates * x; };
  const AdaptiveResult r = dormand_prince(decay, ones({4, 1}, DType::f64), 0, 0.01,
                                          {.relative = 1e-8, .absolute = 1e-8});
  const auto x = r.x.to_vector<double>();
  EXPECT_NEAR(x[0], std::exp(-0.01), 1e-6);
  EXPECT_NEAR(x[3], std::exp(-10), 1e-6);
}

TEST(Ode, FailsLoudly) {
  const OdeField explodes = [](const Tensor& x, double) { return square(x); };  // 1/(1 - t)
  EXPECT_THROW((void)dormand_prince(explodes, ones({1, 1}, DType::f64), 0, 2), Error);
  int calls = 0;
  const OdeField broken = [&](const Tensor& x, double) {
    ++calls;
    return x * std::nan("");
  };
  EXPECT_THROW((void)dormand_prince(broken, ones({1, 1}, DType::f64), 0, 1), Error);
  EXPECT_EQ(calls, 1);
  const std::vector<double> grid{0, 1, 0.5};
  EXPECT_THROW((void)integrate(rotation, kStart, grid), Error);
}

}  // namespace
}  // namespace ito::diffusion
