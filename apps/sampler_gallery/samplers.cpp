#include "apps/sampler_gallery/samplers.h"

#include <algorithm>
#include <cmath>

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

// Root mean square of the coordinates.
double spread(const GaussianMixture& law) {
  double total = 0;
  for (Index k = 0; k < law.modes(); ++k) {
    const auto mean = law.mean(k), variance = law.variance(k);
    for (std::size_t j = 0; j < mean.size(); ++j)
      total += law.weights()[static_cast<std::size_t>(k)] * (mean[j] * mean[j] + variance[j]);
  }
  return std::sqrt(total / static_cast<double>(law.dimension()));
}

double least_variance(const GaussianMixture& law) {
  double least = law.variance(0)[0];
  for (Index k = 0; k < law.modes(); ++k)
    for (const double v : law.variance(k)) least = std::min(least, v);
  return least;
}

std::vector<Method> all_methods(const Settings& s, const Target& target) {
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
  const auto annealed = [&](AnnealedConvention convention) {
    return std::make_shared<AnnealedLangevin>(AnnealedOptions{
        .eps = 0.6 * sigma_last * sigma_last, .sigma_last = sigma_last, .convention = convention});
  };
  // At the level of the data: a step that suits its narrowest mode, from as wide as the data.
  const Grid data_level(static_cast<std::size_t>(s.points), s.t_end);
  const LangevinOptions plain{.step = 0.1 * least_variance(target.law),
                              .start_std = spread(target.law)};
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
       "DDPM's ancestral sampling with the prior variance; localization's semi-linear scheme in "
       "other variables.",
       std::make_shared<Ancestral>(AncestralVariance::prior), grid},
      {"ddim", "DDIM without noise.", std::make_shared<Ddim>(), grid},
      {"ddim-half", "DDIM with half of the posterior's noise, η = 1/2.",
       std::make_shared<Ddim>(0.5), grid},
      {"predictor-corrector", "Ancestral steps, each followed by a Langevin move.",
       std::make_shared<PredictorCorrector>(std::make_shared<Ancestral>(AncestralVariance::prior)),
       grid},
      {"flow-heun", "The probability flow by Heun's method.", flow(FlowMethod::heun), grid},
      {"flow-rk4", "The probability flow by the classical Runge-Kutta method.",
       flow(FlowMethod::rk4), grid},
      {"flow-adaptive", "The probability flow by Dormand and Prince's pair, tolerance 10⁻⁴.",
       flow(FlowMethod::dormand_prince), uniform_log_snr(5, *path, noise, s.t_end)},
      {"annealed-ncsn",
       "Langevin moves x + e/2 score + √e z at levels of falling noise; no drift between levels.",
       annealed(AnnealedConvention::ncsn), levels},
      {"annealed-langevin",
       "Langevin moves x + e score + √(2e) z at levels of falling noise: twice NCSN's step.",
       annealed(AnnealedConvention::langevin), levels},
      {"ula",
       "Langevin moves at the noise of the data alone, from one normal as wide as the data. Modes "
       "are hardly ever left, and a loss that asks for the noise says little about the score "
       "there.",
       std::make_shared<Ula>(plain), data_level},
      {"mala",
       "The same with Metropolis' accept step for the exact density. A learned score proposes "
       "moves that are refused where it is wrong, as it is far from the data: chains stay where "
       "they start.",
       std::make_shared<Mala>(target.law, plain), data_level},
  };
}

}  // namespace

std::vector<std::string> sampler_names() {
  std::vector<std::string> names;
  for (const Method& method : all_methods({}, make_target(Settings().target)))
    names.push_back(method.name);
  return names;
}

std::vector<Method> make_methods(const Settings& s, const Target& target) {
  std::vector<Method> chosen;
  for (Method& method : all_methods(s, target)) {
    if (s.samplers.empty() || std::ranges::find(s.samplers, method.name) != s.samplers.end())
      chosen.push_back(std::move(method));
  }
  return chosen;
}

}  // namespace ito::gallery
