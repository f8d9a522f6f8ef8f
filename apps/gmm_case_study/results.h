// What a run of the case study measured, and the files it becomes.
#pragma once

#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "apps/gmm_case_study/methods.h"
#include "apps/gmm_case_study/settings.h"
#include "autograd/tensor.h"
#include "diffusion/distributions/two_modes.h"
#include "diffusion/metrics/discretisation.h"
#include "diffusion/metrics/kolmogorov_smirnov.h"
#include "diffusion/metrics/modes.h"
#include "diffusion/metrics/network_kl.h"
#include "diffusion/metrics/wasserstein.h"
#include "nn/trainer.h"

namespace ito::gmm {

// One trained network of a method.
struct TrainedNetwork {
  std::string label;  // the method's name, with the part it stands for
  Index rows = 0;     // of data it was given
  Index parameters = 0;
  nn::TrainResult training = {};
  double bayes_loss = 0;  // the least possible loss over its window and data
};

// True against learned posterior mean on exact samples of y_t, projected on a.
struct PosteriorMeanAt {
  double t = 0;
  std::vector<double> position;  // <y, a> / (t ||a||^2)
  std::vector<double> truth;     // <m, a> / ||a||^2
  std::vector<double> learned;
  double error = 0;  // sqrt(E||m - m_hat||^2 / E||m||^2)
};

// What takes time to measure, and is therefore kept.
struct Measured {
  Tensor samples = {};                      // [samples, n]
  std::vector<std::uint8_t> diverged = {};  // one a sample
  double sampling_seconds = 0;
  double kl_net = 0, kl_net_se = 0;              // nats
  std::vector<double> error_t = {}, error = {};  // E||m - m_hat||^2 / n along the path
  std::vector<PosteriorMeanAt> posterior_means = {};
};

// One method on one configuration with one seed.
struct MethodResult : Measured {
  Method method = {};
  Config config = {};
  std::uint64_t seed = 0;
  std::vector<TrainedNetwork> networks = {};
  diffusion::LocalizationScheme scheme = diffusion::LocalizationScheme::euler_maruyama;
  std::vector<double> grid = {};

  std::vector<double> u = {};  // projections <x, a> / ||a||^2 of the samples
  Index diverged_count = 0;

  double w1 = 0;         // to the exact law of u at T, mu * N(0, I/T)
  double w1_target = 0;  // to the law of u under mu itself
  diffusion::SamplingFloor w1_floor{};
  diffusion::KolmogorovSmirnov ks{};
  diffusion::ModeStatistics modes{};
  double orthogonal_variance = 0;
  double orthogonal_variance_expected = 0;  // by the scheme's recursion with the exact m
  double kl_discretisation = 0;
  double kl_terminal = 0;

  double t_max() const { return grid.back(); }
  double kl_total() const { return kl_net + kl_discretisation + kl_terminal; }
};

// The runs of one method on one configuration, a run a seed.
struct Group {
  std::vector<const MethodResult*> runs;
  const MethodResult& first() const { return *runs.front(); }
};
// The mean over the runs, and their standard deviation (NaN for one).
struct Spread {
  double mean = 0;
  double standard_deviation = 0;
};
Spread spread(const Group& group, const std::function<double(const MethodResult&)>& value);

// The exact posterior mean under both schemes and several grids: what sampling alone costs.
struct SchemeCheck {
  diffusion::LocalizationScheme scheme;
  Index points = 0;
  double kl_discretisation = 0;
  double orthogonal_variance_expected = 0;
  double orthogonal_variance = 0;  // sampled
  double w1 = 0;
};

// One setting varied, everything else as it was.
struct SweepPoint {
  double value = 0;
  std::vector<MethodResult> runs = {};  // without samples
};
struct SweepResult {
  std::string name, title, x_label;
  bool logarithmic = false;
  std::vector<SweepPoint> points = {};
};

// A method on a target with `modes` modes.
struct ManyModesResult {
  double modes = 0;
  std::string method;
  double total_variation = 0, total_variation_floor = 0;  // of the modes' weights
  double kl_net = 0;
};

struct Results {
  Settings settings;
  diffusion::TwoModes law;
  std::vector<double> data_u = {};  // projections of the first run's training data
  // By configuration, then method, then seed. Samples are kept where there is one run a method.
  std::vector<MethodResult> runs = {};
  std::vector<SchemeCheck> scheme_checks = {};
  double scheme_t_max = 0;  // of the checks
  double training_seconds = 0, sampling_seconds = 0, measuring_seconds = 0;
  double sweeping_seconds = 0;  // all of this for the points of the sweeps
  Index runs_loaded = 0;        // done by an earlier sitting
  std::vector<SweepResult> sweeps = {};
  std::vector<ManyModesResult> many_modes = {};

  std::vector<Group> groups() const;
  // The groups of one configuration: those that the single figures show.
  std::vector<Group> groups_of(const std::string& config) const;
  bool several_configs() const;
};

const char* name(diffusion::LocalizationScheme scheme);

// Writes summary.json, samples/*.npy, figures/* and report.html to settings.out, and prints the
// table and where things are.
void write_results(const Results& results, std::ostream& out);

}  // namespace ito::gmm
