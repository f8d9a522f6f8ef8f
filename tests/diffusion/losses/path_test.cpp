#include "diffusion/losses/path.h"

#include <cmath>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "diffusion/losses/denoising.h"
#include "diffusion/losses/localization.h"
#include "diffusion/losses/score_matching.h"
#include "diffusion/quadrature.h"
#include "diffusion/schedules/ddpm.h"
#include "diffusion/schedules/ornstein_uhlenbeck.h"
#include "diffusion/schedules/variance_exploding.h"
#include "diffusion/schedules/variance_preserving.h"
#include "tests/diffusion/losses/gaussian_family.h"

namespace ito::diffusion {
namespace {

const SchedulePtr kVp = std::make_shared<VpLinear>();

constexpr Weighting kWeightings[] = {
    Weighting::sigma_squared, Weighting::snr,     Weighting::x0,  Weighting::velocity,
    Weighting::g_squared,     Weighting::min_snr, Weighting::edm, Weighting::path_kl};
constexpr Prediction kPredictions[] = {Prediction::score, Prediction::noise, Prediction::x0,
                                       Prediction::velocity};

Network predict(const GaussianFamily& family, Prediction p, const SchedulePtr& path = kVp) {
  return convert_network(family.along(path), Prediction::score, p, path);
}

TEST(PathLoss, EveryWeightingHasItsMinimumAtTheTruth) {
  for (Weighting w : kWeightings) {
    expect_minimum_at_truth("path", [=](const auto& family, const Tensor& x, Generator& rng) {
      return path_loss(predict(family, Prediction::noise), Prediction::noise, *kVp,
                       uniform_time(0.1, 0.9), x, rng, {.weighting = w});
    });
  }
}

TEST(PathLoss, EveryScheduleHasItsMinimumAtTheTruth) {
  struct Case {
    SchedulePtr path;
    double low, high;
  };
  for (const auto& [path, low, high] :
       {Case{std::make_shared<OrnsteinUhlenbeck>(), 0.05, 2},
        Case{std::make_shared<SubVp>(), 0.2, 0.9}, Case{std::make_shared<VpCosine>(), 0.1, 0.9},
        Case{std::make_shared<VarianceExploding>(0.1, 5), 0, 1},
        Case{std::make_shared<StochasticLocalization>(), 0.1, 5}}) {
    const TimeLaw law = uniform_log_snr(path, low, high);
    expect_minimum_at_truth("schedule", [=, path = path](const auto& family, const Tensor& x,
                                                         Generator& rng) {
      return path_loss(predict(family, Prediction::x0, path), Prediction::x0, *path, law, x, rng);
    });
  }
}

TEST(PathLoss, DdpmAndLocalizationHaveTheirMinimumAtTheTruth) {
  const auto chain = std::make_shared<Ddpm>(Ddpm::linear(20));
  expect_minimum_at_truth("ddpm", [=](const auto& family, const Tensor& x, Generator& rng) {
    return ddpm_noise_loss(predict(family, Prediction::noise, chain), *chain, x, rng);
  });
  const auto path = std::make_shared<StochasticLocalization>();
  expect_minimum_at_truth("localization", [=](const auto& family, const Tensor& x, Generator& rng) {
    const Network m = predict(family, Prediction::x0, path);
    return localization_loss(
        [&](const Tensor& y, const Tensor& alpha) { return m(y, square(tan(alpha)).detach()); }, x,
        rng, {.alpha_min = 0.1, .alpha_max = 1.3});
  });
}

TEST(PathLoss, IsTheSameForEveryPrediction) {
  // Same draws, same weight: the loss measures one error in four units.
  const GaussianFamily truth = GaussianFamily::truth(), model = truth.moved(0.3);
  Generator rng(4);
  const Tensor x = truth.sample(50, rng);
  const TimeLaw law = uniform_time(0.05, 0.95);
  for (Weighting w : kWeightings) {
    std::vector<double> losses;
    for (Prediction p : kPredictions) {
      Generator same(9);
      losses.push_back(
          path_loss(predict(model, p), p, *kVp, law, x, same, {.weighting = w}).item());
    }
    for (double l : losses) EXPECT_NEAR(l, losses[0], 1e-10 * losses[0]);
  }
}

TEST(PathLoss, ImportanceLawsChangeTheVarianceAlone) {
  const GaussianFamily truth = GaussianFamily::truth(), model = truth.moved(0.3);
  const double low = 0.02, high = 0.98;
  const auto estimate = [&](const TimeLaw& law) {
    Generator rng(10);
    std::vector<std::vector<double>> rows;
    for (int k = 0; k < 200; ++k) {
      rows.push_back({path_loss(predict(model, Prediction::noise), Prediction::noise, *kVp, law,
                                truth.sample(200, rng), rng,
                                {.weighting = Weighting::g_squared, .importance = true})
                          .item()});
    }
    return moments(rows);
  };
  const Moments uniform = estimate(uniform_time(low, high));
  // g^2/s^2, as Song et al. 2021 (maximum likelihood).
  const auto likelihood = [](double t) { return kVp->g2(t) / std::pow(kVp->s(t), 2); };
  for (const TimeLaw& law :
       {proportional_to(likelihood, low, high), uniform_log_snr(kVp, low, high),
        log_normal_sigma(kVp, low, high, 0, 1.5)}) {
    const Moments m = estimate(law);
    EXPECT_NEAR(m.mean[0], uniform.mean[0],
                4 * std::hypot(m.standard_error[0], uniform.standard_error[0]));
  }
  EXPECT_LT(estimate(proportional_to(likelihood, low, high)).standard_error[0],
            0.7 * uniform.standard_error[0]);
}

TEST(PathLoss, PathKlIsTheKullbackLeiblerDivergenceInNats) {
  // For a Gaussian the excess over the truth is 1/2 int g2 E|| s_model - s_truth ||^2 dt, by
  // quadrature: the error of the score is affine in x.
  const GaussianFamily truth = GaussianFamily::truth(), model = truth.moved(0.15);
  const NoGrad guard;
  const double low = 0.1, high = 0.9;
  const auto integrand = [&](double t) {
    const double a = kVp->a(t), s = kVp->s(t);
    const auto precision = [&](const GaussianFamily& f) {
      return inverse(a * a * f.covariance() + s * s * eye(2, DType::f64));
    };
    const Tensor p = precision(model), q = precision(truth);
    const Tensor c = a * a * truth.covariance() + s * s * eye(2, DType::f64);
    const Tensor gap = matmul(p, a * (model.mu - truth.mu)), d = p - q;
    return 0.5 * kVp->g2(t) * (trace(matmul(matmul(d, c), d)) + sum(square(gap))).item();
  };
  const double expected = GaussLegendre(40).integrate(low, high, integrand);
  for (const TimeLaw& law : {uniform_time(low, high), uniform_log_snr(kVp, low, high)}) {
    Generator rng(12);
    std::vector<std::vector<double>> rows;
    for (int k = 0; k < 200; ++k) {
      const Tensor x = truth.sample(200, rng);
      Generator same = rng;
      const PathLossOptions options{.weighting = Weighting::path_kl};
      const double best =
          path_loss(predict(truth, Prediction::x0), Prediction::x0, *kVp, law, x, rng, options)
              .item();
      rows.push_back(
          {path_loss(predict(model, Prediction::x0), Prediction::x0, *kVp, law, x, same, options)
               .item() -
           best});
    }
    const Moments m = moments(rows);
    EXPECT_NEAR(m.mean[0], expected, 4 * m.standard_error[0]);
    EXPECT_LT(m.standard_error[0], 0.1 * expected);
  }
}

// L_SL(t) = L_score(tau)/(t (1 + t)) + const: one model, the same x_0 and z. In the unit of the
// score of OU, y = sqrt(t (1 + t)) X: m = (X + s^2 score)/a, and (s^2/a)^2 = 1/(t (1 + t)).
TEST(PathLoss, LocalizationLossIsTheScoreLossOfOrnsteinUhlenbeck) {
  const auto sl = std::make_shared<StochasticLocalization>();
  const auto ou = std::make_shared<OrnsteinUhlenbeck>(std::sqrt(2.0), 20);
  const GaussianFamily truth = GaussianFamily::truth();
  Generator rng(3);
  const Tensor x = truth.sample(40, rng), z = randn(x.shape(), rng, DType::f64);
  for (double t : {0.01, 0.5, 3.0, 80.0}) {
    const double tau = tau_from_t(t), a = ou->a(tau), s = ou->s(tau);
    const Tensor time = full({40}, t, DType::f64), clock = full({40}, tau, DType::f64);
    for (double by : {0.0, 0.2, -0.3}) {
      const GaussianFamily model = truth.moved(by);
      const Tensor m = predict(model, Prediction::x0, sl)(t * x + std::sqrt(t) * z, time);
      const Tensor score = model.along(ou)(a * x + s * z, clock);
      const double left = mean(sum(square(m - x), {1})).item();
      const double right = mean(sum(square(score + z / s), {1})).item() / (t * (1 + t));
      // The constant is 0 with DSM's target -z/s: the identity holds row by row, to rounding.
      EXPECT_NEAR(left, right, 1e-10 * (1 + right)) << t;
    }
    // Against the true score, the constant is the Bayes risk: the same for every model.
    const auto gap = [&](double by) {
      const GaussianFamily model = truth.moved(by);
      const Tensor score = model.along(ou)(a * x + s * z, clock);
      const Tensor m = predict(model, Prediction::x0, sl)(t * x + std::sqrt(t) * z, time);
      const Tensor best = predict(truth, Prediction::x0, sl)(t * x + std::sqrt(t) * z, time);
      return sum(square(m - best)).item() -
             sum(square(score - truth.along(ou)(a * x + s * z, clock))).item() / (t * (1 + t));
    };
    EXPECT_NEAR(gap(0.2), 0, 1e-9);
    EXPECT_NEAR(gap(-0.3), 0, 1e-9);
  }
}

TEST(PathLoss, WeightsAreTheirFormulas) {
  const double t = 0.4;
  const PathPoint p = kVp->point(t);
  const double s2 = p.s * p.s, snr = p.a * p.a / s2, x0 = s2 * s2 / (p.a * p.a);
  const auto weight = [&](Weighting w) { return score_weight(w, *kVp, t); };
  EXPECT_NEAR(weight(Weighting::sigma_squared), s2, 1e-15);
  EXPECT_NEAR(weight(Weighting::snr), snr * x0, 1e-14);
  EXPECT_NEAR(weight(Weighting::x0), x0, 1e-13);
  EXPECT_NEAR(weight(Weighting::velocity), (snr + 1) * x0, 1e-13);
  EXPECT_NEAR(weight(Weighting::min_snr), std::min(snr, 5.0) * x0, 1e-14);
  const double sigma2 = 1 / snr;
  EXPECT_NEAR(weight(Weighting::edm), (sigma2 + 0.25) / (sigma2 * 0.25) * x0, 1e-12);
  EXPECT_NEAR(weight(Weighting::g_squared), kVp->g2(t), 1e-15);
  EXPECT_NEAR(weight(Weighting::path_kl), 0.5 * kVp->g2(t), 1e-15);
  // gamma above and below the SNR.
  EXPECT_NEAR(score_weight(Weighting::min_snr, *kVp, t, {.gamma = 0.1 * snr}), 0.1 * s2, 1e-14);
}

TEST(TimeLaw, DensitiesIntegrateToOneAndDescribeTheDraws) {
  const auto weight = [](double t) { return 1 + 10 * t * t; };
  for (const TimeLaw& law :
       {uniform_time(0.1, 0.9), uniform_log_snr(kVp, 0.1, 0.9),
        log_normal_sigma(kVp, 0.1, 0.9, -0.5, 1), proportional_to(weight, 0.1, 0.9, 64),
        uniform_log_snr(std::make_shared<StochasticLocalization>(), 0.1, 3)}) {
    const double width = (law.high - law.low) / 64;
    double total = 0, first = 0;
    for (int i = 0; i < 64; ++i) {
      const double from = law.low + width * i;
      const double mass = GaussLegendre(12).integrate(from, from + width, law.density);
      total += mass;
      if (i < 20) first += mass;
    }
    EXPECT_NEAR(total, 1, 1e-9);  // the rule is exact to rounding on smooth and constant cells
    Generator rng(5);
    const int count = 40000;
    double share = 0;
    for (int i = 0; i < count; ++i) {
      const double t = law.draw(rng);
      ASSERT_TRUE(law.low <= t && t <= law.high);
      if (t < law.low + 20 * width) share += 1.0 / count;
    }
    EXPECT_NEAR(share, first, 4.5 * std::sqrt(first * (1 - first) / count));
  }
}

TEST(TimeLaw, RejectsEndsWithoutNoise) {
  EXPECT_THROW((void)uniform_log_snr(kVp, 0, 1), Error);
  EXPECT_THROW((void)log_normal_sigma(kVp, 0.1, 0.9, 40, 1), Error);
  EXPECT_THROW((void)proportional_to([](double) { return -1.0; }, 0, 1), Error);
  Generator rng(1);
  EXPECT_THROW((void)path_loss([](const Tensor& x, const Tensor&) { return x; }, Prediction::x0,
                               *kVp, uniform_time(-1e-300, 0.0 + 1e-300), ones({2, 2}), rng),
               Error);
}

TEST(TimeLaw, RejectsTimesOutsideThePath) {
  EXPECT_THROW((void)uniform_log_snr(kVp, 0.1, 2), Error);
  EXPECT_THROW((void)log_normal_sigma(kVp, 0.1, 2), Error);
  Generator rng(1);
  EXPECT_THROW((void)path_loss([](const Tensor& x, const Tensor&) { return x; }, Prediction::x0,
                               *kVp, uniform_time(2, 3), ones({2, 2}), rng),
               Error);
}

TEST(Weighting, RejectsFactorsThatAreNotPositive) {
  EXPECT_THROW((void)score_weight(Weighting::min_snr, *kVp, 0.5, {.gamma = -1}), Error);
  EXPECT_THROW((void)score_weight(Weighting::edm, *kVp, 0.5, {.sigma_data = 0}), Error);
}

// A column would broadcast against the rows' targets.
TEST(Losses, RejectAnswersOfAnotherShape) {
  Generator rng(1);
  const Tensor x = ones({8, 3});
  const Network column = [](const Tensor& at, const Tensor&) { return slice(at, 1, 0, 1); };
  const Function score = [&](const Tensor& at) { return column(at, at); };
  const Ddpm chain = Ddpm::cosine(10);
  EXPECT_THROW((void)path_loss(column, Prediction::x0, *kVp, uniform_time(0.1, 1), x, rng), Error);
  EXPECT_THROW((void)ddpm_noise_loss(column, chain, x, rng), Error);
  EXPECT_THROW((void)localization_loss(column, x, rng), Error);
  EXPECT_THROW((void)ncsn_loss(column, x, {1, 0.5}, rng), Error);
  EXPECT_THROW((void)denoising_score_matching(score, x, 0.5, rng), Error);
  EXPECT_THROW((void)explicit_score_matching(score, x, x), Error);
}

}  // namespace
}  // namespace ito::diffusion
