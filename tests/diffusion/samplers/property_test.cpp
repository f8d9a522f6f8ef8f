// Properties that hold for every schedule, prediction, sampler and step count.

#include <cmath>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/ops.h"
#include "diffusion/grid.h"
#include "diffusion/samplers/localization.h"
#include "diffusion/schedules/ddpm.h"
#include "diffusion/schedules/ornstein_uhlenbeck.h"
#include "diffusion/schedules/variance_exploding.h"
#include "diffusion/schedules/variance_preserving.h"
#include "tests/diffusion/samplers/all_samplers.h"
#include "tests/support/thread_count.h"

namespace ito::diffusion {
namespace {

struct NamedPath {
  std::string name;
  SchedulePtr path;
  double start, near_end, end;  // from noise to data; the noise is gone at `end`, if it ever is
};

std::vector<NamedPath> paths() {
  const auto vp = std::make_shared<VpLinear>();
  const auto cosine = std::make_shared<VpCosine>();
  const auto ddpm = std::make_shared<Ddpm>(Ddpm::cosine(100));
  return {
      {"ou", std::make_shared<OrnsteinUhlenbeck>(), 5, 1e-3, 0},
      {"vp_linear", vp, 1, 1e-3, 0},
      {"vp_cosine", cosine, cosine->t_max(), 1e-3, 0},
      {"sub_vp", std::make_shared<SubVp>(), 1, 1e-3, 0},
      {"ve", std::make_shared<VarianceExploding>(), 1, 0, 0},
      {"ddpm", ddpm, 100, 1, 0},
      {"localization", std::make_shared<StochasticLocalization>(), 1e-3, 1e3, 1e4},
  };
}

// Bounded and not linear: any prediction may be asked of it.
Tensor bounded(const Tensor& x, const Tensor& t) {
  return tanh(x * 0.7 - flip(x, {1}) * 0.4 + unsqueeze(cos(t), 1));
}

bool all_finite(const Tensor& x) {
  for (const double v : x.to_vector<double>()) {
    if (!std::isfinite(v)) return false;
  }
  return true;
}

const GaussianMixture kMixture({0.6, 0.4}, {1, 0, -1, 0.5}, {0.2, 0.2, 0.2, 0.2});

class Finite : public testing::TestWithParam<std::tuple<std::size_t, Prediction>> {};

TEST_P(Finite, NoNanOrInf) {
  const NamedPath path = paths()[std::get<0>(GetParam())];
  const NetworkDenoiser network(bounded, path.path, std::get<1>(GetParam()));
  const auto run = [&](const NamedSampler& each, double start, double end, Index steps) {
    std::vector<Grid> grids = {Grid(static_cast<std::size_t>(steps + 1), end)};
    if (start != end) grids = {uniform(steps + 1, start, end), repeat({start, end}, steps)};
    for (const Grid& grid : grids) {
      const SampleResult result =
          sample(network, *each.sampler, grid, {.chains = 8, .dimension = 2, .seed = 1});
      EXPECT_TRUE(all_finite(result.samples))
          << each.name << " on " << path.name << ", " << steps << " steps to " << end;
    }
  };
  for (const Index steps : {1, 2, 3, 10}) {
    for (const Output output : {Output::scaled, Output::posterior_mean}) {
      for (const NamedSampler& each : path_samplers(output)) run(each, path.start, path.end, steps);
    }
    // Langevin moves need noise in the data to have a score, and a step that suits the level.
    const double last = path.path->s(path.near_end);
    for (const NamedSampler& each : langevin_samplers(kMixture, last)) {
      const bool annealed = each.name.starts_with("annealed");
      run(each, annealed ? path.start : path.near_end, path.near_end, steps);
    }
  }
}

std::string case_name(const testing::TestParamInfo<Finite::ParamType>& test) {
  static const std::vector<std::string> predictions = {"score", "noise", "x0", "velocity"};
  return paths()[std::get<0>(test.param)].name + "_" +
         predictions[static_cast<std::size_t>(std::get<1>(test.param))];
}

INSTANTIATE_TEST_SUITE_P(SchedulesAndPredictions, Finite,
                         testing::Combine(testing::Range<std::size_t>(0, paths().size()),
                                          testing::Values(Prediction::score, Prediction::noise,
                                                          Prediction::x0, Prediction::velocity)),
                         case_name);

TEST(Finite, LocalizationFromTimeZero) {
  const NetworkDenoiser network(bounded, std::make_shared<StochasticLocalization>(),
                                Prediction::x0);
  for (const Index steps : {1, 2, 3, 10}) {
    const Grid grid = uniform(steps + 1, 100.0);
    const SampleOptions options{.chains = 8, .dimension = 2};
    EXPECT_TRUE(all_finite(sample(network, EulerMaruyama(), grid, options).samples));
    EXPECT_TRUE(all_finite(sample(network, SemiLinear(), grid, options).samples));
    EXPECT_TRUE(all_finite(sample(network, Ancestral(), grid, options).samples));
  }
}

// A network that fails is reported, by every sampler.
TEST(Finite, NonFiniteValuesAreReportedNotHidden) {
  const SchedulePtr path = std::make_shared<VpLinear>();
  const NetworkDenoiser broken([](const Tensor& x, const Tensor&) { return x * std::nan(""); },
                               path, Prediction::noise);
  std::vector<NamedSampler> all = path_samplers();
  for (NamedSampler& each : langevin_samplers(kMixture, 0.1)) {
    // MALA accepts no move to nowhere: it stays where it was, which is right.
    if (each.name != "mala") all.push_back(std::move(each));
  }
  for (const NamedSampler& each : all) {
    const SampleResult result =
        sample(broken, *each.sampler, uniform(4, 1.0, 0.01), {.chains = 5, .dimension = 2});
    EXPECT_EQ(result.diverged_count, 5) << each.name;
  }
}

TEST(Samples, DoNotDependOnBatchOrThreads) {
  const SchedulePtr path = std::make_shared<VpLinear>();
  const OracleDenoiser oracle(kMixture, path);
  const Grid grid = uniform_log_snr(8, *path, 1, 1e-2);
  std::vector<NamedSampler> all = path_samplers();
  for (NamedSampler& each : langevin_samplers(kMixture, path->s(1e-2))) all.push_back(each);
  for (const NamedSampler& each : all) {
    const auto run = [&](SampleOptions options) {
      options.dimension = 2;
      options.seed = 9;
      options.dtype = DType::f64;
      return sample(oracle, *each.sampler, grid, options).samples;
    };
    const support::ThreadCount many(3);
    const Tensor whole = run({.chains = 40, .block = 16});
    // Other blocks: matrices of other heights may round differently, at 1e-16 an operation.
    const Tensor part = run({.chains = 11, .first_chain = 7, .block = 4});
    EXPECT_LT(max(abs(part - slice(whole, 0, 7, 18))).item(), 1e-10) << each.name;
    const support::ThreadCount one(1);
    EXPECT_EQ(run({.chains = 40, .block = 16}).to_vector<double>(), whole.to_vector<double>())
        << each.name;
  }
}

TEST(Samples, GridsMustLeadFromNoiseToData) {
  const SchedulePtr path = std::make_shared<VpLinear>();
  const OracleDenoiser oracle(kMixture, path);
  for (const Grid& bad : {Grid{0.1, 0.5}, Grid{0.5}, Grid{2, 0.5}, Grid{0.5, 0.1, 0.2}}) {
    EXPECT_THROW(sample(oracle, Ancestral(), bad, {.chains = 1, .dimension = 2}), Error);
  }
  EXPECT_THROW(sample(oracle, EulerMaruyama(), Grid{0.5, 0.1}, {.chains = 1, .dimension = 2}),
               Error);
  EXPECT_THROW(sample(oracle, Ancestral(), uniform(3, 1.0), {.chains = 1, .dimension = 2}), Error);
}

TEST(Samples, LangevinNeedsNoise) {
  // At s = 0 the posterior mean is the state: a score made of it would be zero.
  const OracleDenoiser oracle(kMixture, std::make_shared<VpLinear>());
  for (const NamedSampler& each : langevin_samplers(kMixture, 0.1)) {
    EXPECT_THROW(sample(oracle, *each.sampler, Grid{0.5, 0}, {.chains = 1, .dimension = 2}), Error)
        << each.name;
  }
}

// Draws of several shapes would share parts of one stream.
TEST(Samples, DrawsOfAChainHaveOneShape) {
  struct TwoShapes final : Sampler {
    Tensor step(const Tensor& x, double, double, StepContext& context) const override {
      return x + context.normal(1, x.dtype());
    }
  };
  const OracleDenoiser oracle(kMixture, std::make_shared<VpLinear>());
  EXPECT_THROW(sample(oracle, TwoShapes(), Grid{0.5, 0.1}, {.chains = 1, .dimension = 2}), Error);
}

}  // namespace
}  // namespace ito::diffusion
