// With the exact score every sampler reaches the target: W1, mode weight and covariance within
// three standard errors of kReference samples, at the step counts stated below.
//
// Four times as many are drawn, so the bound is six of their standard errors. A sampler whose bias
// (of discretisation, at its step count) is below 1.5 of them fails by chance only at 4.5:
// - a moment with probability P(Z > 4.5) = 3.4e-6 on the side of the bias;
// - W1 with 4e-5. sqrt(N) W1 tends to int |B(F(u))| du, B a Brownian bridge, which exceeds its mean
//   by z times sup over |h| <= 1 of the deviation of int h B(F) du with probability exp(-z^2/2) at
//   most (Borell; Tsirelson, Ibragimov and Sudakov). The supremum is at h = 1, where the integral
//   is the error of the samples' mean: W1 is measured in standard errors of that mean.
// With 17 samplers, 4 moments and 3 directions any fails with probability below 0.0025. A bias of
// six standard errors is caught with probability 1/2, one of eight with 0.98.

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
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

constexpr Index kReference = 2000, kSamples = 4 * kReference;

// Modes 3.2 standard deviations apart: distinct, and near enough for Langevin dynamics to cross.
GaussianMixture target() {
  return GaussianMixture({0.7, 0.3}, {0.48, 0.2, -1.12, -0.3}, {0.25, 0.25, 0.25, 0.25});
}

// Deviations from the law in standard errors; for W1, from its mean over exact samples.
struct Deviation {
  std::string of;
  double value;
};

// Of the mean of f(x, y) from its expectation.
template <class F>
Deviation deviation(const std::string& of, const std::vector<double>& x,
                    const std::vector<double>& y, F f, double expected) {
  double mean = 0, squares = 0, count = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double value = f(x[i], y[i]);
    count += 1;
    const double delta = value - mean;
    mean += delta / count;
    squares += delta * (value - mean);
  }
  return {of, (mean - expected) / std::sqrt(squares / (count * (count - 1)))};
}

// E[(x_i - E x_i)(x_j - E x_j)] under the law.
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

std::vector<Deviation> deviations(const Tensor& samples, const GaussianMixture& law) {
  std::vector<Deviation> out;
  const double diagonal = std::sqrt(0.5);
  for (const auto& [name, direction] :
       {std::pair("W1 along x", std::vector<double>{1, 0}),
        std::pair("W1 along y", std::vector<double>{0, 1}),
        std::pair("W1 along the diagonal", std::vector<double>{diagonal, diagonal})}) {
    const NormalMixture1d along = law.project(direction);
    double variance = 0;
    for (const std::size_t i : {0u, 1u})
      for (const std::size_t j : {0u, 1u})
        variance += direction[i] * direction[j] * covariance(law, i, j);
    const double w1 = wasserstein1(project(samples, direction), along);
    out.push_back(
        {name, (w1 - wasserstein1_floor(along, kSamples).mean) / std::sqrt(variance / kSamples)});
  }
  const std::vector<double> x_axis = {1, 0}, y_axis = {0, 1};
  const auto x = project(samples, x_axis), y = project(samples, y_axis);
  const double middle = -0.32, right = law.project(x_axis).survival(middle);
  out.push_back(deviation(
      "weight", x, y, [&](double a, double) { return a > middle ? 1.0 : 0.0; }, right));
  // About the true mean, so that each is a mean of independent terms.
  const double mean_x = 0.7 * 0.48 - 0.3 * 1.12, mean_y = 0.7 * 0.2 - 0.3 * 0.3;
  const auto product = [&](const std::string& of, std::size_t i, std::size_t j) {
    const auto centred = [&](double a, double b, std::size_t k) {
      return k == 0 ? a - mean_x : b - mean_y;
    };
    out.push_back(deviation(
        of, x, y, [&](double a, double b) { return centred(a, b, i) * centred(a, b, j); },
        covariance(law, i, j)));
  };
  product("covariance xx", 0, 0);
  product("covariance xy", 0, 1);
  product("covariance yy", 1, 1);
  return out;
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
                                     {.chains = kSamples, .dimension = 2, .seed = 1});
  EXPECT_EQ(result.diverged_count, 0);
  const double end = c.grid.back();
  // The output x/a has the noise s/a left in it.
  const GaussianMixture law = target().marginal(1, c.path->s(end) / c.path->a(end));
  const double bound = 3 * std::sqrt(static_cast<double>(kSamples) / kReference);
  for (const Deviation& d : deviations(result.samples, law)) {
    // W1 below its mean is no fault.
    EXPECT_LE(d.of.starts_with("W1") ? d.value : std::abs(d.value), bound) << d.of;
  }
}

std::vector<Case> cases() {
  const SchedulePtr vp = std::make_shared<VpLinear>();
  const SchedulePtr ve = std::make_shared<VarianceExploding>(0.2, 20);
  const SchedulePtr localization = std::make_shared<StochasticLocalization>();
  const auto steps = [&](Index count) { return uniform_log_snr(count + 1, *vp, 1, 1e-3); };
  const auto flow = [](FlowMethod method) {
    return std::make_shared<ProbabilityFlow>(FlowOptions{.method = method});
  };
  const auto langevin = [](AnnealedConvention convention, double eta) {
    const double e = convention == AnnealedConvention::ncsn ? 2 * eta : eta;
    return std::make_shared<AnnealedLangevin>(
        AnnealedOptions{.eps = e * 0.04, .sigma_last = 0.2, .convention = convention});
  };
  // Levels from 20 down to 0.2. The step is eta s^2 with eta = 0.1, which widens the law of the
  // last level, of variance v = 0.29 within a mode, by eta s^2/(2 v) = 0.7 %; an excess of variance
  // left by the level before decays there as exp(-2 eta s^2/v) a move: to 11 % in 80.
  const auto levels = [&](Index count, Index moves) {
    return repeat(uniform_log_snr(count, *ve, 1, 0), moves);
  };
  return {
      {"euler_maruyama_400", std::make_shared<ReverseEulerMaruyama>(), vp, steps(400)},
      {"stochastic_heun_100", std::make_shared<StochasticHeun>(), vp, steps(100)},
      {"exponential_integrator_200", std::make_shared<ExponentialIntegrator>(), vp, steps(200)},
      {"ancestral_posterior_800", std::make_shared<Ancestral>(), vp, steps(800)},
      {"ancestral_prior_200", std::make_shared<Ancestral>(AncestralVariance::prior), vp,
       steps(200)},
      {"ddim_400", std::make_shared<Ddim>(), vp, steps(400)},
      {"ddim_half_500", std::make_shared<Ddim>(0.5), vp, steps(500)},
      {"predictor_corrector_200",
       std::make_shared<PredictorCorrector>(std::make_shared<Ancestral>(AncestralVariance::prior),
                                            PredictorCorrectorOptions{.snr = 0.05}),
       vp, steps(200)},
      {"flow_heun_80", flow(FlowMethod::heun), vp, steps(80)},
      {"flow_rk4_30", flow(FlowMethod::rk4), vp, steps(30)},
      {"flow_dormand_prince_4", flow(FlowMethod::dormand_prince), vp, steps(4)},
      {"annealed_ncsn_1679", langevin(AnnealedConvention::ncsn, 0.1), ve, levels(24, 70)},
      {"annealed_langevin_1599", langevin(AnnealedConvention::langevin, 0.1), ve, levels(20, 80)},
      // ULA widens a mode's variance v = 0.25 by the factor 1 + step/(2 v).
      {"ula_1000", std::make_shared<Ula>(LangevinOptions{.step = 0.01, .start_std = 1}), vp,
       Grid(1001, 1e-3)},
      {"mala_150", std::make_shared<Mala>(target(), LangevinOptions{.step = 0.2, .start_std = 1}),
       vp, Grid(151, 1e-3)},
      {"localization_euler_maruyama_1000", std::make_shared<EulerMaruyama>(), localization,
       uniform_angle(1001, 1.54)},
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

// Moves whose step e depends on the state have the stationary density p/e (predictor_corrector.h).
TEST(Langevin, CorrectionsAtOneLevelAreTiltedByTheirStep) {
  const double noise = 1, v = 3;  // x_s ~ N(0, v), a = 1
  const SchedulePtr path = std::make_shared<VarianceExploding>(noise, 10);
  const OracleDenoiser oracle(GaussianMixture({1.0}, {0.0}, {v - noise * noise}), path);
  // A predictor that stays at its level does nothing.
  const PredictorCorrector sampler(std::make_shared<Ddim>(), {.corrections = 10, .snr = 0.05});
  const Index chains = 20000;
  const Tensor x = sample(oracle, sampler, Grid(301, 0.0),
                          {.chains = chains, .dimension = 1, .seed = 5, .dtype = DType::f64})
                       .samples;
  // 1/e = max(score^2, 1/s^2)/(2 r^2) with score = -x/v.
  double mass = 0, square_mean = 0, fourth = 0;
  for (double u = -20; u <= 20; u += 0.01) {
    const double q = std::exp(-0.5 * u * u / v) * std::max(u * u / (v * v), 1 / (noise * noise));
    mass += q;
    square_mean += q * u * u;
    fourth += q * std::pow(u, 4);
  }
  square_mean /= mass;
  fourth /= mass;
  EXPECT_GT(square_mean, 1.02 * v);
  // 4 standard errors; the steps' own bias is below e/(2 v) = r^2 s^2/v = 0.1 %.
  const double error = std::sqrt((fourth - square_mean * square_mean) / chains);
  EXPECT_NEAR(mean(square(x)).item(), square_mean, 4 * error + 0.001 * square_mean);
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
