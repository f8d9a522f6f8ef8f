#include "diffusion/likelihood.h"

#include <cmath>
#include <memory>
#include <numbers>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/ops.h"
#include "diffusion/distributions/gaussian_mixture.h"
#include "diffusion/distributions/two_modes.h"
#include "diffusion/schedules/ornstein_uhlenbeck.h"
#include "diffusion/schedules/variance_exploding.h"
#include "diffusion/schedules/variance_preserving.h"

namespace ito::diffusion {
namespace {

// The exact score along a path; all rows at one time.
Network exact_score(const GaussianMixture& law, SchedulePtr path) {
  return [=](const Tensor& x, const Tensor& t) {
    const double time = t.to_vector<double>()[0];
    return law.marginal(path->a(time), path->s(time)).score(x);
  };
}

double largest_error(const Tensor& a, const Tensor& b) {
  return max(abs(a - b)).item();
}

TEST(Likelihood, EqualsTheClosedFormInThePlane) {
  const GaussianMixture law({0.3, 0.7}, {1.5, 0, -1, 0.5}, {0.2, 0.5, 0.3, 0.1});
  Generator rng(3);
  const Tensor x = law.sample(16, rng, DType::f64);
  // OU from its very start; a(12) = 6e-6, so N(0, I) is the law at the end to 1e-5.
  const auto ou = std::make_shared<OrnsteinUhlenbeck>(std::sqrt(2.0), 12);
  const Likelihood l = log_likelihood(exact_score(law, ou), Prediction::score, *ou, x, 0, 12);
  EXPECT_LT(largest_error(l.log_density, law.log_density(x)), 1e-4);
  EXPECT_EQ(max(l.standard_error).item(), 0);
  EXPECT_GT(l.evaluations, 10);
}

TEST(Likelihood, EqualsTheClosedFormIn128Dimensions) {
  const GaussianMixture law = TwoModes::ones(128, 0.7).mixture();
  Generator rng(4);
  const Tensor x = law.sample(2, rng, DType::f64);
  // ||mean|| a(T) x < 8 * 3e-7 * 10 at T = 15.
  const auto ou = std::make_shared<OrnsteinUhlenbeck>(std::sqrt(2.0), 15);
  const Likelihood l = log_likelihood(exact_score(law, ou), Prediction::score, *ou, x, 0, 15);
  EXPECT_LT(largest_error(l.log_density, law.log_density(x)), 1e-4);
}

TEST(Likelihood, HoldsOnEveryScheduleWithItsOwnPrior) {
  const GaussianMixture law({0.3, 0.7}, {1.5, 0, -1, 0.5}, {0.2, 0.5, 0.3, 0.1});
  Generator rng(3);
  struct Case {
    SchedulePtr path;
    double data, noise;
  };
  for (const auto& [path, data, noise] :
       {Case{std::make_shared<VpLinear>(), 1e-3, 1}, Case{std::make_shared<VpCosine>(), 1e-3, 0.99},
        Case{std::make_shared<SubVp>(), 0.05, 1}, Case{std::make_shared<VarianceExploding>(), 0, 1},
        Case{std::make_shared<StochasticLocalization>(), 30, 0.01}}) {
    const GaussianMixture first = law.marginal(path->a(data), path->s(data));
    const GaussianMixture last = law.marginal(path->a(noise), path->s(noise));
    const Tensor x = first.sample(4, rng, DType::f64);
    const Likelihood l =
        log_likelihood(exact_score(law, path), Prediction::score, *path, x, data, noise,
                       {.prior = [&](const Tensor& latent) { return last.log_density(latent); }});
    EXPECT_LT(largest_error(l.log_density, first.log_density(x)), 1e-4) << data << noise;
  }
}

TEST(Likelihood, TakesAnyPrediction) {
  const GaussianMixture law({0.3, 0.7}, {1.5, 0, -1, 0.5}, {0.2, 0.5, 0.3, 0.1});
  const auto path = std::make_shared<VpLinear>();
  Generator rng(3);
  const Tensor x = law.sample(3, rng, DType::f64);
  const Network score = exact_score(law, path);
  const Tensor want = log_likelihood(score, Prediction::score, *path, x, 1e-3, 1).log_density;
  for (Prediction p : {Prediction::noise, Prediction::x0, Prediction::velocity}) {
    const Network network = convert_network(score, Prediction::score, p, path);
    EXPECT_LT(largest_error(log_likelihood(network, p, *path, x, 1e-3, 1).log_density, want), 1e-5);
  }
}

TEST(Likelihood, HutchinsonAgreesWithinItsStandardError) {
  const GaussianMixture law =
      GaussianMixture::full({0.4, 0.6}, {1, 0, 0.5, -1, 0.3, 0},
                            std::vector<double>{1, 0.5, 0, 0.5, 0.6, 0.1, 0, 0.1, 0.4, 0.3, 0, 0.1,
                                                0, 0.5, 0, 0.1, 0, 1});
  const auto path = std::make_shared<VpLinear>();
  Generator rng(6);
  const Tensor x = law.sample(8, rng, DType::f64);
  const Network score = exact_score(law, path);
  const Likelihood exact = log_likelihood(score, Prediction::score, *path, x, 1e-3, 1);
  const Likelihood estimate = log_likelihood(score, Prediction::score, *path, x, 1e-3, 1,
                                             {.divergence = {.method = DivergenceMethod::hutchinson,
                                                             .probe = Probe::rademacher,
                                                             .probes = 64,
                                                             .rng = &rng}});
  const auto a = exact.log_density.to_vector<double>(),
             b = estimate.log_density.to_vector<double>();
  const auto e = estimate.standard_error.to_vector<double>();
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_GT(e[i], 0);
    EXPECT_LT(e[i], 1);
    EXPECT_NEAR(a[i], b[i], 4 * e[i]);
  }
}

TEST(Likelihood, BitsPerDimension) {
  EXPECT_DOUBLE_EQ(bits_per_dimension(-8 * std::log(2.0), 4), 2);
}

TEST(Likelihood, HasThePriorOfItsLastTime) {
  // x_t of a point mass at 0 is N(0, s(t)^2 I), so the prior is exact wherever the flow ends.
  const VarianceExploding path(0.01, 50);
  const Network score = [&](const Tensor& x, const Tensor& t) {
    return x * (-1 / std::pow(path.s(t.to_vector<double>()[0]), 2));
  };
  const Tensor x = tensor({{0.1, -0.2}, {0.0, 0.3}}, DType::f64);
  const double s = path.s(0.4);
  const Tensor truth =
      -0.5 * sum(square(x / s), {1}) - 2 * std::log(s * std::sqrt(2 * std::numbers::pi));
  for (const double end : {0.5, 0.7, 1.0}) {
    const Likelihood l = log_likelihood(score, Prediction::score, path, x, 0.4, end);
    // The integrator's 1e-7 a step, over some tens of steps.
    EXPECT_LT(largest_error(l.log_density, truth), 1e-5) << end;
  }
}

TEST(Likelihood, RejectsTheWrongWayAndPriorsOfAnotherShape) {
  const VarianceExploding path;
  const GaussianMixture law({1}, {0, 0}, {1, 1});
  const Network score = exact_score(law, std::make_shared<VarianceExploding>());
  const Tensor x = ones({3, 2}, DType::f64);
  EXPECT_THROW((void)log_likelihood(score, Prediction::score, path, x, 1, 1e-3), Error);
  const LikelihoodOptions column{.prior = [](const Tensor& at) { return slice(at, 1, 0, 1); }};
  EXPECT_THROW((void)log_likelihood(score, Prediction::score, path, x, 1e-3, 1, column), Error);
}

}  // namespace
}  // namespace ito::diffusion
