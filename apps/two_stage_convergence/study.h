// The whole study: every experiment once.
#pragma once

#include <ostream>
#include <vector>

#include "apps/two_stage_convergence/author.h"
#include "apps/two_stage_convergence/gradients.h"
#include "apps/two_stage_convergence/settings.h"
#include "apps/two_stage_convergence/three_modes.h"
#include "apps/two_stage_convergence/two_modes.h"

namespace ito::two_stage {

struct Results {
  Settings settings;
  std::vector<TwoModeRun> runs = {};  // population; by separation, then by Kind
  MinibatchStudy minibatch = {};
  SmallSeparation small = {};
  AuthorRun author = {};
  ThreeModes three = {};
  GradientStudy gradients = {};
  double seconds = 0;

  const TwoModeRun& run(Kind kind, double separation) const;
};

// ||mu*|| of the runs in Results::runs.
inline const std::vector<double> kSeparations = {1, 0.3};

// One line an experiment goes to `log`. The results depend on the settings alone.
Results run_study(const Settings& settings, std::ostream& log);

}  // namespace ito::two_stage
