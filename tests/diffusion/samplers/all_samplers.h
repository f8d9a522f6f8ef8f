// Every sampler by name, for tests that run over all of them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "diffusion/samplers/ancestral.h"
#include "diffusion/samplers/langevin.h"
#include "diffusion/samplers/predictor_corrector.h"
#include "diffusion/samplers/probability_flow.h"
#include "diffusion/samplers/reverse_sde.h"

namespace ito::diffusion {

struct NamedSampler {
  std::string name;
  SamplerPtr sampler;
};

// Those that follow a path from noise to data, on any schedule.
inline std::vector<NamedSampler> path_samplers(Output output = Output::scaled) {
  return {
      {"reverse_euler_maruyama", std::make_shared<ReverseEulerMaruyama>(output)},
      {"stochastic_heun", std::make_shared<StochasticHeun>(output)},
      {"exponential_integrator", std::make_shared<ExponentialIntegrator>(output)},
      {"ancestral_posterior", std::make_shared<Ancestral>(AncestralVariance::posterior, output)},
      {"ancestral_prior", std::make_shared<Ancestral>(AncestralVariance::prior, output)},
      {"ddim_0", std::make_shared<Ddim>(0, output)},
      {"ddim_half", std::make_shared<Ddim>(0.5, output)},
      {"predictor_corrector",
       std::make_shared<PredictorCorrector>(std::make_shared<Ancestral>(),
                                            PredictorCorrectorOptions{.output = output})},
      {"flow_heun", std::make_shared<ProbabilityFlow>(
                        FlowOptions{.method = FlowMethod::heun, .output = output})},
      {"flow_rk4",
       std::make_shared<ProbabilityFlow>(FlowOptions{.method = FlowMethod::rk4, .output = output})},
      {"flow_dormand_prince", std::make_shared<ProbabilityFlow>(FlowOptions{
                                  .method = FlowMethod::dormand_prince, .output = output})},
  };
}

// Those that move at the levels of the grid. `mixture` is MALA's density.
inline std::vector<NamedSampler> langevin_samplers(const GaussianMixture& mixture,
                                                   double sigma_last) {
  const double step = 0.1 * sigma_last * sigma_last;  // stable at the last level
  return {
      {"ula", std::make_shared<Ula>(LangevinOptions{.step = step})},
      {"mala", std::make_shared<Mala>(mixture, LangevinOptions{.step = step})},
      {"annealed_ncsn",
       std::make_shared<AnnealedLangevin>(AnnealedOptions{.eps = step, .sigma_last = sigma_last})},
      {"annealed_langevin",
       std::make_shared<AnnealedLangevin>(AnnealedOptions{
           .eps = step, .sigma_last = sigma_last, .convention = AnnealedConvention::langevin})},
  };
}

}  // namespace ito::diffusion
