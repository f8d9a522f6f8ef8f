// Targets with more than two modes: does what holds for two hold for K?
#include <cmath>
#include <memory>
#include <numbers>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "apps/gmm_case_study/measure.h"
#include "apps/gmm_case_study/seeds.h"
#include "apps/gmm_case_study/sweeps.h"
#include "apps/gmm_case_study/training.h"
#include "apps/report/progress.h"
#include "apps/report/study.h"
#include "autograd/parallel.h"
#include "diffusion/denoiser.h"
#include "diffusion/metrics/mode_weights.h"
#include "diffusion/metrics/network_kl.h"
#include "diffusion/samplers/sampler.h"

namespace ito::gmm {
namespace {

// K modes N(mu_k, I) of weights proportional to K, ..., 2K - 1 about their midpoint, mean zero. The
// means are sqrt(n/2) times orthonormal vectors, so that any two lie sqrt(n) apart, as the case
// study's.
diffusion::GaussianMixture orthogonal_modes(Index modes, Index n) {
  const auto k_count = static_cast<std::size_t>(modes), size = static_cast<std::size_t>(n);
  std::vector<double> weights(k_count), means(k_count * size, 0.0), center(size, 0.0);
  double total = 0;
  for (std::size_t k = 0; k < k_count; ++k) total += weights[k] = static_cast<double>(k_count + k);
  // Rows of the type-II cosine transform: orthogonal, and spread over all coordinates.
  for (std::size_t k = 0; k < k_count; ++k) {
    for (std::size_t i = 0; i < size; ++i) {
      const double phase = std::numbers::pi * static_cast<double>(k + 1) *
                           (static_cast<double>(i) + 0.5) / static_cast<double>(n);
      means[k * size + i] = std::cos(phase);
      center[i] += weights[k] / total * means[k * size + i];
    }
  }
  for (std::size_t k = 0; k < k_count; ++k) {
    for (std::size_t i = 0; i < size; ++i) means[k * size + i] -= center[i];
  }
  const std::vector<double> variances(k_count, 1.0);
  return diffusion::GaussianMixture::isotropic(std::move(weights), std::move(means), variances);
}

// sum_k |p_hat_k - p_k| / 2, and its mean for exact samples: E|p_hat - p| = sqrt(2 p(1-p)/(pi N)).
std::pair<double, double> total_variation(const Tensor& x, const diffusion::GaussianMixture& law) {
  const diffusion::ModeWeights found = diffusion::mode_weights(x, law);
  double distance = 0, floor = 0;
  for (std::size_t k = 0; k < found.expected.size(); ++k) {
    const double p = found.expected[k];
    distance += 0.5 * std::abs(found.weight[k].value - p);
    floor += 0.5 * std::sqrt(2 * p * (1 - p) / (std::numbers::pi * static_cast<double>(x.size(0))));
  }
  return {distance, floor};
}

ManyModesResult measure_modes(const Settings& s, const diffusion::GaussianMixture& law,
                              const Method& method, std::uint64_t seed,
                              const diffusion::Denoiser& denoiser) {
  ManyModesResult r{.modes = static_cast<double>(law.modes()), .method = method.name};
  const diffusion::Grid grid = grid_of(s, method);
  const auto drawn = diffusion::sample(
      denoiser, *make_sampler(scheme_of(s, method)), grid,
      {.chains = s.samples,
       .dimension = s.n,
       .seed = derived_seed(seed, Use::sampling, report::label_number(method.name))});
  std::tie(r.total_variation, r.total_variation_floor) = total_variation(drawn.samples, law);
  if (method.structure == Structure::exact) return r;
  r.kl_net = diffusion::kl_network(
                 law, denoiser,
                 {.t_max = grid.back(),
                  .samples = 500,
                  .seed = derived_seed(seed, Use::network_kl, report::label_number(method.name))})
                 .kl;
  return r;
}

}  // namespace

std::vector<ManyModesResult> run_many_modes(const Settings& s, std::ostream& log) {
  const Part& part = s.parts.front();
  const std::uint64_t seed = part.seeds.front();
  std::vector<Method> methods;
  for (const Part& one : s.parts) {
    for (Method& method : select_methods(one.methods)) methods.push_back(std::move(method));
  }
  const std::vector<Index> counts = {2, 4, 8, 16};
  struct Job {
    Index modes;
    Method method;
    TrainingTask task = {};
    std::shared_ptr<nn::TwoLayerDenoiser> network = {};
  };
  std::vector<Job> jobs;
  for (const Index modes : counts) {
    if (modes >= s.n) continue;
    Generator rng(derived_seed(seed, Use::data, static_cast<std::uint64_t>(modes)));
    const Tensor data = orthogonal_modes(modes, s.n).sample(part.config.train_samples, rng);
    for (const Method& method : methods) {
      if (method.structure != Structure::exact && method.structure != Structure::single) continue;
      jobs.push_back({modes, method});
      jobs.back().task = {.method = method,
                          .config = part.config,
                          .seed = seed,
                          .label = method.name + ", " + std::to_string(modes) + " modes",
                          .data = data,
                          .alpha_min = 0,
                          .alpha_max = std::numbers::pi / 2 - alpha_margin(s, method)};
    }
  }
  report::Progress progress(log);
  std::vector<report::Progress::Job> lines;
  for (const Job& job : jobs) {
    lines.push_back(progress.add(
        job.task.label, training_steps(s, job.method, part.config, part.config.train_samples)));
  }
  parallel_for(static_cast<Index>(jobs.size()), [&](Index k) {
    const auto i = static_cast<std::size_t>(k);
    Job& job = jobs[i];
    if (job.method.structure == Structure::single) {
      job.network = std::make_shared<nn::TwoLayerDenoiser>(make_network(s, job.task));
      train_network(s, job.task, *job.network,
                    [&](const nn::TrainProgress& p) { lines[i].update(p.step, p.train_loss); });
    }
    lines[i].finish();
  });
  std::vector<ManyModesResult> results;
  for (const Job& job : jobs) {
    const diffusion::GaussianMixture law = orthogonal_modes(job.modes, s.n);
    if (!job.network) {
      results.push_back(measure_modes(s, law, job.method, seed, diffusion::OracleDenoiser(law)));
      continue;
    }
    const diffusion::NetworkDenoiser denoiser(
        [network = *job.network](const Tensor& y, const Tensor& alpha) {
          return network.forward(y, alpha);
        });
    results.push_back(measure_modes(s, law, job.method, seed, denoiser));
  }
  return results;
}

}  // namespace ito::gmm
