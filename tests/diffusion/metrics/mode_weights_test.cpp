#include "diffusion/metrics/mode_weights.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/ops.h"

namespace ito::diffusion {
namespace {

TEST(Wilson, IntervalSolvesItsQuadratic) {
  // The bounds are the p with |p_hat - p| = z sqrt(p (1 - p)/n).
  const double z = 1.96;
  const Proportion w = wilson_interval(30, 100, z);
  for (const double p : {w.low, w.high})
    EXPECT_NEAR(std::abs(0.3 - p), z * std::sqrt(p * (1 - p) / 100), 1e-14);
  EXPECT_LT(w.low, 0.3);
  EXPECT_GT(w.high, 0.3);
  EXPECT_EQ(wilson_interval(0, 50).low, 0);
  EXPECT_GT(wilson_interval(0, 50).high, 0);
  EXPECT_EQ(wilson_interval(50, 50).high, 1);
  EXPECT_TRUE(std::isnan(wilson_interval(0, 0).value));
  EXPECT_THROW(wilson_interval(3, 2), Error);
}

TEST(ModeWeights, CountEverySampleOnce) {
  const GaussianMixture law({0.5, 0.3, 0.2}, {0, 0, 10, 0, 0, 10}, std::vector<double>(6, 1.0));
  Tensor x = tensor({{0, 1}, {9, 1}, {1, 12}, {10, 0}, {0, 0}});
  x.mutable_data<float>()[8] = std::nanf("");
  const ModeWeights w = mode_weights(x, law);
  EXPECT_EQ(w.count, (std::vector<Index>{1, 2, 1}));
  EXPECT_EQ(w.label, (std::vector<Index>{0, 1, 2, 1, -1}));
  EXPECT_EQ(w.not_finite, 1);
  EXPECT_NEAR(w.worst(), 0.3, 1e-12);  // 1/5 against 1/2
  const std::vector<Index> part = {0, 1, 1};
  const ModeWeights grouped = mode_weights(x, law, part);
  EXPECT_EQ(grouped.count, (std::vector<Index>{1, 3}));
  EXPECT_NEAR(grouped.expected[1], 0.5, 1e-12);
}

TEST(ModeWeights, IntervalsCoverTheTruth) {
  const GaussianMixture law({0.7, 0.2, 0.1}, {0, 0, 20, 0, 0, 20}, std::vector<double>(6, 1.0));
  Generator rng(1);
  int covered = 0;
  const int repeats = 200;
  for (int i = 0; i < repeats; ++i) {
    const Proportion w = mode_weights(law.sample(100, rng), law).weight[2];
    covered += w.low <= 0.1 && 0.1 <= w.high ? 1 : 0;
  }
  // 95 % in the mean over p; 0.936 at p = 0.1 and 100 trials. 4 s.e. of 200 repeats are 0.069.
  EXPECT_NEAR(static_cast<double>(covered) / repeats, 0.936, 0.069);
}

TEST(ModeWeights, SayWhatTheyCannotTell) {
  const GaussianMixture law({0.5, 0.5}, {0, 2}, {1, 1});
  EXPECT_TRUE(std::isnan(mode_weights(zeros({0, 1}), law).worst()));
  // So far out that no density is a number.
  const ModeWeights far = mode_weights(full({1, 1}, -1e200, DType::f64), law);
  EXPECT_EQ(far.not_finite, 1);
}

}  // namespace
}  // namespace ito::diffusion
