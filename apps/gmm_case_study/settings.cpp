#include "apps/gmm_case_study/settings.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "apps/gmm_case_study/methods.h"
#include "apps/gmm_case_study/sweeps.h"

namespace ito::gmm {
namespace {

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

void check_name(const char* flag, const std::string& value, const std::vector<std::string>& known) {
  check(std::find(known.begin(), known.end(), value) != known.end(), flag, ": unknown name '",
        value, "'; known are ", joined(known));
}

template <class T>
void check_at_least(const char* flag, T value, T least) {
  check(value >= least, flag, ": must be at least ", least, ", got ", value);
}

void check_positive(const char* flag, double value) {
  check(value > 0, flag, ": must be positive, got ", value);
}

template <class T>
void check_once(const char* flag, const std::vector<T>& items) {
  for (auto item = items.begin(); item != items.end(); ++item) {
    check(std::find(items.begin(), item, *item) == item, flag, ": ", *item, " twice");
  }
}

void validate(const Settings& s, const Part& part) {
  check(!part.methods.empty(), "--methods: needs at least one");
  for (const std::string& name : part.methods) check_name("--methods", name, method_names());
  check_once("--methods", part.methods);
  check(!part.seeds.empty(), "--seeds: needs at least one");
  check_once("--seeds", part.seeds);
  check_at_least<Index>("--train-samples", part.config.train_samples, 10);
  check_at_least<Index>("--epochs", part.config.epochs, 1);
  check_at_least<Index>("--hidden", part.config.hidden, 1);
  check_at_least<Index>("--time-features", part.config.time_features, 1);
  for (const Method& method : select_methods(part.methods)) {
    if (method.structure != Structure::phase) continue;
    const double t_max = std::pow(std::tan(std::numbers::pi / 2 - sampling_margin(s, method)), 2);
    const double at = t_sharp(s, method);
    check(at > 0 && at < t_max,
          "--t-sharp: must lie between 0 and the end of sampling, T = ", t_max, ", got ", at);
  }
}

}  // namespace

bool Settings::repeats() const {
  return std::any_of(parts.begin(), parts.end(),
                     [](const Part& part) { return part.seeds.size() > 1; });
}

void validate(const Settings& s) {
  check_name("--preset", s.preset, preset_names());
  check_name("--sampler", s.sampler, kSamplers);
  check_at_least<Index>("--n", s.n, 2);
  check(s.p > 0 && s.p < 1, "--p: must lie strictly between 0 and 1, got ", s.p);
  check_positive("--separation", s.separation);
  check(s.train_fraction > 0 && s.train_fraction <= 1, "--train-fraction: must lie in (0, 1], got ",
        s.train_fraction);
  check_at_least<Index>("--batch", s.batch, 1);
  check_positive("--lr", s.lr);
  check_at_least("--weight-decay", s.weight_decay, 0.0);
  check_at_least("--clip-norm", s.clip_norm, 0.0);
  check(s.alpha_margin > 0 && s.alpha_margin < std::numbers::pi / 2,
        "--alpha-margin: must lie strictly between 0 and pi/2, got ", s.alpha_margin);
  check_at_least<Index>("--frequencies", s.frequencies, 1);
  check_at_least("--phase-overlap", s.phase_overlap, 0.0);
  check_at_least<Index>("--samples", s.samples, 100);
  check_at_least<Index>("--steps", s.steps, 2);
  check_at_least("--checkpoint-seconds", s.checkpoint_seconds, 0.0);
  check_at_least("--threads", s.threads, 0);
  check(s.threads <= 1024, "--threads: at most 1024, got ", s.threads);
  if (s.sampling_margin) {
    check(*s.sampling_margin > 0 && *s.sampling_margin < std::numbers::pi / 2,
          "--sampling-margin: must lie strictly between 0 and pi/2, got ", *s.sampling_margin);
  }
  for (const std::string& name : s.sweeps) check_name("--sweep", name, sweep_names());
  check_once("--sweep", s.sweeps);
  check(!s.parts.empty(), "--configs: needs at least one");
  for (const Part& part : s.parts) validate(s, part);
}

}  // namespace ito::gmm
