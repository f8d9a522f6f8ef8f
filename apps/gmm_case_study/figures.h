// The figures of the case study. Numbers in names are the paper's.
#pragma once

#include <vector>

#include "apps/gmm_case_study/results.h"
#include "apps/report/figure.h"

namespace ito::gmm {

std::vector<report::Figure> make_figures(const Results& results);

}  // namespace ito::gmm
