// Section 8: the students, their gradients, errata 18 to 20, and the runs that show two stages.
#include <array>
#include <cmath>
#include <filesystem>
#include <limits>
#include <numbers>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "apps/report/files.h"
#include "apps/two_stage_convergence/author.h"
#include "apps/two_stage_convergence/descent.h"
#include "apps/two_stage_convergence/fit.h"
#include "apps/two_stage_convergence/gradients.h"
#include "apps/two_stage_convergence/results.h"
#include "apps/two_stage_convergence/three_modes.h"
#include "apps/two_stage_convergence/two_modes.h"
#include "autograd/error.h"
#include "autograd/ops.h"
#include "autograd/transforms.h"
#include "diffusion/distributions/two_modes.h"
#include "diffusion/normal_expectation.h"
#include "diffusion/quadrature.h"
#include "diffusion/two_stage/low_noise.h"
#include "diffusion/two_stage/mixture_student.h"
#include "diffusion/two_stage/population.h"
#include "diffusion/two_stage/student.h"

namespace ito::two_stage {
namespace {

using diffusion::InSpan;
using diffusion::LowNoiseLoss;
using diffusion::Overlap;
using diffusion::TwoModeStudent;

const std::vector<TwoModeStudent> kStudents{
    TwoModeStudent::localization(0.05), TwoModeStudent::localization(1),
    TwoModeStudent::localization(20), TwoModeStudent::ddpm(0.1), TwoModeStudent::ddpm(1.5)};

double max_difference(const Tensor& a, const Tensor& b) {
  return max(abs(a - b)).item();
}

// mu and mu* of the given norms and cosine, spread over all coordinates of d dimensions.
struct Pair {
  Vector mu, truth;
};
Pair pair_with(double norm, double truth_norm, double cosine, Index d, std::uint64_t seed) {
  Generator rng(seed);
  const auto unit = [&](const Vector* against) {
    Vector v(static_cast<std::size_t>(d));
    for (double& value : v) value = rng.normal();
    if (against != nullptr) {
      const double along = diffusion::overlap(v, *against).product;
      for (std::size_t i = 0; i < v.size(); ++i) v[i] -= along * (*against)[i];
    }
    const double length = std::sqrt(diffusion::overlap(v, v).norm_squared);
    for (double& value : v) value /= length;
    return v;
  };
  Pair p{.mu = {}, .truth = unit(nullptr)};
  p.mu = unit(&p.truth);
  const double sine = std::sqrt(1 - cosine * cosine);
  for (std::size_t i = 0; i < p.mu.size(); ++i) {
    p.mu[i] = norm * (cosine * p.truth[i] + sine * p.mu[i]);
    p.truth[i] *= truth_norm;
  }
  return p;
}

TEST(NormalExpectation, AgreesWithGaussLegendreForGentleAndForSteepIntegrands) {
  // Two rules, each converged to round-off: 400 nodes on twenty panels of one steepness each.
  const diffusion::GaussLegendre rule(20);
  for (const double std : {1e-3, 0.3, 1.0, 7.0, 40.0}) {
    for (const double mean : {0.0, -0.4, 3.0}) {
      const auto f = [&](double z) { return std::tanh(mean + std * z); };
      double expected = 0;
      const int panels = 20 * (1 + static_cast<int>(std));
      for (int i = 0; i < panels; ++i) {
        const double from = -10 + 20.0 * i / panels, to = -10 + 20.0 * (i + 1) / panels;
        expected += rule.integrate(from, to, [&](double z) {
          return f(z) * std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi);
        });
      }
      const auto [got] = diffusion::normal_expectation(
          mean, std, [](double u) { return std::array{std::tanh(u)}; });
      EXPECT_NEAR(got, expected, 1e-13) << "std " << std << ", mean " << mean;
    }
  }
}

TEST(TwoModeStudent, Erratum18IsThePosteriorMeanForTwiceTheMean) {
  const Pair p = pair_with(1, 1.3, 0.5, 7, 1);
  Vector a = p.truth;
  for (double& value : a) value *= 2;
  const auto mixture = diffusion::TwoModes(0.5, a).mixture();
  Generator rng(2);
  const Tensor y = 3 * randn({50, 7}, rng, DType::f64);
  const Tensor mu = from(p.truth, {7});
  for (const double t : {0.02, 1.0, 9.0}) {
    const Tensor exact = mixture.posterior_mean(y, t, std::sqrt(t));
    EXPECT_LT(max_difference(TwoModeStudent::localization(t)(y, mu), exact), 1e-12);

    // Appendix C in its own steps, corrected: delta = (1 + tanh(q))/2 with
    // q = (||y + t a/2||^2 - ||y - t a/2||^2) / (4 t (t+1)), and (delta - 1/2) a.
    const Tensor half = 0.5 * t * from(a, {7});
    const Tensor difference = sum(square(y + half), {1}, true) - sum(square(y - half), {1}, true);
    const Tensor q = difference / (4 * t * (t + 1));
    EXPECT_LT(max_difference((y + 0.5 * tanh(q) * from(a, {7})) / (1 + t), exact), 1e-12);
    // As printed, with mu for a: exactly half of what the label adds is missing.
    const Tensor printed = (y + 0.5 * tanh(q) * mu) / (1 + t);
    EXPECT_LT(max_difference(2 * (printed - y / (1 + t)), exact - y / (1 + t)), 1e-12);
    EXPECT_GT(max_difference(printed, exact), 0.01);
  }
}

TEST(TwoModeStudent, IsTheScoreOfTheNoisedMixtureForDdpm) {
  const Pair p = pair_with(1, 1.3, 0.5, 7, 1);
  Vector a = p.truth;
  for (double& value : a) value *= 2;
  Generator rng(3);
  const Tensor y = 2 * randn({50, 7}, rng, DType::f64);
  for (const double t : {0.1, 1.5}) {
    const auto law = diffusion::TwoModes(0.5, a).mixture().marginal(std::exp(-t),
                                                                    std::sqrt(-std::expm1(-2 * t)));
    EXPECT_LT(max_difference(TwoModeStudent::ddpm(t)(y, from(p.truth, {7})), law.score(y)), 1e-12);
  }
}

TEST(TwoModeStudent, RejectsTimesAndShapesItCannotMean) {
  EXPECT_THROW(TwoModeStudent::localization(0), Error);
  EXPECT_THROW(TwoModeStudent::ddpm(-1), Error);
  EXPECT_THROW(TwoModeStudent::ddpm(1)(zeros({3, 4}), zeros({5})), Error);
}

// The gradient of fresh batches by autograd, projected on the coordinates of mu, mu* and one
// direction across both, against the quadrature's.
TEST(PopulationGradient, AutogradOnFreshBatchesAgreesWithinFourStandardErrors) {
  constexpr int kRepeats = 60;
  constexpr Index kBatch = 2000;
  for (std::size_t which = 0; which < kStudents.size(); ++which) {
    const TwoModeStudent& student = kStudents[which];
    const Pair p = pair_with(1.2, 0.8, 0.4, 5, 10 + which);
    const Vector exact = diffusion::combine(
        diffusion::population_gradient(student, diffusion::overlap(p.mu, p.truth)), p.mu, p.truth);
    Generator rng(20 + which);
    Vector mean_of(5), square_of(5);
    for (int i = 0; i < kRepeats; ++i) {
      const Vector g = minibatch_gradient(student, p.mu, p.truth, kBatch, rng);
      for (std::size_t k = 0; k < g.size(); ++k) {
        mean_of[k] += g[k] / kRepeats;
        square_of[k] += g[k] * g[k] / kRepeats;
      }
    }
    double size = 0;
    for (std::size_t k = 0; k < 5; ++k) {
      const double error = std::sqrt((square_of[k] - mean_of[k] * mean_of[k]) / (kRepeats - 1));
      EXPECT_NEAR(mean_of[k], exact[k], 4 * error) << "student " << which << ", coordinate " << k;
      size = std::max(size, std::abs(exact[k]) / error);
    }
    // The comparison would see a wrong gradient: the largest coordinate stands well above it.
    EXPECT_GT(size, 12) << "student " << which;
  }
}

TEST(PopulationGradient, IsTheDerivativeOfTheLoss) {
  // Central differences with h = 1e-5 err by about h^2 + 1e-16 / h = 1e-10.
  constexpr double kH = 1e-5;
  for (const TwoModeStudent& student : kStudents) {
    const Pair p = pair_with(0.9, 1.4, -0.3, 3, 5);
    const Vector g = diffusion::combine(
        diffusion::population_gradient(student, diffusion::overlap(p.mu, p.truth)), p.mu, p.truth);
    for (std::size_t k = 0; k < 3; ++k) {
      Vector up = p.mu, down = p.mu;
      up[k] += kH;
      down[k] -= kH;
      const double slope_k =
          (diffusion::population_loss(student, diffusion::overlap(up, p.truth)) -
           diffusion::population_loss(student, diffusion::overlap(down, p.truth))) /
          (2 * kH);
      EXPECT_NEAR(g[k], slope_k, 2e-9);
    }
  }
}

TEST(PopulationGradient, KeepsItsDigitsWhereTheSignalVanishes) {
  // The limit errs by the signal, 1e-15 and e^-36; the quadrature by rounding.
  for (const TwoModeStudent& student :
       {TwoModeStudent::localization(1e-15), TwoModeStudent::ddpm(18)}) {
    const Overlap at{1, 0.5};
    const InSpan exact = diffusion::population_gradient(student, at),
                 limit = diffusion::high_noise_gradient(student, at);
    EXPECT_NEAR(exact.of_mu / limit.of_mu, 1, 1e-12);
    // E[tanh u] is sqrt(signal) times smaller than its terms.
    EXPECT_NEAR(exact.of_truth / limit.of_truth, 1, 2.3e-16 / std::sqrt(student.signal()));
  }
}

TEST(PopulationGradient, VanishesAtTheTruthAndBothStudentsShareIt) {
  for (const double norm : {0.05, 1.0, 6.0}) {
    const Overlap at{norm * norm, norm * norm};
    for (const TwoModeStudent& student : kStudents) {
      const InSpan g = diffusion::population_gradient(student, at);
      // Terms of size ||mu||^2 cancel.
      EXPECT_NEAR(g.of_mu + g.of_truth, 0, 4e-15 * (1 + norm * norm));
    }
  }
  // At equal signal the two differ by the ratio of their weights alone, t (1+t).
  for (const double t : {0.05, 1.0, 5.0}) {
    const auto sl = TwoModeStudent::localization(t);
    const auto ddpm = TwoModeStudent::ddpm(0.5 * std::log1p(1 / t));
    const InSpan a = diffusion::population_gradient(sl, {1.3, 0.4});
    const InSpan b = diffusion::population_gradient(ddpm, {1.3, 0.4});
    EXPECT_NEAR(b.of_mu / a.of_mu, t * (1 + t), 1e-12 * t * (1 + t));
    EXPECT_NEAR(b.of_truth / a.of_truth, t * (1 + t), 1e-12 * t * (1 + t));
  }
}

TEST(GradientStudy, Erratum19HighNoiseGradientHasFactorFourAndEqualWeights) {
  const GradientStudy g = study_gradients({});
  // Remainders of order 2 over t in [1e-4, 1e-2]; the next order bends the fit by less than 0.01.
  EXPECT_NEAR(g.localization.order, 2, 0.05);
  EXPECT_NEAR(g.ddpm.order, 2, 0.05);
  // The printed 2t[||mu||^2 mu - 2 <mu, mu*> mu*] differs at first order, so it is no limit at all.
  EXPECT_NEAR(g.printed.order, 1, 0.05);
  // Relative remainder at t = 1e-6: of order 1e-5.
  EXPECT_NEAR(g.localization_factor, 4, 1e-4);
  // The paper's power iteration has factors 2 eta and eta r: half of this, the gradient of L/2.
  EXPECT_NEAR(g.ddpm_factor, 4, 1e-4);
}

TEST(GradientStudy, PowerIterationIsTheHighNoiseStep) {
  const auto student = TwoModeStudent::localization(1e-5);
  const Overlap at{1.7, -0.6};
  const double rate = 3;
  const InSpan step = diffusion::power_iteration_step(student, rate, at);
  const double r = 4 * rate * 1e-5;
  EXPECT_DOUBLE_EQ(step.of_mu, 1 - r * 1.7);
  EXPECT_DOUBLE_EQ(step.of_truth, r * -0.6);
  const InSpan g = diffusion::population_gradient(student, at);
  // The next order is smaller by a few times t (1 + ||mu||^2 + |<mu, mu*>|).
  EXPECT_NEAR((1 - step.of_mu) / (rate * g.of_mu), 1, 2e-4);
  EXPECT_NEAR(-step.of_truth / (rate * g.of_truth), 1, 2e-4);
}

TEST(LowNoise, Erratum20MinimiserIsTheTruthOnlyWithTheNoiseKept) {
  const std::array<double, 3> stated{1.49, 1.04, 1.00};
  for (int i = 0; i < 3; ++i) {
    const double norm = i + 1;
    EXPECT_NEAR(diffusion::low_noise_minimiser(LowNoiseLoss::exact, norm), 1, 1e-11);
    EXPECT_NEAR(diffusion::low_noise_minimiser(LowNoiseLoss::noise_free, norm),
                stated[static_cast<std::size_t>(i)], 0.005);
    EXPECT_EQ(diffusion::low_noise_minimiser(LowNoiseLoss::printed, norm), 0);
  }
}

TEST(LowNoise, Erratum20ExactLossIsTheLimitOfTheStudentsAndKeepsTwiceSechSquared) {
  // (1+t)^2 L, less its constant, tends to the exact low-noise loss as 1 - signal = 1/(1+t).
  for (const double alpha : {0.5, 1.0, 1.7}) {
    const double norm = 1.2, t = 1e9;
    const auto student = TwoModeStudent::localization(t);
    const double loss =
        diffusion::population_loss(student, {alpha * alpha, alpha * norm}) / student.weight();
    const double exact = diffusion::low_noise_loss(LowNoiseLoss::exact, alpha, norm);
    EXPECT_NEAR(loss, exact, 1e-7);
    const auto [sech2] = diffusion::normal_expectation(
        alpha * norm, alpha, [](double u) { return std::array{1 - std::pow(std::tanh(u), 2)}; });
    EXPECT_NEAR(exact - diffusion::low_noise_loss(LowNoiseLoss::noise_free, alpha, norm),
                2 * sech2 * alpha * alpha, 1e-12);
  }
}

TEST(LowNoise, Erratum20NoiseFreeLossIsTheAuthorsSurrogate) {
  // On samples along one axis, the surrogate's mean is the noise-free loss over (1+t)^2 plus
  // E||x||^2/(1+t)^2; both sides on the same 200,000 draws, compared within four standard errors.
  const double norm = 1, alpha = 1.3, t = 5;
  Generator rng(7);
  const Tensor x = draw_two_modes({norm}, 200000, rng);
  const Tensor excess =
      (1 + t) * (1 + t) * diffusion::noise_free_losses(from(Vector{alpha}, {1}), x, t) -
      sum(square(x), {1});
  const double got = mean(excess).item();
  const double error = std::sqrt(mean(square(excess - got)).item() / 200000);
  EXPECT_NEAR(got, diffusion::low_noise_loss(LowNoiseLoss::noise_free, alpha, norm), 4 * error);
}

TEST(Em, TruthIsItsFixedPointAndItAgreesWithSamples) {
  for (const double norm : {0.3, 1.0, 4.0}) {
    const InSpan step = diffusion::em_step({norm * norm, norm * norm});
    EXPECT_NEAR(step.of_mu + step.of_truth, 1, 1e-14);
  }
  const Pair p = pair_with(0.7, 1.1, 0.3, 4, 9);
  const Vector exact =
      diffusion::combine(diffusion::em_step(diffusion::overlap(p.mu, p.truth)), p.mu, p.truth);
  constexpr Index kCount = 200000;
  Generator rng(11);
  const Tensor x = draw_two_modes(p.truth, kCount, rng);
  const Tensor terms = tanh(matmul(x, from(p.mu, {4, 1}))) * x;
  const Vector got = mean(terms, {0}).to_vector<double>();
  const Vector squares = mean(square(terms), {0}).to_vector<double>();
  for (std::size_t k = 0; k < 4; ++k) {
    const double error = std::sqrt((squares[k] - got[k] * got[k]) / kCount);
    EXPECT_NEAR(got[k], exact[k], 4 * error);
  }
}

TEST(TwoStages, StepCountsAreThoseStatedWithinATenth) {
  for (const double separation : kSeparations) {
    const TwoModeRun run = run_population(Kind::localization, separation, {});
    ASSERT_GT(run.stated_1, 0);
    const double first = static_cast<double>(run.stated_1);
    const double second = static_cast<double>(run.stated_2);
    EXPECT_NEAR(static_cast<double>(run.path.switched), first, 0.1 * first);
    const Index converged = run.path.second_stage_steps(kConverged);
    EXPECT_NEAR(static_cast<double>(converged), second, 0.1 * second);
    const Index to_1e6 = run.path.second_stage_steps(1e-6);
    EXPECT_GT(to_1e6, 0);
    EXPECT_LE(to_1e6, converged);
    EXPECT_GE(run.path.cosine[static_cast<std::size_t>(run.path.switched)], kAligned);
  }
}

TEST(TwoStages, DdpmAndEmAlsoArrive) {
  for (const double separation : kSeparations) {
    for (const Kind kind : {Kind::ddpm, Kind::em}) {
      EXPECT_LE(run_population(kind, separation, {}).path.error.back(), kConverged);
    }
    // Power iteration finds the direction and stops there.
    const TwoModeRun power = run_population(Kind::power_iteration, separation, {});
    EXPECT_GE(power.path.cosine.back(), kAligned);
    EXPECT_GT(power.path.error.back(), 1e-3);
  }
}

TEST(TwoStages, AtEqualSignalDdpmFollowsLocalizationStepForStep) {
  const Vector truth = axis_vector(16, 1);
  Generator rng(4);
  const Vector start = start_at_cosine(16, 0.2, rng);
  const double t = 0.3, rate = 1.5;
  const Stage none{.step = {}, .limit = 0};
  const auto sl = population_step(TwoModeStudent::localization(t), rate, truth);
  const auto ddpm =
      population_step(TwoModeStudent::ddpm(0.5 * std::log1p(1 / t)), rate / (t * (1 + t)), truth);
  const Trajectory a = run_stages(start, truth, {sl, 40}, none);
  const Trajectory b = run_stages(start, truth, {ddpm, 40}, none);
  ASSERT_EQ(a.steps(), 40);
  for (std::size_t k = 0; k < a.error.size(); ++k) EXPECT_NEAR(a.error[k], b.error[k], 1e-12);
}

TEST(TwoStages, SmallSeparationCostsItsInverseSquareInSteps) {
  const SmallSeparation sweep = run_small_separations({});
  // Corrections are of relative order ||mu*||^2 < 0.01 over the smallest three.
  EXPECT_NEAR(sweep.slope_1, -2, 0.05);
  EXPECT_NEAR(sweep.slope_2, -2, 0.05);
}

TEST(TwoStages, StochasticDescentSettlesAtThePredictedFloor) {
  Settings s;
  s.d = 32;
  s.batch_1 = 8192;
  s.batch_2 = 1024;
  s.batch_steps = 400;
  const MinibatchStudy study = run_minibatch(s);
  EXPECT_GE(study.run.path.cosine[static_cast<std::size_t>(study.run.path.switched)], 0.95);
  // 200 steps that forget in about 1/(rate curvature) = 12, times 32 directions: about 16 * 32
  // independent squares a direction, so the root mean square is within 1/sqrt(2 * 512) = 3 % (one
  // standard deviation); the floor itself is linear theory, good to its square.
  EXPECT_NEAR(study.settled / study.floor, 1, 0.15);
}

TEST(AuthorRun, IsSaturatedExponentialDescentToTheSampleFloor) {
  const AuthorRun run = run_author({});
  EXPECT_NEAR(run.truth_norm, 226.27, 0.01);
  // Every sign is settled at the start: no high-noise regime is ever entered.
  EXPECT_LT(run.first.unsaturated, 0.01);
  EXPECT_LT(run.second.unsaturated, 1e-12);
  // The fitted range ends at ten floors, where the floor's own direction bends the curve by 10 %
  // at most and the fit far less.
  EXPECT_NEAR(run.first.measured_decay, run.first.decay, 0.02 * run.first.decay);
  EXPECT_NEAR(run.second.measured_decay, run.second.decay, 0.02 * run.second.decay);
  // "mu ~ 10" after 500 steps: 20 (1 - exp(-0.646)) = 9.5, plus what the start had along mu*
  // (standard deviation 10/sqrt(128) = 0.88 of a coordinate, half of which is left).
  EXPECT_NEAR(run.coordinate[500], 9.5, 4 * 0.88 * 0.524);
  // The floor's own spread: chi with 128 degrees of freedom, 1/16 relative; descent leaves 2e-4.
  EXPECT_NEAR(run.path.error.back(), run.second.floor, 4 * run.second.floor / 16);
}

TEST(MixtureStudent, TwoOppositeMeansAreTheTwoModeStudent) {
  Generator rng(31);
  const Tensor y = 2 * randn({20, 3}, rng, DType::f64);
  const Tensor mu = randn({3}, rng, DType::f64);
  const Tensor means = stack({mu, -mu});
  for (const double t : {0.1, 2.0}) {
    EXPECT_LT(max_difference(diffusion::mixture_student(y, means, t),
                             TwoModeStudent::localization(t)(y, mu)),
              1e-13);
  }
}

TEST(PlaneMixture, GradientAgreesWithFreshBatchesWithinFourStandardErrors) {
  const Tensor truth = from(Vector{3, 0, -1.5, 2.5, -1.5, -2.5}, {3, 2});
  Tensor means = from(Vector{2.5, 0.5, -1, 2, -2, -2}, {3, 2});
  means.set_requires_grad();
  const double t = 0.7;
  const Vector exact =
      grad(diffusion::PlaneMixture(truth, t).excess_loss(means), means).to_vector<double>();
  const auto law = diffusion::GaussianMixture::isotropic({1, 1, 1}, truth.to_vector<double>(),
                                                         std::vector<double>(3, 1.0));
  constexpr int kRepeats = 60;
  Generator rng(17);
  Vector mean_of(6), square_of(6);
  for (int i = 0; i < kRepeats; ++i) {
    const Tensor x = law.sample(4000, rng, DType::f64);
    const Tensor z = randn(x.shape(), rng, DType::f64);
    const Vector g =
        grad(mean(diffusion::mixture_student_losses(means, x, z, t)), means).to_vector<double>();
    for (std::size_t k = 0; k < 6; ++k) {
      mean_of[k] += g[k] / kRepeats;
      square_of[k] += g[k] * g[k] / kRepeats;
    }
  }
  for (std::size_t k = 0; k < 6; ++k) {
    const double error = std::sqrt((square_of[k] - mean_of[k] * mean_of[k]) / (kRepeats - 1));
    EXPECT_NEAR(mean_of[k], exact[k], 4 * error);
    EXPECT_LT(error, 0.02);
  }
}

TEST(ThreeModes, WarmStartsArriveAndColdOnesDoNot) {
  const ThreeModes r = run_three_modes({});
  EXPECT_LT(r.warm.back(), 1e-10);
  EXPECT_GT(r.cold.back(), 1);
  // 3 d = 384 directions: the error's relative standard deviation is 1/sqrt(2 * 384) = 3.6 %; that
  // a label can be mistaken, and the average's memory of its first steps, add about a percent each.
  EXPECT_NEAR(r.average.back() / r.floor.back(), 1, 0.16);
}

TEST(TwoStageProgram, WritesEverythingAndItsSummaryIsReproducible) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::path(testing::TempDir()) / "ito_two_stage_test";
  fs::remove_all(folder);
  Settings s;
  s.d = 8;
  s.batch_1 = s.batch_2 = 256;
  s.batch_steps = 5;
  s.author_steps_1 = 30;
  s.author_steps_2 = 30;
  s.three_batch = 16;
  s.three_steps = 10;
  s.out = folder;
  report::ensure_writable_directory(folder);
  const auto run = [&s] {
    std::ostringstream log, out;
    const Results results = run_study(s, log);
    write_results(results, out);
    auto json = nlohmann::json::parse(report::read_file(s.out / "summary.json"));
    json.erase("seconds");
    return json;
  };
  const auto first = run();
  EXPECT_EQ(first, run());
  EXPECT_EQ(first["runs"].size(), 9U);
  EXPECT_TRUE(fs::exists(folder / "report.html"));
  EXPECT_TRUE(fs::exists(folder / "figures" / "figure9_two_stages.gp"));
  fs::remove_all(folder);
}

TEST(TwoStageSettings, ErrorsNameTheFlag) {
  Settings s;
  validate(s);
  const auto expect_refusal = [](const Settings& bad, const char* flag) {
    try {
      validate(bad);
      ADD_FAILURE() << "accepted a bad " << flag;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(flag), std::string::npos);
    }
  };
  s.cosine = 0;
  expect_refusal(s, "--cosine");
  s = Settings{};
  s.author_coordinate = std::numeric_limits<double>::infinity();
  expect_refusal(s, "--author-coordinate");
}

}  // namespace
}  // namespace ito::two_stage
