// Two modes: the runs that show two stages, what stochastic gradients make of them, and how the
// number of steps grows as the modes close up.
#pragma once

#include <string>
#include <vector>

#include "apps/two_stage_convergence/descent.h"
#include "apps/two_stage_convergence/settings.h"

namespace ito::two_stage {

enum class Kind { localization, ddpm, em, power_iteration, minibatch };

// Times and rates of the two stages.
struct Plan {
  double t_1, rate_1, t_2, rate_2;
};

struct TwoModeRun {
  Kind kind;
  double separation;  // ||mu*||
  Plan plan;          // unused by em
  Trajectory path;
  // Stated (docs/two_stage.md): steps to cosine 0.99, then to an error of 1e-8; 0 where none are.
  Index stated_1 = 0, stated_2 = 0;
};

// Cosine 0.99 ends the first stage, an error of 1e-8 the second.
inline constexpr double kAligned = 0.99;
inline constexpr double kConverged = 1e-8;

Plan localization_plan(double separation);
Plan ddpm_plan(double separation);
TwoModeRun run_population(Kind kind, double separation, const Settings& settings);

// Stochastic gradients of the localization student at ||mu*|| = 1, beside the population's.
struct MinibatchStudy {
  TwoModeRun run;
  double floor = 0;  // predicted root mean square of ||mu - mu*|| once settled in the second stage
  double settled = 0;  // that measured over the last half of the second stage
};
MinibatchStudy run_minibatch(const Settings& settings);

// Steps of each stage, the second to a relative error of 1e-6, at ||mu*|| = separation.
struct SmallSeparation {
  std::vector<double> exponent;  // ||mu*|| = d^-exponent
  std::vector<double> separation, steps_1, steps_2;
  double slope_1 = 0, slope_2 = 0;  // of log steps in log separation, over the smallest three
};
SmallSeparation run_small_separations(const Settings& settings);

}  // namespace ito::two_stage
