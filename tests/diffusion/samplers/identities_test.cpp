// The identities of the Gaussian path: localization, DDPM and Ornstein-Uhlenbeck are one process in
// different variables, and samplers that know only the path agree in all of them.

#include <cmath>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/ops.h"
#include "diffusion/distributions/two_modes.h"
#include "diffusion/grid.h"
#include "diffusion/samplers/localization.h"
#include "diffusion/schedules/ddpm.h"
#include "diffusion/schedules/ornstein_uhlenbeck.h"
#include "tests/diffusion/samplers/all_samplers.h"

namespace ito::diffusion {
namespace {

const GaussianMixture kMixture = two_modes(0.7, {1.0, -2.0, 0.5});
constexpr Index kChains = 6, kDimension = 3;
// From nearly pure noise to nearly pure data.
const Grid kLocalizationGrid = geometric(40, 0.01, 50.0);

OracleDenoiser localization() {
  return OracleDenoiser(kMixture);
}

Grid transferred(const Schedule& to) {
  Grid grid;
  for (const double t : kLocalizationGrid)
    grid.push_back(transfer(StochasticLocalization(), t, to).t);
  return grid;
}

double largest_difference(const Tensor& a, const Tensor& b) {
  return max(abs(a - b)).item();
}

class ChangeOfVariables : public testing::TestWithParam<SchedulePtr> {};

// Step for step: y_k = x_k / scale, where `scale` takes localization to the other path.
TEST_P(ChangeOfVariables, LocalizationSchemesAreAncestralSamplingStepForStep) {
  const SchedulePtr path = GetParam();
  const OracleDenoiser y_oracle = localization(), x_oracle(kMixture, path);
  const Grid times = transferred(*path);
  const struct {
    const Sampler& y;
    const Ancestral x;
  } pairs[] = {{EulerMaruyama(), Ancestral(AncestralVariance::posterior)},
               {SemiLinear(), Ancestral(AncestralVariance::prior)}};
  for (const auto& pair : pairs) {
    StepContext y_context(y_oracle, {0, kChains}, 11), x_context(x_oracle, {0, kChains}, 11);
    Tensor y = y_context.normal(kDimension, DType::f64) * std::sqrt(kLocalizationGrid[0]);
    Tensor x = y * transfer(StochasticLocalization(), kLocalizationGrid[0], *path).scale;
    for (std::size_t k = 1; k < times.size(); ++k) {
      y_context.begin_step(static_cast<Index>(k));
      x_context.begin_step(static_cast<Index>(k));
      y = pair.y.step(y, kLocalizationGrid[k - 1], kLocalizationGrid[k], y_context);
      x = pair.x.step(x, times[k - 1], times[k], x_context);
      const double scale = transfer(StochasticLocalization(), kLocalizationGrid[k], *path).scale;
      // f64: 40 steps of rounding at 1e-16, and t_from_log_snr's.
      ASSERT_LT(largest_difference(y * scale, x), 1e-10) << "step " << k;
    }
  }
}

// Whole samples, by every sampler that sees only a, s and m.
TEST_P(ChangeOfVariables, SamplesAreEqual) {
  const SchedulePtr path = GetParam();
  const OracleDenoiser y_oracle = localization(), x_oracle(kMixture, path);
  const Grid times = transferred(*path);
  const SampleOptions options{
      .chains = kChains, .dimension = kDimension, .seed = 4, .dtype = DType::f64};
  for (const NamedSampler& each : path_samplers()) {
    // General-purpose schemes see the clock as well; those are not invariant.
    if (each.name == "reverse_euler_maruyama" || each.name == "stochastic_heun") continue;
    const Tensor y = sample(y_oracle, *each.sampler, kLocalizationGrid, options).samples;
    const Tensor x = sample(x_oracle, *each.sampler, times, options).samples;
    EXPECT_LT(largest_difference(x, y), 1e-9) << each.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Paths, ChangeOfVariables,
                         testing::Values(SchedulePtr(std::make_shared<OrnsteinUhlenbeck>()),
                                         SchedulePtr(std::make_shared<Ddpm>(Ddpm::linear(1000)))),
                         [](const auto& test) {
                           return test.index == 0 ? "ornstein_uhlenbeck" : "ddpm";
                         });

TEST(Identities, AncestralOnLocalizationItselfIsItsSchemesFromTimeZero) {
  const Grid grid = uniform_angle(30, 1.4);
  const SampleOptions options{
      .chains = kChains, .dimension = kDimension, .seed = 4, .dtype = DType::f64};
  const OracleDenoiser oracle = localization();
  const auto run = [&](const Sampler& s) { return sample(oracle, s, grid, options).samples; };
  EXPECT_LT(largest_difference(run(EulerMaruyama()), run(Ancestral())), 1e-12);
  EXPECT_LT(largest_difference(run(SemiLinear()), run(Ancestral(AncestralVariance::prior))), 1e-12);
}

TEST(Identities, DdimOfEtaOneIsAncestralSampling) {
  const OracleDenoiser oracle(kMixture, std::make_shared<OrnsteinUhlenbeck>());
  const Grid grid = geometric(20, 4, 0.01);
  const SampleOptions options{
      .chains = kChains, .dimension = kDimension, .seed = 4, .dtype = DType::f64};
  EXPECT_LT(largest_difference(sample(oracle, Ddim(1), grid, options).samples,
                               sample(oracle, Ancestral(), grid, options).samples),
            1e-12);
}

// Delta(y/sqrt(t)) = m Delta(sqrt(t)).
TEST(Identities, DdimOnLocalization) {
  const OracleDenoiser oracle = localization();
  StepContext context(oracle, {0, kChains}, 7);
  const double t = 0.3, s = 0.8;
  const Tensor y = context.normal(kDimension, DType::f64);
  const Tensor m = oracle.posterior_mean(y, t, {0, kChains});
  const Tensor next = Ddim().step(y, t, s, context);
  const Tensor change = next / std::sqrt(s) - y / std::sqrt(t);
  EXPECT_LT(largest_difference(change, m * (std::sqrt(s) - std::sqrt(t))), 1e-14);
}

// The published form: x' = sqrt(abar') m + sqrt(1 - abar' - sigma^2) eps + sigma z with
// sigma^2 = eta^2 (1 - abar')/(1 - abar) (1 - abar/abar').
TEST(Identities, DdimAndDdpmHaveTheirPublishedForms) {
  const auto path = std::make_shared<Ddpm>(Ddpm::linear(1000));
  const OracleDenoiser oracle(kMixture, path);
  const Index i = 300;
  const double t = 300, s = 299, eta = 0.4;
  StepContext context(oracle, {0, kChains}, 7);
  context.begin_step(1);
  const Tensor z = context.normal(kDimension, DType::f64);
  context.begin_step(2);
  const Tensor x = context.normal(kDimension, DType::f64);
  const Tensor m = oracle.posterior_mean(x, t, {0, kChains});
  const double bar = path->alpha_bar(i), next = path->alpha_bar(i - 1), beta = path->beta(i);
  const Tensor eps = oracle.predict(Prediction::noise, x, t, {0, kChains});

  context.begin_step(1);
  const double variance = eta * eta * (1 - next) / (1 - bar) * (1 - bar / next);
  const Tensor ddim =
      m * std::sqrt(next) + eps * std::sqrt(1 - next - variance) + z * std::sqrt(variance);
  EXPECT_LT(largest_difference(Ddim(eta).step(x, t, s, context), ddim), 1e-12);

  // Ho et al., algorithm 2.
  const Tensor mean = (x - eps * (beta / std::sqrt(1 - bar))) / std::sqrt(1 - beta);
  context.begin_step(1);
  EXPECT_LT(largest_difference(Ancestral(AncestralVariance::prior).step(x, t, s, context),
                               mean + z * std::sqrt(beta)),
            1e-12);
  context.begin_step(1);
  EXPECT_LT(largest_difference(Ancestral().step(x, t, s, context),
                               mean + z * std::sqrt(beta * (1 - next) / (1 - bar))),
            1e-12);
}

TEST(Identities, EulerMaruyamaOfTheReverseSdeOnLocalizationIsEulerMaruyama) {
  const OracleDenoiser oracle = localization();
  const SampleOptions options{
      .chains = kChains, .dimension = kDimension, .seed = 4, .dtype = DType::f64};
  EXPECT_LT(
      largest_difference(sample(oracle, ReverseEulerMaruyama(), kLocalizationGrid, options).samples,
                         sample(oracle, Ancestral(), kLocalizationGrid, options).samples),
      1e-10);
}

}  // namespace
}  // namespace ito::diffusion
