#include "apps/gmm_case_study/networks.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <optional>
#include <utility>

#include "apps/gmm_case_study/seeds.h"
#include "apps/report/progress.h"
#include "apps/report/study.h"
#include "autograd/parallel.h"
#include "autograd/rows.h"
#include "diffusion/losses/localization.h"
#include "diffusion/split.h"

namespace ito::gmm {
namespace {

using diffusion::DenoiserPtr;

constexpr double kHalfPi = std::numbers::pi / 2;

// A network waiting to be trained.
struct Job {
  std::size_t method;
  std::string label;
  Tensor data;
  double alpha_min, alpha_max;
  double bayes_loss;
  std::optional<nn::TwoLayerDenoiser> network = {};
  nn::TrainResult result = {};
};

// The least mean loss a coordinate over alpha ~ U[lo, hi]: mmse(t)/n averaged (Simpson).
double bayes_loss(const diffusion::TwoModes& law, double lo, double hi, bool one_mode) {
  constexpr int kIntervals = 2000;
  double total = 0;
  for (int i = 0; i <= kIntervals; ++i) {
    const double alpha = lo + (hi - lo) * i / kIntervals;
    const double t = diffusion::t_from_alpha(alpha);
    const double least =
        one_mode ? 1 / (1 + t) : law.mmse(t) / static_cast<double>(law.dimension());
    total += least * (i == 0 || i == kIntervals ? 1 : i % 2 ? 4 : 2);
  }
  return total / (3 * kIntervals);
}

// Appends the networks of a method. For mixture-aware training, `part` tells the sides apart.
void plan(const Settings& s, const diffusion::TwoModes& law, const diffusion::PrincipalSplit& split,
          const Tensor& data, std::size_t at, const Method& method, std::vector<Job>& jobs) {
  const double top = kHalfPi - s.alpha_margin;
  const auto add = [&](const std::string& part, const Tensor& rows, double lo, double hi) {
    const bool one_mode = method.structure == Structure::mixture;
    jobs.push_back({at, method.name + part, rows, lo, hi, bayes_loss(law, lo, hi, one_mode)});
  };
  switch (method.structure) {
    case Structure::exact:
      break;
    case Structure::single:
      add("", data, 0, top);
      break;
    case Structure::mixture:
      add(" (+)", gather_rows(data, split.positive), 0, top);
      add(" (-)", gather_rows(data, split.negative), 0, top);
      break;
    case Structure::phase: {
      const double alpha = diffusion::alpha_from_t(s.t_sharp);
      add(" (early)", data, 0, std::min(alpha + s.phase_overlap, top));
      add(" (late)", data, std::max(alpha - s.phase_overlap, 0.0), top);
      break;
    }
  }
}

void train_job(const Settings& s, const Method& method, std::size_t index, Job& job,
               report::Progress::Job& progress) {
  Generator rng(derived_seed(s.seed, Use::weights, index));
  job.network.emplace(nn::TwoLayerDenoiserOptions{.n = s.n,
                                                  .hidden = s.hidden,
                                                  .time_features = s.time_features,
                                                  .frequencies = s.frequencies,
                                                  .activation = method.activation,
                                                  .parametrisation = method.parametrisation},
                      rng);
  nn::TwoLayerDenoiser& network = *job.network;
  const diffusion::LocalizationNetwork forward = [&network](const Tensor& y, const Tensor& alpha) {
    return network.forward(y, alpha);
  };
  const diffusion::LocalizationLossOptions window{.alpha_min = job.alpha_min,
                                                  .alpha_max = job.alpha_max};
  const nn::Loss loss = [&](const Tensor& batch, Generator& noise) {
    return diffusion::localization_loss(forward, batch, noise, window);
  };
  // The author's program validates but keeps the last weights; so do we, for every method alike.
  job.result =
      nn::train(network, job.data, loss,
                {.epochs = s.epochs,
                 .batch = s.batch,
                 .lr = s.lr,
                 .weight_decay = s.weight_decay,
                 .clip_norm = s.clip_norm,
                 .train_fraction = s.train_fraction,
                 .seed = derived_seed(s.seed, Use::training, index),
                 .schedule =
                     [&](Index total_steps) {
                       return method.cosine_decay ? nn::cosine(total_steps) : nn::constant();
                     },
                 .validate_every = std::max<Index>(1, s.epochs / 20),
                 .keep = nn::Keep::last,
                 .on_progress =
                     [&](const nn::TrainProgress& p) {
                       progress.update(p.step, p.train_loss);
                       return true;
                     }});
  progress.finish();
}

Index training_steps(const Settings& s, Index rows) {
  const auto training = std::max<Index>(
      1, static_cast<Index>(std::llround(s.train_fraction * static_cast<double>(rows))));
  return s.epochs * ((training + s.batch - 1) / s.batch);
}

DenoiserPtr denoiser_of(const Job& job) {
  return std::make_shared<diffusion::NetworkDenoiser>(*job.network);
}

TrainedNetwork describe(const Job& job) {
  return {.label = job.label,
          .rows = job.data.size(0),
          .parameters = job.network->parameter_count(),
          .alpha_min = job.alpha_min,
          .alpha_max = job.alpha_max,
          .training = job.result,
          .bayes_loss = job.bayes_loss};
}

TrainedMethod assemble(const Settings& s, const diffusion::TwoModes& law,
                       const diffusion::PrincipalSplit& split, const Method& method,
                       const std::vector<const Job*>& jobs) {
  TrainedMethod trained{.method = method};
  std::vector<DenoiserPtr> denoisers;
  for (const Job* job : jobs) {
    trained.networks.push_back(describe(*job));
    denoisers.push_back(denoiser_of(*job));
  }
  switch (method.structure) {
    case Structure::exact:
      trained.denoiser = std::make_shared<diffusion::OracleDenoiser>(law.mixture());
      break;
    case Structure::single:
      trained.denoiser = denoisers[0];
      break;
    case Structure::mixture: {
      trained.share = split.larger_is_positive ? split.share : 1 - split.share;
      double along = 0;
      for (std::size_t i = 0; i < law.a().size(); ++i) along += split.direction[i] * law.a()[i];
      trained.first_is_right = along > 0;
      trained.parts = denoisers;
      trained.denoiser = std::make_shared<diffusion::MixtureRouting>(
          denoisers[0], denoisers[1], trained.share, derived_seed(s.seed, Use::routing));
      break;
    }
    case Structure::phase:
      trained.denoiser =
          std::make_shared<diffusion::PhaseSwitch>(denoisers[0], denoisers[1], s.t_sharp);
      break;
  }
  return trained;
}

}  // namespace

std::vector<TrainedMethod> train_methods(const Settings& settings,
                                         const std::vector<Method>& methods,
                                         const diffusion::TwoModes& law, const Tensor& data,
                                         std::ostream& log) {
  const bool splits = std::any_of(methods.begin(), methods.end(), [](const Method& m) {
    return m.structure == Structure::mixture;
  });
  const auto split = splits ? diffusion::principal_split(data) : diffusion::PrincipalSplit{};
  check(!splits || std::min(split.positive.size(), split.negative.size()) >= 2,
        "--train-samples: the data hold fewer than two samples of one mode, which the "
        "mixture-aware methods cannot train on");
  std::vector<Job> jobs;
  for (std::size_t m = 0; m < methods.size(); ++m) {
    plan(settings, law, split, data, m, methods[m], jobs);
  }

  // Seeds belong to a network, whatever else runs, so that a method's result does not depend on
  // which others were asked for.
  std::vector<std::size_t> seeds;
  for (const Job& job : jobs) seeds.push_back(report::label_number(job.label));

  // The longest first: the cores then finish together.
  std::vector<std::size_t> order(jobs.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return jobs[a].data.size(0) > jobs[b].data.size(0);
  });

  report::Progress progress(log);
  std::vector<report::Progress::Job> lines;
  for (const std::size_t i : order) {
    lines.push_back(progress.add(jobs[i].label, training_steps(settings, jobs[i].data.size(0))));
  }
  parallel_for(static_cast<Index>(jobs.size()), [&](Index k) {
    const std::size_t i = order[static_cast<std::size_t>(k)];
    train_job(settings, methods[jobs[i].method], seeds[i], jobs[i],
              lines[static_cast<std::size_t>(k)]);
  });

  std::vector<TrainedMethod> trained;
  for (std::size_t m = 0; m < methods.size(); ++m) {
    std::vector<const Job*> mine;
    for (const Job& job : jobs) {
      if (job.method == m) mine.push_back(&job);
    }
    trained.push_back(assemble(settings, law, split, methods[m], mine));
  }
  return trained;
}

}  // namespace ito::gmm
