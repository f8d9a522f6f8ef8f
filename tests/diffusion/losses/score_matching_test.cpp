#include "diffusion/losses/score_matching.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "diffusion/losses/denoising.h"
#include "tests/diffusion/losses/gaussian_family.h"

namespace ito::diffusion {
namespace {

Function score_of(const GaussianFamily& family, double s = 0) {
  return [=](const Tensor& x) { return family.score(x, s); };
}

TEST(ScoreMatching, EveryLossHasItsMinimumAtTheTruth) {
  // The explicit loss and its gradient vanish identically at the truth.
  const GaussianFamily truth = GaussianFamily::truth();
  Generator rng(1);
  const Tensor x = truth.sample(50, rng);
  EXPECT_EQ(explicit_score_matching(score_of(truth), x, truth.score(x)).item(), 0);
  EXPECT_GT(explicit_score_matching(score_of(truth.moved(0.1)), x, truth.score(x)).item(), 0);
  GaussianFamily here = GaussianFamily::truth();
  here.mu.set_requires_grad();
  here.factor.set_requires_grad();
  const Tensor loss = explicit_score_matching(score_of(here), x, truth.score(x));
  for (const Tensor& g : grad(loss, {here.mu, here.factor})) EXPECT_EQ(max(abs(g)).item(), 0);

  for (auto method : {DivergenceMethod::exact, DivergenceMethod::exact_forward,
                      DivergenceMethod::exact_reverse}) {
    expect_minimum_at_truth("implicit", [=](const auto& family, const Tensor& at, Generator&) {
      return implicit_score_matching(score_of(family), at, {.method = method});
    });
  }
  for (Probe probe : {Probe::rademacher, Probe::gaussian, Probe::sphere}) {
    expect_minimum_at_truth("hutchinson", [=](const auto& family, const Tensor& at, Generator& r) {
      return implicit_score_matching(
          score_of(family), at,
          {.method = DivergenceMethod::hutchinson, .probe = probe, .probes = 2, .rng = &r});
    });
  }
  for (bool reduced : {false, true}) {
    expect_minimum_at_truth("sliced", [=](const auto& family, const Tensor& at, Generator& r) {
      return sliced_score_matching(score_of(family), at, r,
                                   {.projections = 2, .variance_reduced = reduced});
    });
  }
}

TEST(ScoreMatching, ImplicitIsExplicitLessTheFisherInformation) {
  // E|| grad log mu ||^2 = tr Sigma^-1 for a Gaussian.
  const GaussianFamily truth = GaussianFamily::truth(), model = truth.moved(0.2);
  const double constant = trace(inverse(truth.covariance())).item();
  Generator rng(5);
  std::vector<std::vector<double>> rows;
  for (int k = 0; k < 200; ++k) {
    const Tensor x = truth.sample(200, rng);
    rows.push_back({implicit_score_matching(score_of(model), x).item() -
                    explicit_score_matching(score_of(model), x, truth.score(x)).item()});
  }
  const Moments m = moments(rows);
  EXPECT_NEAR(m.mean[0], -constant, 4 * m.standard_error[0]);
  EXPECT_LT(m.standard_error[0], 0.02 * constant);
}

TEST(ScoreMatching, SlicedEqualsImplicitInExpectation) {
  const GaussianFamily truth = GaussianFamily::truth(), model = truth.moved(0.2);
  Generator rng(6);
  const Tensor x = truth.sample(20, rng);
  const double exact = implicit_score_matching(score_of(model), x).item();
  double variance[2] = {};
  for (bool reduced : {false, true}) {
    std::vector<std::vector<double>> rows;
    for (int k = 0; k < 2000; ++k) {
      rows.push_back(
          {sliced_score_matching(score_of(model), x, rng, {.variance_reduced = reduced}).item()});
    }
    const Moments m = moments(rows);
    EXPECT_NEAR(m.mean[0], exact, 4 * m.standard_error[0]);
    variance[reduced] = m.standard_error[0] * m.standard_error[0];
  }
  EXPECT_GT(variance[0], 0);
  EXPECT_GT(variance[1], 0);
}

TEST(Denoising, EveryLossHasItsMinimumAtTheTruth) {
  const double sigma = 0.5;
  for (bool control : {false, true}) {
    expect_minimum_at_truth("dsm", [=](const auto& family, const Tensor& x, Generator& rng) {
      return denoising_score_matching(score_of(family, sigma), x, sigma, rng,
                                      {.control_variate = control});
    });
  }
  const std::vector<double> sigmas = geometric_sigmas(2, 0.2, 4);
  expect_minimum_at_truth("ncsn", [=](const auto& family, const Tensor& x, Generator& rng) {
    const Network network = [=](const Tensor& y, const Tensor& s) {
      return family.score(y, ones({y.size(0), 1}, DType::f64), unsqueeze(s, 1));
    };
    return ncsn_loss(network, x, sigmas, rng);
  });
}

TEST(Denoising, ControlVariateKeepsTheMeanAndCutsTheVarianceTenfold) {
  const GaussianFamily truth = GaussianFamily::truth();
  const double sigma = 0.01;
  // E of the loss at the exact score: n/sigma^2 - tr (Sigma + sigma^2 I)^-1.
  const double expected =
      2 / (sigma * sigma) -
      trace(inverse(truth.covariance() + sigma * sigma * eye(2, DType::f64))).item();
  double loss_variance[2], gradient_variance[2];
  for (bool control : {false, true}) {
    const FamilyLoss loss = [=](const auto& family, const Tensor& x, Generator& rng) {
      return denoising_score_matching(score_of(family, sigma), x, sigma, rng,
                                      {.control_variate = control});
    };
    Generator rng(8);
    std::vector<std::vector<double>> values;
    for (int k = 0; k < 300; ++k)
      values.push_back({loss(truth, truth.sample(100, rng), rng).item()});
    const Moments v = moments(values), g = gradient_at_truth(loss);
    EXPECT_NEAR(v.mean[0], expected, 4 * v.standard_error[0]);
    loss_variance[control] = std::pow(v.standard_error[0], 2);
    gradient_variance[control] = 0;
    for (double e : g.standard_error) gradient_variance[control] += e * e;
  }
  EXPECT_LT(10 * loss_variance[1], loss_variance[0]);
  EXPECT_LT(10 * gradient_variance[1], gradient_variance[0]);
}

TEST(Denoising, GeometricLevels) {
  const auto sigmas = geometric_sigmas(10, 0.1, 3);
  ASSERT_EQ(sigmas.size(), 3u);
  EXPECT_NEAR(sigmas[0], 10, 1e-14);
  EXPECT_NEAR(sigmas[1], 1, 1e-14);
  EXPECT_NEAR(sigmas[2], 0.1, 1e-14);
  EXPECT_THROW((void)geometric_sigmas(0.1, 10, 3), Error);
}

}  // namespace
}  // namespace ito::diffusion
