#include "diffusion/samplers/localization.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <numbers>
#include <set>
#include <stdexcept>

#include <gtest/gtest.h>

#include "autograd/ops.h"
#include "diffusion/distributions/two_modes.h"
#include "diffusion/grid.h"
#include "diffusion/metrics/discretisation.h"
#include "diffusion/metrics/kolmogorov_smirnov.h"
#include "diffusion/metrics/modes.h"
#include "diffusion/metrics/projection.h"
#include "diffusion/metrics/wasserstein.h"
#include "nn/two_layer_denoiser.h"
#include "tests/support/thread_count.h"

namespace ito::diffusion {
namespace {

constexpr double kAlphaMax = std::numbers::pi / 2 - 0.1;
const TwoModes kLaw = TwoModes::ones(128, 0.7);

SampleResult run_exact(const Sampler& sampler, Index points, SampleOptions options) {
  options.dimension = 128;
  return sample(OracleDenoiser(kLaw.mixture()), sampler, uniform_angle(points, kAlphaMax), options);
}

// A denoiser of one value everywhere.
NetworkDenoiser constant(double value) {
  return NetworkDenoiser(
      [value](const Tensor& y, const Tensor&) { return full(y.shape(), value, y.dtype()); });
}

TEST(LocalizationSampler, SemiLinearReachesTheTargetWithTheExactPosteriorMean) {
  const Index count = 5000;
  const NormalMixture1d law = kLaw.projection(1 / t_from_alpha(kAlphaMax));
  for (Index points : {50, 200}) {
    const SampleResult result = run_exact(SemiLinear(), points, {.chains = count});
    EXPECT_EQ(result.diverged_count, 0);
    EXPECT_EQ(result.evaluations, points - 1);
    EXPECT_FALSE(result.stopped);
    // The mean of 127 * 5000 squares: s.e. 0.0018, so 1 % is 5.6 of them.
    EXPECT_NEAR(orthogonal_variance(result.samples, kLaw.a()), 1.01007, 0.0101);
    const auto u = project(result.samples, kLaw.a());
    const ModeStatistics modes = mode_statistics(u, law);
    EXPECT_NEAR(modes.weight, 0.7, 4 * modes.weight_se);
    EXPECT_EQ(modes.outliers, 0);
    if (points == 50) continue;  // freezing gamma moves the weight by 0.012 there, by 0.003 here
    // The floor is 0.0064 +- 0.0036, most of it the mode weight's 0.0065.
    EXPECT_LE(wasserstein1(u, law), 0.012);
    EXPECT_GT(kolmogorov_smirnov(u, law).p_value, 1e-3);
  }
}

TEST(LocalizationSampler, EulerMaruyamaHasTheVarianceOfItsRecursion) {
  for (Index points : {20, 50}) {
    const SampleResult result = run_exact(EulerMaruyama(), points, {.chains = 2000, .seed = 2});
    const double expected = orthogonal_variance_of_scheme(uniform_angle(points, kAlphaMax),
                                                          LocalizationScheme::euler_maruyama);
    // 5 standard errors of 127 * 2000 squares: 6e-7 a comparison.
    EXPECT_NEAR(orthogonal_variance(result.samples, kLaw.a()), expected,
                5 * expected * std::sqrt(2 / (127.0 * 2000)));
  }
}

TEST(LocalizationSampler, PosteriorMeanOutputHasTheVarianceItShould) {
  // m(Y_T; T) orthogonally to a is Y_T/(1+T): variance (T^2 + T)/(1+T)^2 = T/(1+T).
  const SampleResult result =
      run_exact(SemiLinear(Output::posterior_mean), 50, {.chains = 2000, .seed = 3});
  const double t = t_from_alpha(kAlphaMax), expected = t / (1 + t);
  EXPECT_EQ(result.evaluations, 50);
  EXPECT_NEAR(orthogonal_variance(result.samples, kLaw.a()), expected,
              5 * expected * std::sqrt(2 / (127.0 * 2000)));
}

TEST(LocalizationSampler, StepsAreTheStatedRecursions) {
  // m = 2 everywhere, in f64: Y_T - 2 T is the sum of the scaled noise, regenerated here.
  const Grid grid = {0, 0.25, 1};
  const NetworkDenoiser two(
      [](const Tensor& y, const Tensor&) { return full(y.shape(), 2, y.dtype()); }, DType::f64);
  StepContext context(two, {7, 3}, 99);
  std::vector<Tensor> z;
  for (Index k = 1; k <= 2; ++k) {
    context.begin_step(k);
    z.push_back(context.normal(5, DType::f64));
  }
  const SampleOptions options{
      .chains = 3, .dimension = 5, .seed = 99, .first_chain = 7, .dtype = DType::f64};
  const Tensor euler = z[0] * std::sqrt(0.25) + z[1] * std::sqrt(0.75) + 2.0;
  const Tensor linear = z[0] * std::sqrt(0.25 * 1.25) + z[1] * std::sqrt(0.75 * 2 / 1.25) + 2.0;
  const auto a = sample(two, EulerMaruyama(), grid, options).samples.to_vector<double>();
  const auto b = sample(two, SemiLinear(), grid, options).samples.to_vector<double>();
  const auto expected_a = euler.to_vector<double>(), expected_b = linear.to_vector<double>();
  for (std::size_t i = 0; i < 15; ++i) {
    EXPECT_NEAR(a[i], expected_a[i], 1e-14);
    EXPECT_NEAR(b[i], expected_b[i], 1e-14);
  }
}

TEST(LocalizationSampler, BytesDoNotDependOnThreads) {
  const SampleOptions options{.chains = 700, .seed = 5, .block = 64};
  support::ThreadCount one(1);
  const auto serial = run_exact(SemiLinear(), 20, options).samples.to_vector<float>();
  support::ThreadCount two(2);
  EXPECT_EQ(run_exact(SemiLinear(), 20, options).samples.to_vector<float>(), serial);
}

TEST(LocalizationSampler, AChainDoesNotDependOnTheOthers) {
  const auto all = run_exact(SemiLinear(), 20, {.chains = 128, .seed = 5, .block = 64}).samples;
  const auto tail =
      run_exact(SemiLinear(), 20, {.chains = 64, .seed = 5, .first_chain = 64, .block = 64});
  EXPECT_EQ(slice(all, 0, 64).to_vector<float>(), tail.samples.to_vector<float>());
  // Blocks at other offsets and of other sizes. The noise is the same to the byte; only products of
  // matrices of other heights may round differently, hence f32 rounding over 19 steps.
  const auto odd =
      run_exact(SemiLinear(), 20, {.chains = 100, .seed = 5, .first_chain = 13, .block = 37});
  const auto expected = slice(all, 0, 13, 113).to_vector<float>();
  const auto got = odd.samples.to_vector<float>();
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], 1e-4);
}

// Runs a small network of Algorithm 1 along a grid of 20 points.
SampleResult run_network(const SampleOptions& options) {
  Generator rng(11);
  const NetworkDenoiser denoiser(
      nn::TwoLayerDenoiser({.n = 6, .hidden = 16, .dtype = DType::f64}, rng), DType::f64);
  SampleOptions all = options;
  all.dimension = 6;
  all.dtype = DType::f64;
  return sample(denoiser, SemiLinear(), uniform_angle(20, kAlphaMax), all);
}

TEST(LocalizationSampler, SpecialisedNetworksGiveTheSameSamples) {
  Generator rng(11);
  const nn::TwoLayerDenoiser network({.n = 6, .hidden = 16, .dtype = DType::f64}, rng);
  // The same network behind a function, which cannot specialise.
  const NetworkDenoiser general(
      [&](const Tensor& y, const Tensor& alpha) { return network.forward(y, alpha); }, DType::f64);
  const Tensor slow =
      sample(general, SemiLinear(), uniform_angle(20, kAlphaMax),
             {.chains = 100, .dimension = 6, .seed = 5, .block = 33, .dtype = DType::f64})
          .samples;
  const Tensor fast = run_network({.chains = 100, .seed = 5, .block = 33}).samples;
  // f64 rounding of 19 steps, none of which expands: |m| <= |y| cos^2 + O(1).
  EXPECT_LT(max(abs(slow - fast)).item(), 1e-11);
}

TEST(LocalizationSampler, BytesOfSpecialisedNetworksDoNotDependOnThreads) {
  const SampleOptions options{.chains = 700, .seed = 5, .block = 64};
  support::ThreadCount one(1);
  const Tensor serial = run_network(options).samples;
  // Blocks of other sizes: products of other heights may round differently, in f64 here.
  const Tensor other = run_network({.chains = 700, .seed = 5, .block = 301}).samples;
  EXPECT_LT(max(abs(other - serial)).item(), 1e-11);
  support::ThreadCount two(2);
  EXPECT_EQ(run_network(options).samples.to_vector<double>(), serial.to_vector<double>());
}

TEST(LocalizationSampler, SpecialisesOncePerTimeForAllBlocks) {
  struct Counting {
    Tensor forward(const Tensor& y, const Tensor&) const { return y; }
    std::function<Tensor(const Tensor&)> at(double) const {
      ++*count;
      return [](const Tensor& y) { return y; };
    }
    std::shared_ptr<std::atomic<int>> count = std::make_shared<std::atomic<int>>(0);
  };
  const Counting counting;
  const support::ThreadCount one(1);
  (void)sample(NetworkDenoiser(counting), EulerMaruyama(), uniform_angle(20, kAlphaMax),
               {.chains = 100, .dimension = 3, .block = 10});
  EXPECT_EQ(*counting.count, 19);
}

TEST(LocalizationSampler, ChainsAndSeedsDiffer) {
  const auto a = run_exact(SemiLinear(), 10, {.chains = 2, .seed = 5}).samples;
  const auto b = run_exact(SemiLinear(), 10, {.chains = 2, .seed = 6}).samples;
  EXPECT_NE(select(a, 0, 0).to_vector<float>(), select(a, 0, 1).to_vector<float>());
  EXPECT_NE(a.to_vector<float>(), b.to_vector<float>());
}

TEST(LocalizationSampler, DivergedSamplesAreKeptAndCounted) {
  // Chain 1 of the first block runs away, chain 3 turns to NaN.
  class Broken final : public Denoiser {
   public:
    const Schedule& schedule() const override { return schedule_; }
    Tensor posterior_mean(const Tensor& x, double, ChainRange chains) const override {
      Tensor out = zeros_like(x);
      for (Index i = 0; i < chains.count; ++i) {
        const Index chain = chains.first + i;
        if (chain == 1) out.mutable_data<float>()[i * 2] = 1e6f;
        if (chain == 3) out.mutable_data<float>()[i * 2 + 1] = std::nanf("");
      }
      return out;
    }

   private:
    StochasticLocalization schedule_;
  };
  const SampleResult result =
      sample(Broken(), EulerMaruyama(), uniform(5, 1.0), {.chains = 6, .dimension = 2, .block = 4});
  EXPECT_EQ(result.diverged_count, 2);
  EXPECT_EQ(result.diverged, (std::vector<std::uint8_t>{0, 1, 0, 1, 0, 0}));
  const auto x = result.samples.to_vector<float>();
  EXPECT_NEAR(x[2], 1e6f, 10);
  EXPECT_TRUE(std::isnan(x[7]));
}

TEST(LocalizationSampler, CallbackSeesEveryStepAndMayStop) {
  const Grid grid = uniform(6, 1.0);
  std::multiset<Index> steps;
  SampleOptions options{.chains = 4, .dimension = 3, .block = 2};
  options.callback = [&](const StepReport& report) {
    steps.insert(report.step);
    EXPECT_EQ(report.t, grid[static_cast<std::size_t>(report.step)]);
    EXPECT_EQ(report.x.shape(), Shape({2, 3}));
    for (float v : report.estimate.to_vector<float>()) EXPECT_EQ(v, 1.5f);
    return !(report.chains.first == 2 && report.step == 2);
  };
  const SampleResult result = sample(constant(1.5), EulerMaruyama(), grid, options);
  EXPECT_TRUE(result.stopped);
  EXPECT_EQ(steps.count(1), 2u);
  EXPECT_EQ(steps.count(2), 2u);
  EXPECT_EQ(steps.count(5), 1u);
  EXPECT_EQ(result.evaluations, 5);
  options.callback = [](const StepReport&) -> bool { throw std::runtime_error("interrupted"); };
  EXPECT_THROW(sample(constant(1.5), EulerMaruyama(), grid, options), std::runtime_error);
}

TEST(LocalizationSampler, MixtureRoutingIsExactHierarchicalSampling) {
  const GaussianMixture mixture = kLaw.mixture();
  const MixtureRouting routing(std::make_shared<OracleDenoiser>(mixture.component(0)),
                               std::make_shared<OracleDenoiser>(mixture.component(1)), 0.7, 4);
  const SampleResult result = sample(routing, SemiLinear(), uniform_angle(20, kAlphaMax),
                                     {.chains = 2000, .dimension = 128, .seed = 4});
  const auto u = project(result.samples, kLaw.a());
  const NormalMixture1d law = kLaw.projection(1 / t_from_alpha(kAlphaMax));
  // The semi-linear scheme is exact for each mode, so u has exactly this law, up to f32.
  EXPECT_GT(kolmogorov_smirnov(u, law).p_value, 1e-4);
  // An independent label would leave chain and mode uncorrelated: here they agree. The threshold is
  // 5.6 stds from either mode.
  for (Index i = 0; i < 2000; ++i) {
    EXPECT_EQ(u[static_cast<std::size_t>(i)] > -0.2, routing.label(i) == 0);
  }
}

TEST(LocalizationSampler, RejectsAGridThatDoesNotStartAtZero) {
  EXPECT_THROW(sample(constant(0), SemiLinear(), Grid{0.5, 1}, {.chains = 1, .dimension = 1}),
               Error);
  EXPECT_THROW(sample(constant(0), SemiLinear(), Grid{0, 1}, {.chains = 1, .dimension = 0}), Error);
  EXPECT_EQ(
      sample(constant(0), SemiLinear(), Grid{0, 1}, {.chains = 0, .dimension = 2}).samples.shape(),
      Shape({0, 2}));
}

}  // namespace
}  // namespace ito::diffusion
