// Measuring a trained run against the closed form.
#pragma once

#include <memory>
#include <vector>

#include "apps/gmm_case_study/networks.h"
#include "apps/gmm_case_study/results.h"
#include "apps/gmm_case_study/store.h"
#include "diffusion/grid.h"
#include "diffusion/samplers/localization.h"

namespace ito::gmm {

// Samples and measures, or loads what was measured before; `loaded` then becomes true.
MethodResult measure(const Settings& settings, const diffusion::TwoModes& law, TrainedRun& trained,
                     const RunStore& store, bool& loaded, double& measuring_seconds);

// How a method samples.
diffusion::Grid grid_of(const Settings& settings, const Method& method);
diffusion::LocalizationScheme scheme_of(const Settings& settings, const Method& method);
std::unique_ptr<diffusion::Sampler> make_sampler(diffusion::LocalizationScheme scheme);

// The exact posterior mean under both schemes.
std::vector<SchemeCheck> check_schemes(const Settings& settings, const diffusion::TwoModes& law,
                                       double& t_max);

}  // namespace ito::gmm
