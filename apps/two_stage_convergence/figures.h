#pragma once

#include <vector>

#include "apps/report/figure.h"
#include "apps/two_stage_convergence/study.h"

namespace ito::two_stage {

std::vector<report::Figure> make_figures(const Results& results);

}  // namespace ito::two_stage
