#include "apps/sampler_gallery/samplers.h"

#include <algorithm>

#include "apps/sampler_gallery/losses.h"
#include "diffusion/samplers/ancestral.h"
#include "diffusion/samplers/langevin.h"
#include "diffusion/samplers/predictor_corrector.h"
#include "diffusion/samplers/probability_flow.h"
#include "diffusion/samplers/reverse_sde.h"

namespace ito::gallery {
namespace {

using namespace ito::diffusion;

constexpr Index kMovesPerLevel = 4;

std::vector<Method> all_methods(const Settings& s) {
  const SchedulePtr path = gallery_path();
  const double noise = path->noise_end();
  const Grid grid = uniform_log_snr(s.points, *path, noise, s.t_end);
  // Twice the evaluations, at half the levels.
  const Grid levels = repeat(
      uniform_log_snr(std::max<Index>(2, s.points / 2), *path, noise, s.t_end), kMovesPerLevel);
  const double sigma_last = path->s(s.t_end);
  const auto flow = [](FlowMethod method) {
    return std::make_shared<ProbabilityFlow>(FlowOptions{.method = method});
  };
  return {
      {"euler-maruyama", "The reverse SDE by Euler-Maruyama.",
       std::make_shared<ReverseEulerMaruyama>(), grid},
      {"stochastic-heun", "The reverse SDE by Heun's method, two evaluations a step.",
       std::make_shared<StochasticHeun>(), grid},
      {"exponential", "The reverse SDE with its linear part exact.",
       std::make_shared<ExponentialIntegrator>(), grid},
      {"ddpm-posterior",
       "DDPM's ancestral sampling with the posterior variance; localization's Euler-Maruyama in "
       "other variables.",
       std::make_shared<Ancestral>(AncestralVariance::posterior), grid},
      {"ddpm-prior",
       "The same with the prior variance; localization's semi-linear scheme in other variables.",
       std::make_shared<Ancestral>(AncestralVariance::prior), grid},
      {"ddim", "DDIM without noise.", std::make_shared<Ddim>(), grid},
      {"predictor-corrector", "Ancestral steps, each followed by a Langevin move.",
       std::make_shared<PredictorCorrector>(std::make_shared<Ancestral>(AncestralVariance::prior)),
       grid},
      {"flow-heun", "The probability flow by Heun's method.", flow(FlowMethod::heun), grid},
      {"flow-rk4", "The probability flow by the classical Runge-Kutta method.",
       flow(FlowMethod::rk4), grid},
      {"flow-adaptive", "The probability flow by Dormand and Prince's pair, tolerance 10⁻⁴.",
       flow(FlowMethod::dormand_prince), uniform_log_snr(5, *path, noise, s.t_end)},
      {"annealed-langevin", "Langevin moves at levels of falling noise; no drift between levels.",
       std::make_shared<AnnealedLangevin>(
           AnnealedOptions{.eps = 0.6 * sigma_last * sigma_last, .sigma_last = sigma_last}),
       levels},
  };
}

}  // namespace

std::vector<std::string> sampler_names() {
  std::vector<std::string> names;
  for (const Method& method : all_methods({})) names.push_back(method.name);
  return names;
}

std::vector<Method> make_methods(const Settings& s) {
  std::vector<Method> chosen;
  for (Method& method : all_methods(s)) {
    if (s.samplers.empty() || std::ranges::find(s.samplers, method.name) != s.samplers.end())
      chosen.push_back(std::move(method));
  }
  return chosen;
}

}  // namespace ito::gallery
