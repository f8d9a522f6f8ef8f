// With the exact score every sampler reaches the target: W1, mode weight and covariance within
// three standard errors, at the step counts stated below.

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/ops.h"
#include "diffusion/grid.h"
#include "diffusion/metrics/projection.h"
#include "diffusion/metrics/wasserstein.h"
#include "diffusion/samplers/localization.h"
#include "diffusion/schedules/variance_exploding.h"
#include "diffusion/schedules/variance_preserving.h"
#include "tests/diffusion/samplers/all_samplers.h"

namespace ito::diffusion {
namespace {

constexpr Index kSamples = 3000;

// Modes 3.2 standard deviations apart: distinct, and near enough for Langevin dynamics to cross.
GaussianMixture target() {
  return GaussianMixture({0.7, 0.3}, {0.48, 0.2, -1.12, -0.3}, {0.25, 0.25, 0.25, 0.25});
}

struct Estimate {
  double value;
  double standard_error;
};
// Mean and standard error of f(u_i, v_i).
template <class F>
Estimate mean_of(const std::vector<double>& u, const std::vector<double>& v, F f) {
  double mean = 0, squares = 0, count = 0;
  for (std::size_t i = 0; i < u.size(); ++i) {
    const double x = f(u[i], v[i]);
    count += 1;
    const double delta = x - mean;
    mean += delta / count;
    squares += delta * (x - mean);
  }
  return {mean, std::sqrt(squares / (count * (count - 1)))};
}

// The covariance of two coordinates under the law.
double covariance(const GaussianMixture& law, std::size_t i, std::size_t j) {
  double mean_i = 0, mean_j = 0, total = 0;
  for (Index k = 0; k < law.modes(); ++k) {
    const double w = law.weights()[static_cast<std::size_t>(k)];
    mean_i += w * law.mean(k)[i];
    mean_j += w * law.mean(k)[j];
    total += w * (law.mean(k)[i] * law.mean(k)[j] + (i == j ? law.variance(k)[i] : 0));
  }
  return total - mean_i * mean_j;
}

void expect_reaches(const Tensor& samples, const GaussianMixture& law) {
  for (const std::vector<double>& direction :
       {std::vector<double>{1, 0}, {0, 1}, {std::sqrt(0.5), std::sqrt(0.5)}}) {
    const NormalMixture1d along = law.project(direction);
    const auto u = project(samples, direction);
    const SamplingFloor floor = wasserstein1_floor(along, kSamples);
    EXPECT_LE(wasserstein1(u, along), floor.mean + 3 * floor.standard_deviation)
        << "direction " << direction[0] << ", " << direction[1];
  }
  const std::vector<double> x_axis = {1, 0}, y_axis = {0, 1};
  const auto x = project(samples, x_axis), y = project(samples, y_axis);
  const double middle = -0.32, right = law.project(x_axis).survival(middle);
  const Estimate weight = mean_of(x, y, [&](double a, double) { return a > middle ? 1.0 : 0.0; });
  EXPECT_NEAR(weight.value, right, 3 * weight.standard_error);
  const double mean_x = 0.7 * 0.48 - 0.3 * 1.12, mean_y = 0.7 * 0.2 - 0.3 * 0.3;
  const Estimate xx = mean_of(x, y, [&](double a, double) { return std::pow(a - mean_x, 2); });
  const Estimate xy =
      mean_of(x, y, [&](double a, double b) { return (a - mean_x) * (b - mean_y); });
  const Estimate yy = mean_of(x, y, [&](double, double b) { return std::pow(b - mean_y, 2); });
  EXPECT_NEAR(xx.value, covariance(law, 0, 0), 3 * xx.standard_error);
  EXPECT_NEAR(xy.value, covariance(law, 0, 1), 3 * xy.standard_error);
  EXPECT_NEAR(yy.value, covariance(law, 1, 1), 3 * yy.standard_error);
}

struct Case {
  std::string name;
  SamplerPtr sampler;
  SchedulePtr path;
  Grid grid;
};
class ReachesTheTarget : public testing::TestWithParam<Case> {};

TEST_P(ReachesTheTarget, WithinThreeStandardErrors) {
  const Case& c = GetParam();
  const SampleResult result = sample(OracleDenoiser(target(), c.path), *c.sampler, c.grid,
                                     {.chains = kSamples, .dimension = 2, .seed = 11});
  EXPECT_EQ(result.diverged_count, 0);
  const double end = c.grid.back();
  // The output x/a has the noise s/a left in it.
  expect_reaches(result.samples, target().marginal(1, c.path->s(end) / c.path->a(end)));
}

std::vector<Case> cases() {
  const SchedulePtr vp = std::make_shared<VpLinear>();
  const SchedulePtr ve = std::make_shared<VarianceExploding>(0.05, 20);
  const SchedulePtr localization = std::make_shared<StochasticLocalization>();
  const auto steps = [&](Index count) { return uniform_log_snr(count + 1, *vp, 1, 1e-3); };
  const auto flow = [](FlowMethod method) {
    return std::make_shared<ProbabilityFlow>(FlowOptions{.method = method});
  };
  const auto langevin = [](AnnealedConvention convention, double eps) {
    return std::make_shared<AnnealedLangevin>(
        AnnealedOptions{.eps = eps, .sigma_last = 0.05, .convention = convention});
  };
  // Levels a factor 1.07 apart, 1.2 relaxation times at each; the step, eta = 0.05 s^2, widens
  // their variances by 2.5 % of the noise at most.
  const Grid levels = repeat(uniform_log_snr(90, *ve, 1, 0), 24);
  return {
      {"euler_maruyama_400", std::make_shared<ReverseEulerMaruyama>(), vp, steps(400)},
      {"stochastic_heun_100", std::make_shared<StochasticHeun>(), vp, steps(100)},
      {"exponential_integrator_200", std::make_shared<ExponentialIntegrator>(), vp, steps(200)},
      {"ancestral_posterior_400", std::make_shared<Ancestral>(), vp, steps(400)},
      {"ancestral_prior_200", std::make_shared<Ancestral>(AncestralVariance::prior), vp,
       steps(200)},
      {"ddim_200", std::make_shared<Ddim>(), vp, steps(200)},
      {"ddim_half_200", std::make_shared<Ddim>(0.5), vp, steps(200)},
      {"predictor_corrector_200",
       std::make_shared<PredictorCorrector>(std::make_shared<Ancestral>(AncestralVariance::prior),
                                            PredictorCorrectorOptions{.snr = 0.05}),
       vp, steps(200)},
      {"flow_heun_40", flow(FlowMethod::heun), vp, steps(40)},
      {"flow_rk4_30", flow(FlowMethod::rk4), vp, steps(30)},
      {"flow_dormand_prince_4", flow(FlowMethod::dormand_prince), vp, steps(4)},
      {"annealed_ncsn_2159", langevin(AnnealedConvention::ncsn, 0.1 * 0.0025), ve, levels},
      {"annealed_langevin_2159", langevin(AnnealedConvention::langevin, 0.05 * 0.0025), ve, levels},
      {"ula_2500", std::make_shared<Ula>(LangevinOptions{.step = 0.004, .start_std = 1}), vp,
       Grid(2501, 1e-3)},
      {"mala_400", std::make_shared<Mala>(target(), LangevinOptions{.step = 0.1, .start_std = 1}),
       vp, Grid(401, 1e-3)},
      {"localization_euler_maruyama_600", std::make_shared<EulerMaruyama>(), localization,
       uniform_angle(601, 1.54)},
      {"localization_semi_linear_200", std::make_shared<SemiLinear>(), localization,
       uniform_angle(201, 1.54)},
  };
}

INSTANTIATE_TEST_SUITE_P(Samplers, ReachesTheTarget, testing::ValuesIn(cases()),
                         [](const auto& test) { return test.param.name; });

// Keeping the linear part exact is worth it at every step count.
TEST(ReachesTheTarget, SemiLinearBeatsEulerMaruyama) {
  const GaussianMixture law({1.0}, {0.0, 0.0}, {1.0, 1.0});
  const OracleDenoiser oracle(law);
  const double variance = 1 + 1 / t_from_alpha(1.4);
  for (const Index points : {5, 20, 80}) {
    const auto error = [&](const Sampler& sampler) {
      const Tensor x = sample(oracle, sampler, uniform_angle(points, 1.4),
                              {.chains = 20000, .dimension = 2, .seed = 1})
                           .samples;
      return std::abs(mean(square(x)).item() - variance);
    };
    // 40,000 squares: s.e. of the variance 0.0073, which alone the semi-linear scheme has.
    EXPECT_LT(error(SemiLinear()), 3 * 0.0073);
    EXPECT_LT(error(SemiLinear()), error(EulerMaruyama()));
  }
}

// At step eta, ULA's stationary variance for N(0, v) is v/(1 - eta/(2 v)); MALA's is v.
TEST(Langevin, UlaIsBiasedAsItsRecursionSaysAndMalaIsNot) {
  const double v = 0.5, eta = 0.2;
  const GaussianMixture law({1.0}, {0.0}, {v});
  const SchedulePtr path = std::make_shared<VarianceExploding>(1e-6, 1);
  const OracleDenoiser oracle(law, path);
  const auto variance = [&](const Sampler& sampler) {
    const Tensor x = sample(oracle, sampler, Grid(60, 0.0),
                            {.chains = 40000, .dimension = 1, .seed = 2, .dtype = DType::f64})
                         .samples;
    return mean(square(x)).item();
  };
  const LangevinOptions options{.step = eta, .start_std = std::sqrt(v)};
  const double biased = v / (1 - eta / (2 * v)), relative = 4 * std::sqrt(2 / 40000.0);
  EXPECT_NEAR(variance(Ula(options)), biased, relative * biased);
  EXPECT_NEAR(variance(Mala(law, options)), v, relative * v);
}

TEST(Langevin, ConventionsDifferByAFactorOfTwoInTheStep) {
  const SchedulePtr path = std::make_shared<VarianceExploding>(0.01, 10);
  const OracleDenoiser oracle(target(), path);
  const Grid levels = geometric_then_uniform(5, 0.1, 0.3, 0.9);
  const SampleOptions options{.chains = 4, .dimension = 2, .seed = 3, .dtype = DType::f64};
  const auto run = [&](AnnealedConvention convention, double eps) {
    return sample(oracle,
                  AnnealedLangevin({.eps = eps, .sigma_last = 0.01, .convention = convention}),
                  reversed(levels), options)
        .samples.to_vector<double>();
  };
  EXPECT_EQ(run(AnnealedConvention::ncsn, 2e-5), run(AnnealedConvention::langevin, 1e-5));
  EXPECT_NE(run(AnnealedConvention::ncsn, 2e-5), run(AnnealedConvention::langevin, 2e-5));
}

}  // namespace
}  // namespace ito::diffusion
