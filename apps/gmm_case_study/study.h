// The case study itself: train every method's networks side by side, sample, measure.
#pragma once

#include <ostream>

#include "apps/gmm_case_study/results.h"
#include "apps/gmm_case_study/settings.h"

namespace ito::gmm {

// Progress goes to `log`. Everything returned is a function of the settings alone, not of threads.
Results run_study(const Settings& settings, std::ostream& log);

// The runs alone, without what the settings ask for beside them.
Results run_methods(const Settings& settings, std::ostream& log);

}  // namespace ito::gmm
