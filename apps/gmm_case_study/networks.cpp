#include "apps/gmm_case_study/networks.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <numbers>
#include <optional>
#include <utility>

#include "apps/gmm_case_study/seeds.h"
#include "apps/gmm_case_study/training.h"
#include "apps/report/progress.h"
#include "autograd/parallel.h"
#include "autograd/rows.h"
#include "diffusion/split.h"

namespace ito::gmm {
namespace {

using diffusion::DenoiserPtr;
using diffusion::TwoModes;

constexpr double kHalfPi = std::numbers::pi / 2;

// The data of a seed, split where a method wants them split.
struct Data {
  Tensor rows;
  std::optional<diffusion::PrincipalSplit> split = {};
};

// A network waiting to be trained.
struct Job {
  TrainingTask task;     // its data are released once trained
  std::string identity;  // of its run
  std::size_t part;      // which of the run's networks
  Index rows;            // of data
  double bayes_loss;
  std::optional<nn::TwoLayerDenoiser> network = {};
  nn::TrainResult result = {};
};

// The least mean loss a coordinate over the recipe's law on [lo, hi]: mmse(t)/n, weighted, by the
// midpoint rule on each of the law's components.
double bayes_loss(const TwoModes& law, const Recipe& recipe, double lo, double hi, bool one_mode) {
  constexpr int kCells = 2000;
  const double early = recipe.law.path_share + recipe.law.early_share;
  const double ends[] = {0, recipe.law.path_share, early, 1};
  double total = 0;
  for (int c = 0; c < 3; ++c) {
    const double share = ends[c + 1] - ends[c];
    if (share <= 0) continue;
    for (int i = 0; i < kCells; ++i) {
      const double alpha = recipe.law(ends[c] + share * (i + 0.5) / kCells, lo, hi);
      const double t = diffusion::t_from_alpha(alpha);
      const double least =
          one_mode ? 1 / (1 + t) : law.mmse(t) / static_cast<double>(law.dimension());
      total += share / kCells * loss_weight(recipe, alpha) * least;
    }
  }
  return total;
}

// The networks of a run.
std::vector<Job> plan(const Settings& s, const TwoModes& law, const RunStore& store,
                      const Data& data, const RunKey& run) {
  std::vector<Job> jobs;
  const Method& method = run.method;
  const bool one_mode = method.structure == Structure::mixture;
  const double top = kHalfPi - alpha_margin(s, method);
  const std::string identity = training_identity(s, run);
  const auto add = [&](const std::string& part, const Tensor& rows, double lo, double hi) {
    jobs.push_back({.task = {.method = method,
                             .config = run.config,
                             .seed = run.seed,
                             .label = method.training_name() + part,
                             .data = rows,
                             .alpha_min = lo,
                             .alpha_max = hi,
                             .checkpoint = store.checkpoint(identity, jobs.size())},
                    .identity = identity,
                    .part = jobs.size(),
                    .rows = rows.size(0),
                    .bayes_loss = bayes_loss(law, method.recipe, lo, hi, one_mode)});
  };
  switch (method.structure) {
    case Structure::exact:
      break;
    case Structure::single:
      add("", data.rows, 0, top);
      break;
    case Structure::mixture:
      add(" (+)", gather_rows(data.rows, data.split->positive), 0, top);
      add(" (-)", gather_rows(data.rows, data.split->negative), 0, top);
      break;
    case Structure::phase: {
      const double alpha = diffusion::alpha_from_t(t_sharp(s, method));
      add(" (early)", data.rows, 0, std::min(alpha + s.phase_overlap, top));
      add(" (late)", data.rows, std::max(alpha - s.phase_overlap, 0.0), top);
      break;
    }
  }
  return jobs;
}

Index training_steps(const Settings& s, const Job& job) {
  return training_steps(s, job.task.method, job.task.config, job.rows);
}

// Multiplications of a row's forward pass, to tell long jobs from short ones.
double step_cost(const Settings& s, const Job& job) {
  const Config& config = job.task.config;
  return static_cast<double>(config.hidden * s.n * (1 + config.time_features));
}
double cost(const Settings& s, const Job& job) {
  return static_cast<double>(training_steps(s, job)) * step_cost(s, job);
}

void train_job(const Settings& s, const RunStore& store, Job& job, report::Progress::Job& line) {
  job.network.emplace(make_network(s, job.task));
  store.open(job.identity);
  job.result = train_network(s, job.task, *job.network, [&](const nn::TrainProgress& p) {
    line.update(p.step, p.train_loss);
  });
  store.save_network(job.identity, job.part, *job.network, job.result);
  job.task.data = {};
  line.finish();
}

// Names a network among those of several configurations and seeds.
std::string progress_label(const Settings& s, const Job& job) {
  std::string label = job.task.label;
  if (s.parts.size() > 1) label = job.task.config.name + " " + label;
  if (s.repeats()) label += " #" + std::to_string(job.task.seed);
  return label;
}

DenoiserPtr denoiser_of(const Job& job) {
  return std::make_shared<diffusion::NetworkDenoiser>(*job.network);
}

TrainedRun assemble(const Settings& s, const TwoModes& law, const Data& data, const RunKey& run,
                    const std::vector<const Job*>& jobs) {
  TrainedRun trained{.key = run};
  std::vector<DenoiserPtr> denoisers;
  for (const Job* job : jobs) {
    trained.networks.push_back({.label = job->task.label,
                                .rows = job->rows,
                                .parameters = job->network->parameter_count(),
                                .training = job->result,
                                .bayes_loss = job->bayes_loss});
    denoisers.push_back(denoiser_of(*job));
  }
  switch (run.method.structure) {
    case Structure::exact:
      trained.denoiser = std::make_shared<diffusion::OracleDenoiser>(law.mixture());
      break;
    case Structure::single:
      trained.denoiser = denoisers[0];
      break;
    case Structure::mixture: {
      const diffusion::PrincipalSplit& split = *data.split;
      trained.share = split.larger_is_positive ? split.share : 1 - split.share;
      double along = 0;
      for (std::size_t i = 0; i < law.a().size(); ++i) along += split.direction[i] * law.a()[i];
      trained.first_is_right = along > 0;
      trained.parts = denoisers;
      trained.denoiser = std::make_shared<diffusion::MixtureRouting>(
          denoisers[0], denoisers[1], trained.share, derived_seed(run.seed, Use::routing));
      break;
    }
    case Structure::phase:
      trained.denoiser = std::make_shared<diffusion::PhaseSwitch>(denoisers[0], denoisers[1],
                                                                  t_sharp(s, run.method));
      break;
  }
  return trained;
}

using DataKey = std::pair<Index, std::uint64_t>;

// One data set for all runs of as many samples and the same seed.
std::map<DataKey, Data> make_data(const TwoModes& law, const std::vector<RunKey>& runs) {
  std::map<DataKey, Data> all;
  for (const RunKey& run : runs) {
    if (run.method.structure == Structure::exact) continue;
    Data& data = all[{run.config.train_samples, run.seed}];
    if (!data.rows.defined()) {
      data.rows = training_data(law, run.config.train_samples, run.seed);
    }
    if (run.method.structure == Structure::mixture && !data.split) {
      data.split = diffusion::principal_split(data.rows);
      check(std::min(data.split->positive.size(), data.split->negative.size()) >= 2,
            "--train-samples: the data hold fewer than two samples of one mode, which the "
            "mixture-aware methods cannot train on");
    }
  }
  return all;
}

void train_all(const Settings& s, const RunStore& store, std::vector<Job>& jobs,
               std::ostream& log) {
  std::vector<Job*> waiting;
  for (Job& job : jobs) {
    if (!store.has_network(job.identity, job.part)) {
      waiting.push_back(&job);
      continue;
    }
    job.network.emplace(make_network(s, job.task));
    job.result = store.load_network(job.identity, job.part, *job.network);
  }
  if (waiting.size() < jobs.size()) {
    log << jobs.size() - waiting.size() << " of " << jobs.size() << " networks are there already ("
        << s.runs_folder().string() << ")\n";
  }
  // The longest first: the cores then finish together.
  std::stable_sort(waiting.begin(), waiting.end(),
                   [&](const Job* a, const Job* b) { return cost(s, *a) > cost(s, *b); });
  report::Progress progress(log);
  std::vector<report::Progress::Job> lines;
  for (const Job* job : waiting) {
    lines.push_back(
        progress.add(progress_label(s, *job), training_steps(s, *job), step_cost(s, *job)));
  }
  parallel_for(static_cast<Index>(waiting.size()), [&](Index k) {
    const auto i = static_cast<std::size_t>(k);
    train_job(s, store, *waiting[i], lines[i]);
  });
}

}  // namespace

Tensor training_data(const TwoModes& law, Index count, std::uint64_t seed) {
  Generator rng(derived_seed(seed, Use::data));
  return law.mixture().sample(count, rng);
}

std::vector<TrainedRun> train_runs(const Settings& s, const std::vector<RunKey>& runs,
                                   const TwoModes& law, const RunStore& store, std::ostream& log) {
  const std::map<DataKey, Data> data = make_data(law, runs);
  const auto data_of = [&](const RunKey& run) {
    const auto at = data.find({run.config.train_samples, run.seed});
    return at == data.end() ? Data{} : at->second;
  };
  // Configurations of the same settings share their networks.
  std::vector<Job> jobs;
  std::map<std::string, std::vector<std::size_t>> jobs_of;
  for (const RunKey& run : runs) {
    const std::string identity = training_identity(s, run);
    if (jobs_of.contains(identity)) continue;
    for (Job& job : plan(s, law, store, data_of(run), run)) {
      jobs_of[identity].push_back(jobs.size());
      jobs.push_back(std::move(job));
    }
  }
  train_all(s, store, jobs, log);

  std::vector<TrainedRun> trained;
  for (const RunKey& run : runs) {
    std::vector<const Job*> mine;
    for (const std::size_t i : jobs_of[training_identity(s, run)]) mine.push_back(&jobs[i]);
    trained.push_back(assemble(s, law, data_of(run), run, mine));
  }
  return trained;
}

}  // namespace ito::gmm
