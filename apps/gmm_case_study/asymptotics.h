// Section 7.5 of the paper, from the closed form alone: the posterior of two modes early, in
// between and late.
#pragma once

#include <vector>

#include "apps/report/figure.h"
#include "diffusion/distributions/two_modes.h"

namespace ito::gmm {

std::vector<report::Figure> asymptotic_figures(const diffusion::TwoModes& law);

}  // namespace ito::gmm
