// Errata 1 to 10 of docs/errata.md: what the paper states, and what holds.
#include <cmath>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/grad_mode.h"
#include "autograd/ops.h"
#include "autograd/transforms.h"
#include "diffusion/distributions/gaussian_mixture.h"
#include "diffusion/losses/denoising.h"
#include "diffusion/losses/score_matching.h"
#include "diffusion/schedules/ornstein_uhlenbeck.h"

namespace ito::diffusion {
namespace {

GaussianMixture two_modes_on_a_line() {
  return GaussianMixture({0.3, 0.7}, {1.5, -1}, {0.2, 0.4});
}
GaussianMixture in_the_plane() {
  return GaussianMixture({0.3, 0.7}, {1.5, 0, -1, 0.5}, {0.2, 0.5, 0.4, 0.3});
}

struct Estimate {
  double mean;
  double se;
};
Estimate estimate(const Tensor& values) {
  return {mean(values).item(), std::sqrt(var(values).item() / static_cast<double>(values.numel()))};
}

// A smooth field that is the score of nothing in particular, [B, n] -> [B, n].
Tensor field(const Tensor& x) {
  return sin(x) - 0.3 * x;
}
Tensor field_divergence(const Tensor& x) {
  return sum(cos(x) - 0.3, {1});
}

// int f(x) mu(x) dx over the line: the trapezoidal rule, exact to rounding for such densities.
template <class F>
double integral(F f) {
  const Tensor x = reshape(linspace(-14, 14, 5601, DType::f64), {5601, 1});
  return sum(f(x)).item() * 0.005;
}

TEST(Errata, Erratum01DenoisingKernelScorePointsBackToTheData) {
  const double sigma = 0.7;
  const GaussianMixture kernel({1}, {0.4}, {sigma * sigma});  // N(x~; x = 0.4, sigma^2)
  Tensor noisy = from(std::vector<double>{1.9, -0.3}, {2, 1});
  noisy.set_requires_grad();
  const Tensor slope = grad(sum(kernel.log_density(noisy)), noisy);
  const Tensor minus = (noisy - 0.4) * (-1 / (sigma * sigma));
  EXPECT_LT(max(abs(slope - minus)).item(), 1e-14);
  EXPECT_GT(max(abs(slope + minus)).item(), 1);
}

TEST(Errata, Erratum02NoiseBesideSigmaZIsStandard) {
  // With Z ~ N(0, I) the exact score of mu * N(0, sigma^2) attains n/sigma^2 - E|| score ||^2; with
  // Z ~ N(0, sigma^2 I) the noise is sigma^2 Z' and the target is that of no marginal.
  const double sigma = 0.5;
  const GaussianMixture law = in_the_plane(), noisy = law.marginal(1, sigma);
  const NoGrad guard;
  Generator rng(1);
  const Tensor x = law.sample(200000, rng, DType::f64), z = randn(x.shape(), rng, DType::f64);
  const auto excess = [&](const Tensor& noise) {
    const Tensor score = noisy.score(x + sigma * noise);
    // Zero in expectation if and only if score is E[-noise/sigma | x + sigma noise].
    return estimate(sum(score * (score + noise / sigma), {1}));
  };
  const Estimate standard = excess(z), scaled = excess(sigma * z);
  EXPECT_NEAR(standard.mean, 0, 4 * standard.se);
  EXPECT_GT(std::abs(scaled.mean), 10 * scaled.se);
}

TEST(Errata, Erratum03ImplicitAndExplicitShareMinimisersNotValues) {
  const GaussianMixture law = in_the_plane();
  const NoGrad guard;
  Generator rng(2);
  const Tensor x = law.sample(200000, rng, DType::f64), truth = law.score(x);
  const Tensor s = field(x);
  const Tensor fisher = sum(square(truth), {1});
  const Estimate difference = estimate(sum(square(s), {1}) + 2.0 * field_divergence(x) -
                                       sum(square(s - truth), {1}) + fisher);
  EXPECT_NEAR(difference.mean, 0, 4 * difference.se);
  EXPECT_GT(estimate(fisher).mean, 1);  // the values differ by this much
}

TEST(Errata, Erratum04IntegralOfTheDivergenceOfSMuIsZero) {
  const GaussianMixture law = two_modes_on_a_line();
  const auto density = [&](const Tensor& x) { return unsqueeze(exp(law.log_density(x)), 1); };
  // div(s mu) = (div s) mu + <s, grad log mu> mu.
  const double of_product = integral(
      [&](const Tensor& x) { return (cos(x) - 0.3 + field(x) * law.score(x)) * density(x); });
  const double cross =
      integral([&](const Tensor& x) { return field(x) * law.score(x) * density(x); });
  const double of_field = integral([&](const Tensor& x) { return (cos(x) - 0.3) * density(x); });
  EXPECT_NEAR(of_product, 0, 1e-12);
  EXPECT_NEAR(cross, -of_field, 1e-12);
  EXPECT_GT(std::abs(cross), 0.01);
}

TEST(Errata, Erratum05AnnealingRunsFromLargeNoiseToSmall) {
  const GaussianMixture law = two_modes_on_a_line();
  const std::vector<double> down = geometric_sigmas(5, 0.05, 12);
  for (std::size_t i = 1; i < down.size(); ++i) EXPECT_LT(down[i], down[i - 1]);
  const std::vector<double> up(down.rbegin(), down.rend());
  // x += e score + sqrt(2 e) z, e = 0.1 sigma^2, from N(0, sigma_1^2): ends near the law (variance
  // 1.67) one way, and spread over the largest noise the other way.
  const NoGrad guard;
  const auto final_variance = [&](const std::vector<double>& sigmas) {
    Generator rng(5);
    Tensor x = down.front() * randn({4000, 1}, rng, DType::f64);
    for (double sigma : sigmas) {
      const GaussianMixture level = law.marginal(1, sigma);
      const double e = 0.1 * sigma * sigma;
      for (int k = 0; k < 20; ++k)
        x = x + e * level.score(x) + std::sqrt(2 * e) * randn(x.shape(), rng, DType::f64);
    }
    return var(x).item();
  };
  const double truth = 0.3 * (0.2 + 1.5 * 1.5) + 0.7 * (0.4 + 1) - std::pow(0.45 - 0.7, 2);
  // 5 % of the variance has a standard error of 2.3 %; the annealing's own bias is of order e.
  EXPECT_NEAR(final_variance(down), truth, 0.2 * truth);
  EXPECT_GT(final_variance(up), 5 * truth);
}

TEST(Errata, Erratum06ScoreIsTheConditionalMeanOfTheTarget) {
  const double sigma = 0.6;
  const GaussianMixture law = in_the_plane();
  const NoGrad guard;
  Generator rng(6);
  const Tensor x = law.sample(200000, rng, DType::f64), z = randn(x.shape(), rng, DType::f64);
  const Tensor noisy = x + sigma * z, gap = z / sigma + law.marginal(1, sigma).score(noisy);
  // Against every function of X~ the gap averages to zero; the gap itself is not zero.
  for (const Tensor& test : {ones_like(noisy), noisy, sin(noisy), square(noisy)}) {
    const Estimate e = estimate(sum(gap * test, {1}));
    EXPECT_NEAR(e.mean, 0, 4 * e.se);
  }
  EXPECT_GT(mean(square(gap)).item(), 0.5);
}

TEST(Errata, Erratum07TwoSignErrorsCancel) {
  // (28) and (29) need +2 <s, Z/sigma>; the square then completes to s + Z/sigma, as (31) has.
  const double sigma = 0.6;
  const GaussianMixture law = in_the_plane();
  const NoGrad guard;
  Generator rng(7);
  const Tensor x = law.sample(200000, rng, DType::f64), z = randn(x.shape(), rng, DType::f64);
  const Tensor noisy = x + sigma * z, s = field(noisy);
  const Tensor cross = 2.0 * sum(s * z, {1}) / sigma, twice = 2.0 * field_divergence(noisy);
  const Estimate right = estimate(twice - cross), paper = estimate(twice + cross);
  EXPECT_NEAR(right.mean, 0, 4 * right.se);
  EXPECT_GT(std::abs(paper.mean), 10 * paper.se);
  // What (31) states: equal to (26) up to E|| Z/sigma ||^2 = n/sigma^2.
  const Estimate square_completed =
      estimate(sum(square(s), {1}) + twice - sum(square(s + z / sigma), {1}) + 2 / (sigma * sigma));
  EXPECT_NEAR(square_completed.mean, 0, 4 * square_completed.se);
}

TEST(Errata, Erratum08StationaryVarianceIsHalfSigmaSquared) {
  for (double sigma : {0.5, 1.0, 3.0}) {
    const OrnsteinUhlenbeck path(sigma, 30);
    EXPECT_NEAR(std::pow(path.s(30), 2), sigma * sigma / 2, 1e-14 * sigma * sigma);
    EXPECT_NEAR(path.prior_std() * path.prior_std(), sigma * sigma / 2, 1e-15 * sigma * sigma);
    // d var/dt = -2 var + g2 stands still there, and at N(0, I) only for sigma^2 = 2.
    EXPECT_NEAR(2 * path.f(1) * sigma * sigma / 2 + path.g2(1), 0, 1e-14 * sigma * sigma);
    EXPECT_NE(2 * path.f(1) + path.g2(1), 0);
  }
}

TEST(Errata, Erratum09TiltHasTimesT) {
  // Bayes with y ~ N(t x, t I): log of the posterior less log of the prior is <y, x> - t||x||^2/2.
  const Tensor x = tensor({{0.5, -1}, {2, 0.3}, {-0.7, 0.1}}, DType::f64);
  const Tensor y = tensor({0.8, -0.4}, DType::f64);
  const double t = 3;
  const Tensor bayes = sum(square(y - t * x), {1}) * (-0.5 / t);
  const Tensor norm = sum(square(x), {1}), inner = matmul(x, y);
  const auto spread = [](const Tensor& d) { return (max(d) - min(d)).item(); };  // 0 if constant
  EXPECT_LT(spread(bayes - (inner - 0.5 * t * norm)), 1e-14);
  EXPECT_GT(spread(bayes - (inner - norm / (2 * t))), 1);
}

TEST(Errata, Erratum10TheNoiseOfTheSdeIsTheInnovation) {
  // x ~ N(0, 1), so m = y/(1 + t). Driving dY = m dt + dW with the W of Y = t x + W loses x: the
  // two are independent. Driven by the innovation Y_t - int m ds, the SDE returns Y itself.
  const NoGrad guard;
  Generator rng(10);
  const Index paths = 20000;
  const int steps = 200;
  const double horizon = 2, h = horizon / steps;
  const Tensor x = randn({paths}, rng, DType::f64);
  Tensor w = zeros({paths}, DType::f64), innovation = w, by_w = w, by_innovation = w;
  for (int k = 0; k < steps; ++k) {
    const double t = k * h;
    const Tensor dw = std::sqrt(h) * randn({paths}, rng, DType::f64);
    const Tensor y = t * x + w;
    const Tensor d_innovation = h * x + dw - (h / (1 + t)) * y;
    by_w = by_w + (h / (1 + t)) * by_w + dw;
    by_innovation = by_innovation + (h / (1 + t)) * by_innovation + d_innovation;
    w = w + dw;
    innovation = innovation + d_innovation;
  }
  const Tensor y = horizon * x + w;
  EXPECT_LT(max(abs(by_innovation - y)).item(), 1e-12);
  const Estimate lost = estimate(x * by_w), kept = estimate(x * y);
  EXPECT_NEAR(lost.mean, 0, 4 * lost.se);
  EXPECT_NEAR(kept.mean, horizon, 4 * kept.se);
  // The innovation is a Brownian motion all the same: variance T (up to O(h) of the scheme).
  const double variance = var(innovation).item();
  EXPECT_NEAR(variance, horizon,
              4 * horizon * std::sqrt(2.0 / static_cast<double>(paths)) + horizon * h);
}

}  // namespace
}  // namespace ito::diffusion
