// Measuring a trained run against the closed form.
#pragma once

#include "apps/gmm_case_study/networks.h"
#include "apps/gmm_case_study/results.h"
#include "apps/gmm_case_study/store.h"

namespace ito::gmm {

// Samples and measures, or loads what was measured before; `loaded` then becomes true.
MethodResult measure(const Settings& settings, const diffusion::TwoModes& law, TrainedRun& trained,
                     const RunStore& store, bool& loaded, double& measuring_seconds);

// The exact posterior mean under both schemes.
std::vector<SchemeCheck> check_schemes(const Settings& settings, const diffusion::TwoModes& law,
                                       double& t_max);

}  // namespace ito::gmm
