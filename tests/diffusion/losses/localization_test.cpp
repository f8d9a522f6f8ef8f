#include "diffusion/losses/localization.h"

#include <cmath>
#include <numbers>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/ops.h"
#include "autograd/transforms.h"
#include "diffusion/distributions/two_modes.h"
#include "diffusion/schedule.h"

namespace ito::diffusion {
namespace {

// The exact posterior mean of two modes with a alpha [B] a row.
LocalizationNetwork exact_network(const TwoModes& law) {
  return [law](const Tensor& y, const Tensor& alpha) {
    const Tensor t = unsqueeze(square(tan(alpha)), 1);
    const Tensor a =
        from(std::vector<double>(law.a().begin(), law.a().end()), {law.dimension()}, y.dtype());
    const double p = law.p();
    const Tensor logit =
        (sum(y * a, {-1}, true) + t * (0.5 * (2 * p - 1) * law.norm_squared())) / (1 + t) +
        std::log(p / (1 - p));
    return (y + (sigmoid(logit) - p) * a) / (1 + t);
  };
}

TEST(LocalizationLoss, DrawsTheStatedPath) {
  Generator rng(2);
  const Index rows = 20000;
  const LocalizationLossOptions options{.alpha_min = 0.2, .alpha_max = 1.1};
  const LocalizationBatch batch = localize(full({rows, 4}, 3.0, DType::f64), rng, options);
  EXPECT_FALSE(batch.weight.defined());
  const auto alpha = batch.alpha.to_vector<double>(), y = batch.y.to_vector<double>();
  double angle = 0, mean = 0, square = 0;
  for (std::size_t i = 0; i < alpha.size(); ++i) {
    EXPECT_GE(alpha[i], 0.2);
    EXPECT_LE(alpha[i], 1.1);
    angle += alpha[i] / rows;
    const double t = t_from_alpha(alpha[i]);
    for (std::size_t j = 0; j < 4; ++j) {
      const double z = (y[4 * i + j] - 3 * t) / std::sqrt(t);
      mean += z / (4.0 * rows);
      square += z * z / (4.0 * rows);
    }
  }
  // 5 standard errors in 3 comparisons: 1.7e-6.
  EXPECT_NEAR(angle, 0.65, 5 * 0.9 / std::sqrt(12.0 * rows));
  EXPECT_NEAR(mean, 0, 5 / std::sqrt(4.0 * rows));
  EXPECT_NEAR(square, 1, 5 * std::sqrt(2 / (4.0 * rows)));
}

// The share of angles below a point, of a law drawn at evenly spaced u: no chance is involved, and
// a cell of u is all that the count can be wrong by in each component.
TEST(AngleLaw, IsTheStatedMixture) {
  const AngleLaw law{.path_share = 0.4, .early_share = 0.5, .early_end = 0.5};
  constexpr int kCount = 10000;
  const double lo = 0.1, hi = 1.4;
  const double path_total = std::log(std::cos(lo) / std::cos(hi));
  for (const double alpha : {0.11, 0.3, 0.5, 0.9, 1.3, 1.4}) {
    int below = 0;
    for (int i = 0; i < kCount; ++i) below += law((i + 0.5) / kCount, lo, hi) <= alpha;
    const double expected = 0.4 * std::log(std::cos(lo) / std::cos(alpha)) / path_total +
                            0.5 * std::min(1.0, (alpha - lo) / (0.5 - lo)) +
                            0.1 * (alpha - lo) / (hi - lo);
    EXPECT_NEAR(static_cast<double>(below) / kCount, expected, 3.0 / kCount) << alpha;
  }
}

TEST(AngleLaw, StratifiedRowsShareTheLawOut) {
  constexpr Index kRows = 50;
  Generator rng(3);
  const LocalizationLossOptions options{
      .alpha_min = 0, .alpha_max = 1, .law = {}, .stratified = true};
  const std::vector<double> alpha =
      localize(zeros({kRows, 2}, DType::f64), rng, options).alpha.to_vector<double>();
  for (Index r = 0; r < kRows; ++r) {
    EXPECT_GE(alpha[static_cast<std::size_t>(r)], static_cast<double>(r) / kRows);
    EXPECT_LT(alpha[static_cast<std::size_t>(r)], static_cast<double>(r + 1) / kRows);
  }
  EXPECT_THROW(localize(zeros({2, 2}), rng, {.law = {.path_share = 0.7, .early_share = 0.7}}),
               Error);
}

TEST(LocalizationLoss, OfTheExactPosteriorMeanIsTheBayesValue) {
  const TwoModes law = TwoModes::ones(128, 0.7);
  const LocalizationNetwork network = exact_network(law);
  Generator rng(8);
  std::vector<double> losses;
  for (int i = 0; i < 100; ++i) {
    const Tensor x = law.mixture().sample(500, rng);
    losses.push_back(localization_loss(network, x, rng).item());
  }
  double mean = 0, variance = 0;
  for (double l : losses) mean += l / 100;
  for (double l : losses) variance += (l - mean) * (l - mean) / 99;
  // 4 standard errors (1e-4), which must themselves be small.
  const double se = std::sqrt(variance / 100);
  EXPECT_LT(se, 0.003);
  EXPECT_NEAR(mean, 0.52728, 4 * se);
}

TEST(LocalizationLoss, WeightsMultiplyTheRows) {
  const auto network = [](const Tensor& y, const Tensor&) { return zeros_like(y); };
  const Tensor x = full({6, 2}, 2.0);
  Generator rng(4), same(4);
  const LocalizationLossOptions options{.weight = [](double alpha) { return 3 * alpha; }};
  const double weighted = localization_loss(network, x, rng, options).item();
  // The error is 4 everywhere, so the loss is 4 times the mean weight.
  const LocalizationBatch batch = localize(x, same, {});
  EXPECT_NEAR(weighted, 12 * mean(batch.alpha).item(), 1e-5);  // f32 rounding of values near 12
}

TEST(LocalizationLoss, DifferentiatesInTheNetworksParameters) {
  // m_hat = c: d/dc mean (c - x)^2 = 2 (c - mean x).
  Tensor c = scalar(0.5, DType::f64).set_requires_grad();
  Generator rng(4);
  const Tensor x = randn({10, 3}, rng, DType::f64);
  const auto network = [&](const Tensor& y, const Tensor&) { return expand(c, y.shape()); };
  const Tensor loss = localization_loss(network, x, rng);
  EXPECT_NEAR(grad(loss, c).item(), 2 * (0.5 - mean(x).item()), 1e-14);
}

TEST(LocalizationLoss, SameGeneratorSameBatch) {
  Generator rng(9), same(9);
  const Tensor x = full({5, 7}, 1.0);
  const LocalizationBatch a = localize(x, rng), b = localize(x, same);
  EXPECT_EQ(a.y.to_vector<float>(), b.y.to_vector<float>());
  EXPECT_EQ(a.alpha.to_vector<float>(), b.alpha.to_vector<float>());
  EXPECT_EQ(rng, same);
  EXPECT_NE(localize(x, rng).y.to_vector<float>(), a.y.to_vector<float>());
}

TEST(LocalizationLoss, RejectsAWindowOutsideTheQuarterCircle) {
  Generator rng(1);
  EXPECT_THROW((void)localize(zeros({2, 2}), rng, {.alpha_max = std::numbers::pi / 2}), Error);
  EXPECT_THROW((void)localize(zeros({2, 2}), rng, {.alpha_min = 1, .alpha_max = 0.5}), Error);
  EXPECT_THROW((void)localize(zeros({2}), rng), Error);
}

}  // namespace
}  // namespace ito::diffusion
