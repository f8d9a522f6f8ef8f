#include "nn/loss.h"

#include <cmath>
#include <functional>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/ops.h"
#include "autograd/testing/grad_check.h"
#include "autograd/transforms.h"

namespace ito::nn {
namespace {

constexpr DType kF64 = DType::f64;

void expect_values(const Tensor& got, const std::vector<double>& wanted) {
  const std::vector<double> values = got.to_vector<double>();
  ASSERT_EQ(values.size(), wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) EXPECT_NEAR(values[i], wanted[i], 1e-14) << i;
}

constexpr LossOptions kNone{.reduction = Reduction::none};
constexpr LossOptions kSum{.reduction = Reduction::sum};

TEST(Loss, MeanSumOrNone) {
  const Tensor a = tensor({{1, 2}, {3, 4}}, kF64), b = tensor({{1, 0}, {0, 4}}, kF64);
  EXPECT_DOUBLE_EQ(mse_loss(a, b).item(), 13.0 / 4);
  EXPECT_DOUBLE_EQ(mse_loss(a, b, kSum).item(), 13);
  expect_values(mse_loss(a, b, kNone), {0, 4, 9, 0});
  EXPECT_THROW(mse_loss(a, tensor({1, 2}, kF64)), Error);
}

TEST(Loss, ElementwiseFormulas) {
  const Tensor x = tensor({-3, -0.5, 0.25, 2}, kF64);
  const Tensor zero = zeros({4}, kF64);
  expect_values(l1_loss(x, zero, kNone), {3, 0.5, 0.25, 2});
  expect_values(huber_loss(x, zero, 0.5, kNone), {0.5 * 2.75, 0.125, 0.03125, 0.5 * 1.75});
  const Tensor y = tensor({0, 1, 0.25, 1}, kF64);
  std::vector<double> bce;
  for (const auto& [logit, target] :
       {std::pair{-3.0, 0.0}, {-0.5, 1.0}, {0.25, 0.25}, {2.0, 1.0}}) {
    const double p = 1 / (1 + std::exp(-logit));
    bce.push_back(-target * std::log(p) - (1 - target) * std::log(1 - p));
  }
  expect_values(bce_with_logits_loss(x, y, kNone), bce);
  expect_values(bce_loss(sigmoid(x), y, kNone), bce);
}

TEST(Loss, BceOfCertaintyIsBounded) {
  const Tensor p = tensor({0, 1, 0, 1, 1e-50}, kF64).set_requires_grad();
  const Tensor loss = bce_loss(p, tensor({0, 1, 1, 0, 1}, kF64), kNone);
  expect_values(loss, {0, 0, 100, 100, 100});
  for (double g : grad(sum(loss), p).to_vector<double>()) EXPECT_TRUE(std::isfinite(g));
}

TEST(Loss, NanIsNotLost) {
  const Tensor nan = full({1}, std::nan(""), kF64), one = ones({1}, kF64);
  for (const double y : {0.0, 0.5, 1.0}) {
    EXPECT_TRUE(std::isnan(bce_loss(nan, y * one).item())) << y;
  }
  EXPECT_TRUE(std::isnan(kl_loss(one, nan).item()));
  EXPECT_TRUE(std::isnan(kl_loss(nan, one).item()));
}

TEST(Loss, BceIsFiniteForEveryLogit) {
  const Tensor x = tensor({-1000, 1000, -1000, 1000}, kF64);
  expect_values(bce_with_logits_loss(x, tensor({0, 1, 1, 0}, kF64), kNone), {0, 0, 1000, 1000});
}

TEST(Loss, KlOfADistributionFromItselfIsZero) {
  const Tensor p = tensor({0.5, 0.5, 0}, kF64), q = tensor({0.25, 0.5, 0.25}, kF64);
  EXPECT_NEAR(kl_loss(log(q), p, kSum).item(), 0.5 * std::log(2), 1e-15);
  EXPECT_EQ(kl_loss(log(maximum(p, 1e-300)), p, kSum).item(), 0);
}

TEST(Loss, CrossEntropyPicksTheClass) {
  const Tensor logits = tensor({{1, 2, 3}, {1000, 0, -1000}}, kF64);
  const Tensor target = tensor({0, 1}, DType::i64);
  const double z = std::log(std::exp(1) + std::exp(2) + std::exp(3));
  expect_values(cross_entropy_loss(logits, target, kNone), {z - 1, 1000});
  EXPECT_NEAR(cross_entropy_loss(logits, target).item(), (z - 1 + 1000) / 2, 1e-12);
  expect_values(nll_loss(logits, target, kNone), {-1, 0});
  EXPECT_THROW(nll_loss(logits, tensor({0, 1}, kF64)), Error);
  EXPECT_THROW(nll_loss(logits, tensor({0}, DType::i64)), Error);
}

TEST(Loss, GradientsInBothModes) {
  Generator rng(12);
  const Tensor x = 2 * randn({3, 4}, rng, kF64), y = rand({3, 4}, rng, kF64);
  const Tensor classes = tensor({0, 3, 1}, DType::i64);
  const std::vector<std::function<Tensor(const Tensor&)>> losses{
      [&](const Tensor& p) { return mse_loss(p, y); },
      [&](const Tensor& p) { return l1_loss(p, y); },
      [&](const Tensor& p) { return huber_loss(p, y, 0.7); },
      [&](const Tensor& p) { return bce_with_logits_loss(p, y); },
      [&](const Tensor& p) { return bce_loss(sigmoid(p), y); },
      [&](const Tensor& p) { return kl_loss(p, y); },
      [&](const Tensor& p) { return cross_entropy_loss(p, classes); },
  };
  for (std::size_t k = 0; k < losses.size(); ++k) {
    const GradCheckResult r =
        grad_check([&](std::span<const Tensor> in) { return losses[k](in[0]); }, {x});
    EXPECT_TRUE(r.passed) << "loss " << k << ": " << r.message;
  }
}

}  // namespace
}  // namespace ito::nn
