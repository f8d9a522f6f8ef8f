#include "apps/gmm_case_study/settings.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "apps/gmm_case_study/methods.h"
#include "apps/gmm_case_study/sweeps.h"
#include "apps/report/flags.h"

namespace ito::gmm {
namespace {

using report::check_name;
using report::check_once;
using report::check_positive;
using report::check_range;

void check_not_negative(const char* flag, double value) {
  check(value >= 0 && std::isfinite(value), flag, ": must be at least 0 and finite, got ", value);
}

// t at which alpha is pi/2 - margin.
double time_before_end(double margin) {
  return std::pow(std::tan(std::numbers::pi / 2 - margin), 2);
}

void validate(const Settings& s, const Part& part) {
  check(!part.methods.empty(), "--methods: needs at least one");
  for (const std::string& name : part.methods) check_name("--methods", name, method_names());
  check_once("--methods", part.methods);
  check(!part.seeds.empty(), "--seeds: needs at least one");
  check_once("--seeds", part.seeds);
  check_range("--train-samples", part.config.train_samples, 10, 10000000);
  check_range("--epochs", part.config.epochs, 1, 10000000);
  check_range("--hidden", part.config.hidden, 1, 100000);
  check_range("--time-features", part.config.time_features, 1, 10000);
  for (const Method& method : select_methods(part.methods)) {
    // Each part of the grid has a step.
    check(s.steps >= 3 || method.recipe.early_points_share == 0, "--steps: ", method.name,
          " needs at least 3, got ", s.steps);
    if (method.structure != Structure::phase) continue;
    const double at = t_sharp(s, method);
    const double t_max = time_before_end(sampling_margin(s, method));
    check(at > 0 && at < t_max,
          "--t-sharp: must lie between 0 and the end of sampling, T = ", t_max, ", got ", at);
    const double t_trained = time_before_end(alpha_margin(s, method));
    check(at < t_trained, "--alpha-margin: ends the training at t = ", t_trained,
          ", before --t-sharp of ", method.name, ", ", at);
  }
}

// A figure of a sweep has one line a method.
void validate_sweeps(const Settings& s) {
  for (const std::string& name : s.sweeps) check_name("--sweep", name, sweep_names());
  check_once("--sweep", s.sweeps);
  if (s.sweeps.empty()) return;
  const Part& first = s.parts.front();
  bool one_network = false;
  for (const Part& part : s.parts) {
    check(part.config == first.config, "--sweep: takes one of --configs, got several");
    check(part.seeds.size() == 1 && part.seeds == first.seeds,
          "--sweep: takes one of --seeds, got several");
    for (const Method& method : select_methods(part.methods)) {
      one_network |= method.structure == Structure::single;
    }
  }
  if (std::find(s.sweeps.begin(), s.sweeps.end(), "modes") == s.sweeps.end()) return;
  check(one_network, "--sweep: modes needs one of --methods with a single network, as tanh");
  check(s.n > 2, "--sweep: modes needs --n of at least 3, got ", s.n);
}

}  // namespace

bool Settings::repeats() const {
  return std::any_of(parts.begin(), parts.end(),
                     [](const Part& part) { return part.seeds.size() > 1; });
}

void check_used(const std::string& recipe_flag, const Settings& s) {
  std::string deaf;
  for (const Part& part : s.parts) {
    for (const Method& method : select_methods(part.methods)) {
      if (method.structure == Structure::exact) continue;
      const Recipe& r = method.recipe;
      const bool decided = recipe_flag == "--epochs"           ? r.epochs.has_value()
                           : recipe_flag == "--train-fraction" ? r.train_fraction.has_value()
                                                               : r.alpha_margin.has_value();
      if (!decided) return;
      if (deaf.empty()) deaf = method.name;
    }
  }
  check(deaf.empty(), recipe_flag, ": ", deaf, " takes it from its own recipe");
}

void validate(const Settings& s) {
  check_name("--preset", s.preset, preset_names());
  check_name("--sampler", s.sampler, kSamplers);
  check_range("--n", s.n, 2, 100000);
  check(s.p > 0 && s.p < 1, "--p: must lie strictly between 0 and 1, got ", s.p);
  check_positive("--separation", s.separation);
  check(s.train_fraction > 0 && s.train_fraction <= 1, "--train-fraction: must lie in (0, 1], got ",
        s.train_fraction);
  check_range("--batch", s.batch, 1, 10000000);
  check_positive("--lr", s.lr);
  check_not_negative("--weight-decay", s.weight_decay);
  check_not_negative("--clip-norm", s.clip_norm);
  check(s.alpha_margin > 0 && s.alpha_margin < std::numbers::pi / 2,
        "--alpha-margin: must lie strictly between 0 and pi/2, got ", s.alpha_margin);
  check_range("--frequencies", s.frequencies, 1, 10000);
  check_not_negative("--phase-overlap", s.phase_overlap);
  check_range("--samples", s.samples, 100, 10000000);
  check_range("--steps", s.steps, 2, 1000000);
  check(s.checkpoint_seconds >= 0, "--checkpoint-seconds: must be at least 0, got ",
        s.checkpoint_seconds);
  check_range("--threads", s.threads, 0, 1024);
  if (s.sampling_margin) {
    check(*s.sampling_margin > 0 && *s.sampling_margin < std::numbers::pi / 2,
          "--sampling-margin: must lie strictly between 0 and pi/2, got ", *s.sampling_margin);
  }
  check(!s.parts.empty(), "--configs: needs at least one");
  for (const Part& part : s.parts) validate(s, part);
  validate_sweeps(s);
}

}  // namespace ito::gmm
