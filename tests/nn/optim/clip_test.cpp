#include "nn/optim/clip.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/parallel.h"
#include "tests/support/thread_count.h"

namespace ito::nn {
namespace {

std::vector<Tensor> with_gradients() {
  std::vector<Tensor> parameters{zeros({2}), zeros({1, 1}), zeros({3})};
  for (Tensor& p : parameters) p.set_requires_grad();
  parameters[0].set_grad(tensor({3, 0}));
  parameters[1].set_grad(full({1, 1}, -4));
  return parameters;  // the third has none
}

TEST(Clip, NormIsThatOfAllGradientsTogether) {
  EXPECT_DOUBLE_EQ(grad_norm(with_gradients()), 5);
  EXPECT_EQ(grad_norm({}), 0);
}

TEST(Clip, NormOfHugeGradientsDoesNotOverflow) {
  std::vector<Tensor> p{zeros({4})};
  p[0].set_requires_grad();
  p[0].set_grad(full({4}, 1e30));
  // The f32 nearest to 1e30 is within 6e-8 of it.
  EXPECT_NEAR(grad_norm(p) / 2e30, 1, 1e-7);
}

// The sum of squares is a whole number, so no order of adding it may round.
TEST(Clip, NormOfAGradientThatThreadsShareIsThatOfAllOfIt) {
  const Index n = 2 * kWorthAThread + 5;
  std::vector<Tensor> p{zeros({n})};
  p[0].set_requires_grad();
  p[0].set_grad(full({n}, 3));
  for (const int threads : {1, 2, 4}) {
    const support::ThreadCount held(threads);
    EXPECT_EQ(grad_norm(p), std::sqrt(9.0 * static_cast<double>(n))) << threads;
  }
}

TEST(Clip, FactorBringsTheNormDownAndNeverUp) {
  EXPECT_DOUBLE_EQ(clip_factor(5, 1), 1 / (5 + 1e-6));
  EXPECT_EQ(clip_factor(0.5, 1), 1);
  EXPECT_THROW(clip_factor(1, 0), Error);
}

TEST(Clip, GradientsAreScaledOnlyAboveTheBound) {
  std::vector<Tensor> parameters = with_gradients();
  EXPECT_DOUBLE_EQ(clip_grad_norm(parameters, 10), 5);
  EXPECT_DOUBLE_EQ(grad_norm(parameters), 5);
  EXPECT_DOUBLE_EQ(clip_grad_norm(parameters, 2), 5);
  EXPECT_NEAR(grad_norm(parameters), 2, 1e-6);  // f32 gradients and the 1e-6 of the factor
  EXPECT_FALSE(parameters[2].grad().defined());
}

TEST(Clip, ValuesAreLimitedOneByOne) {
  std::vector<Tensor> parameters = with_gradients();
  clip_grad_value(parameters, 3.5);
  EXPECT_EQ(parameters[0].grad().to_vector<double>(), (std::vector<double>{3, 0}));
  EXPECT_EQ(parameters[1].grad().to_vector<double>(), (std::vector<double>{-3.5}));
  EXPECT_FALSE(parameters[2].grad().defined());
  EXPECT_THROW(clip_grad_value(parameters, 0), Error);
}

}  // namespace
}  // namespace ito::nn
