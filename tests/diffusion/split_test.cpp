#include "diffusion/split.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/ops.h"
#include "diffusion/distributions/two_modes.h"

namespace ito::diffusion {
namespace {

TEST(PrincipalDirection, FindsThePlantedEigenvector) {
  // Rows +- c e_i of an orthonormal frame: the second moment is diagonal in it by construction.
  const double r = std::sqrt(0.5);
  const Tensor x = tensor({{3 * r, 3 * r, 0}, {-2 * r, 2 * r, 0}, {0, 0, 1}}, DType::f64);
  const auto v = principal_direction(x);
  // The residual 1e-10 bounds the angle by 1e-10 lambda/gap = 1e-10 * 9/5.
  EXPECT_NEAR(v[0], r, 2e-10);
  EXPECT_NEAR(v[1], r, 2e-10);
  EXPECT_NEAR(v[2], 0, 2e-10);
}

TEST(PrincipalDirection, IsUncentred) {
  // Variance along y only, but the mean (10, 0) dominates.
  const Tensor x = tensor({{10, 1}, {10, -1}});
  EXPECT_NEAR(principal_direction(x)[0], 1, 1e-9);
}

TEST(PrincipalDirection, SaysWhenThereIsNone) {
  EXPECT_THROW(principal_direction(zeros({4, 3})), Error);
  EXPECT_THROW(principal_direction(zeros({0, 3})), Error);
  // Eigenvalues 1 and 1 + 1e-6: the iteration needs more than 100 steps.
  const Tensor close = tensor({{1 + 5e-7, 0}, {0, 1}}, DType::f64);
  EXPECT_THROW(principal_direction(close, 100), Error);
}

TEST(PrincipalSplit, SeparatesTheModesOfTheCaseStudy) {
  const TwoModes law = TwoModes::ones(128, 0.7);
  Generator rng(6);
  const Index count = 5000;
  const LabelledSamples drawn = law.mixture().sample_labelled(count, rng);
  const PrincipalSplit split = principal_split(drawn.x);
  EXPECT_TRUE(split.larger_is_positive);
  EXPECT_EQ(static_cast<Index>(split.positive.size() + split.negative.size()), count);
  // The threshold 0 lies 3.4 stds from the near mode: q = 0.7 (1 - 3.4e-4), and its s.e. is 0.0065.
  EXPECT_NEAR(split.share, 0.7, 5 * 0.0065);
  Index wrong = 0;
  for (Index i : split.positive) wrong += drawn.labels[static_cast<std::size_t>(i)] != 0;
  // Poisson of mean 1.2 (far mode: 7.9 stds, never; near-mode losses are on the other side: 0).
  EXPECT_EQ(wrong, 0);
  for (Index i : split.negative) wrong += drawn.labels[static_cast<std::size_t>(i)] != 1;
  EXPECT_LE(wrong, 10);  // Poisson of mean 1.2 exceeds 10 with probability 1e-7
}

}  // namespace
}  // namespace ito::diffusion
