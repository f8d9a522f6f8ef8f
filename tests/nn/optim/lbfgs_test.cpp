#include "nn/optim/lbfgs.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/ops.h"

namespace ito::nn {
namespace {

Tensor start(const std::vector<double>& values) {
  Tensor x = from(values, {static_cast<Index>(values.size())});
  x.set_requires_grad();
  return x;
}

TEST(Lbfgs, LineSearchReachesTheMinimumOfRosenbrock) {
  const Tensor x = start({-1.2, 1});
  const auto loss = [&] {
    const Tensor a = select(x, 0, 0), b = select(x, 0, 1);
    return square(1 - a) + 100 * square(b - square(a));
  };
  Lbfgs optimiser({x}, {.iterations = 100, .evaluations = 200, .change_tolerance = 0});
  EXPECT_NEAR(optimiser.step(loss), 24.2, 1e-12);  // the value at the classical start
  // A gradient of 1e-7 over the smallest curvature there, 0.4.
  EXPECT_NEAR(x.to_vector<double>()[0], 1, 1e-6);
  EXPECT_NEAR(x.to_vector<double>()[1], 1, 1e-6);
  EXPECT_LT(optimiser.iterations(), 60);
}

// n steps with exact searches solve a quadratic in n variables; these are inexact, and need few
// more.
TEST(Lbfgs, SolvesAQuadraticInFewSteps) {
  const Tensor x = start({0, 0, 0, 0});
  const Tensor scale = tensor({1, 10, 100, 1000}, DType::f64);
  Lbfgs optimiser({x}, {.iterations = 60, .evaluations = 200, .change_tolerance = 0});
  optimiser.step([&] { return sum(0.5 * (scale * square(x)) - x); });
  const std::vector<double> solution = x.to_vector<double>();
  // Gradients of 1e-7 where b = 1: relative errors of 1e-7.
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(solution[i] * std::pow(10, i), 1, 1e-6);
  }
}

TEST(Lbfgs, SurvivesAStepIntoInfinity) {
  const Tensor x = start({2});
  // exp(x^2) overflows where the first trial length, 1e3, would lead.
  Lbfgs optimiser({x}, {.lr = 1e3, .iterations = 50, .evaluations = 200});
  optimiser.step([&] { return sum(exp(square(x)) - 1); });
  EXPECT_NEAR(x.to_vector<double>()[0], 0, 1e-5);
}

TEST(Lbfgs, StopsWithoutAGradientAndRefusesNaN) {
  const Tensor x = start({0});
  Lbfgs optimiser({x});
  optimiser.step([&] { return sum(square(x)); });
  EXPECT_EQ(optimiser.iterations(), 0);
  const Tensor y = start({1});
  Lbfgs fixed({y}, {.lr = 10, .line_search = LineSearch::none});
  EXPECT_THROW(fixed.step([&] { return sum(log(y)); }), Error);
  EXPECT_THROW(Lbfgs({y}, {.history = 0}), Error);
  // A finite loss whose slope at zero is infinite times zero.
  const Tensor z = start({1});
  EXPECT_THROW(Lbfgs({z}).step([&] { return sum(sqrt(0 * z)); }), Error);
}

}  // namespace
}  // namespace ito::nn
