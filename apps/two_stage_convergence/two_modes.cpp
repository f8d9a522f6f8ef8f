#include "apps/two_stage_convergence/two_modes.h"

#include <algorithm>
#include <cmath>

#include "apps/two_stage_convergence/fit.h"
#include "apps/two_stage_convergence/seeds.h"
#include "diffusion/two_stage/population.h"

namespace ito::two_stage {
namespace {

using diffusion::TwoModeStudent;

constexpr Index kLimit = 10'000'000;

Vector start(const Settings& s) {
  Generator rng = generator(s.seed, Use::start);
  return start_at_cosine(s.d, s.cosine, rng);
}

TwoModeStudent student(Kind kind, double t) {
  return kind == Kind::ddpm ? TwoModeStudent::ddpm(t) : TwoModeStudent::localization(t);
}

Step step_of(Kind kind, double t, double rate, const Vector& truth) {
  if (kind == Kind::em) {
    return [=](const Vector& mu) {
      return diffusion::combine(diffusion::em_step(diffusion::overlap(mu, truth)), mu, truth);
    };
  }
  if (kind == Kind::power_iteration) {
    return [=](const Vector& mu) {
      const auto step = diffusion::power_iteration_step(TwoModeStudent::localization(t), rate,
                                                        diffusion::overlap(mu, truth));
      return diffusion::combine(step, mu, truth);
    };
  }
  return population_step(student(kind, t), rate, truth);
}

// Root mean square deviation from mu* at which descent with gradients of `batch` samples settles:
// the variance of the gradient at mu* is measured, the curvature is exact.
double settled_deviation(const TwoModeStudent& at, double rate, const Vector& truth, Index batch,
                         Generator& rng) {
  constexpr int kRepeats = 200;
  constexpr Index kBatch = 128;
  const double d = static_cast<double>(truth.size());
  double along = 0, all = 0;
  for (int i = 0; i < kRepeats; ++i) {
    const Vector g = minibatch_gradient(at, truth, truth, kBatch, rng);
    along += g[0] * g[0] / kRepeats;
    for (const double value : g) all += value * value / kRepeats;
  }
  const double scale = static_cast<double>(kBatch) / static_cast<double>(batch);
  const auto curvature = diffusion::curvature_at_truth(at, truth[0]);
  const double across = (all - along) / (d - 1);
  return std::sqrt(diffusion::stationary_variance(rate, curvature.along, along * scale) +
                   (d - 1) *
                       diffusion::stationary_variance(rate, curvature.across, across * scale));
}

}  // namespace

Plan localization_plan(double separation) {
  // Sums over coordinates and no factor 1/2 in the loss: the scaling of the stated counts.
  if (separation >= 1) return {0.05, 2, 1, 0.5};
  return {0.05, 4, 1, 1};
}

Plan ddpm_plan(double separation) {
  // At t = 1.5 the signal e^-3 is that of localization at t = 0.052; gradients are in mu, not mu_t,
  // and carry a factor e^-3 of their own.
  if (separation >= 1) return {1.5, 36, 0.1, 0.5};
  return {1.5, 72, 0.1, 1};
}

TwoModeRun run_population(Kind kind, double separation, const Settings& s) {
  const Plan plan = kind == Kind::ddpm ? ddpm_plan(separation) : localization_plan(separation);
  const Vector truth = axis_vector(s.d, separation);
  // Power iteration knows the direction only: nothing follows its first stage.
  const Index second = kind == Kind::power_iteration ? 0 : kLimit;
  TwoModeRun run{.kind = kind, .separation = separation, .plan = plan, .path = {}};
  run.path = run_stages(
      start(s), truth, {step_of(kind, plan.t_1, plan.rate_1, truth), kLimit, kAligned},
      {.step = step_of(kind, plan.t_2, plan.rate_2, truth), .limit = second, .error = kConverged});
  if (kind == Kind::localization && s.cosine == 0.088) {
    if (separation == 1) run.stated_1 = 14, run.stated_2 = 99;
    if (separation == 0.3) run.stated_1 = 70, run.stated_2 = 353;
  }
  return run;
}

MinibatchStudy run_minibatch(const Settings& s) {
  const double separation = 1;
  const Plan plan = localization_plan(separation);
  const Vector truth = axis_vector(s.d, separation);
  const auto high = TwoModeStudent::localization(plan.t_1);
  const auto low = TwoModeStudent::localization(plan.t_2);
  Generator rng = generator(s.seed, Use::minibatch);
  MinibatchStudy study{
      .run = {.kind = Kind::minibatch, .separation = separation, .plan = plan, .path = {}}};
  study.run.path = run_stages(
      start(s), truth, {minibatch_step(high, plan.rate_1, truth, s.batch_1, rng), 100, kAligned},
      {minibatch_step(low, plan.rate_2, truth, s.batch_2, rng), s.batch_steps});
  study.floor = settled_deviation(low, plan.rate_2, truth, s.batch_2, rng);
  const std::vector<double>& error = study.run.path.error;
  const std::size_t count = static_cast<std::size_t>((s.batch_steps + 1) / 2);
  for (std::size_t i = error.size() - count; i < error.size(); ++i) {
    study.settled += error[i] * error[i] / static_cast<double>(count);
  }
  study.settled = std::sqrt(study.settled);
  return study;
}

SmallSeparation run_small_separations(const Settings& s) {
  SmallSeparation sweep;
  const Plan plan{0.05, 4, 1, 1};
  for (const double exponent : {0.125, 0.25, 0.375, 0.5, 0.625, 0.75}) {
    const double separation = std::pow(static_cast<double>(s.d), -exponent);
    const Vector truth = axis_vector(s.d, separation);
    const Trajectory path =
        run_stages(start(s), truth,
                   {step_of(Kind::localization, plan.t_1, plan.rate_1, truth), kLimit, kAligned},
                   {.step = step_of(Kind::localization, plan.t_2, plan.rate_2, truth),
                    .limit = kLimit,
                    .error = 1e-6 * separation});
    sweep.exponent.push_back(exponent);
    sweep.separation.push_back(separation);
    sweep.steps_1.push_back(static_cast<double>(path.switched));
    sweep.steps_2.push_back(static_cast<double>(path.steps() - path.switched));
  }
  const auto last = [](const std::vector<double>& v) { return std::span(v).last(3); };
  sweep.slope_1 = log_log_slope(last(sweep.separation), last(sweep.steps_1));
  sweep.slope_2 = log_log_slope(last(sweep.separation), last(sweep.steps_2));
  return sweep;
}

}  // namespace ito::two_stage
