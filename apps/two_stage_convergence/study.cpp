#include "apps/two_stage_convergence/study.h"

#include <chrono>

#include "apps/report/text.h"
#include "autograd/error.h"
#include "autograd/parallel.h"

namespace ito::two_stage {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

template <class Experiment>
auto timed(const char* name, std::ostream& log, Experiment&& experiment) {
  const auto start = Clock::now();
  auto result = experiment();
  log << name << ": " << report::format_duration(seconds_since(start)) << std::endl;
  return result;
}

std::vector<TwoModeRun> population_runs(const Settings& s) {
  std::vector<TwoModeRun> runs;
  for (const double separation : kSeparations) {
    for (const Kind kind : {Kind::localization, Kind::ddpm, Kind::em, Kind::power_iteration}) {
      runs.push_back(run_population(kind, separation, s));
    }
  }
  return runs;
}

}  // namespace

const TwoModeRun& Results::run(Kind kind, double separation) const {
  for (const TwoModeRun& one : runs) {
    if (one.kind == kind && one.separation == separation) return one;
  }
  throw Error("two_stage: no such run");
}

Results run_study(const Settings& s, std::ostream& log) {
  if (s.threads > 0) set_thread_count(s.threads);
  const auto start = Clock::now();
  Results r{.settings = s};
  r.runs = timed("two stages, population", log, [&] { return population_runs(s); });
  r.minibatch = timed("two stages, stochastic", log, [&] { return run_minibatch(s); });
  r.small = timed("small separation", log, [&] { return run_small_separations(s); });
  r.author = timed("the author's run", log, [&] { return run_author(s); });
  r.three = timed("three modes", log, [&] { return run_three_modes(s); });
  r.gradients = timed("gradients", log, [&] { return study_gradients(s); });
  r.seconds = seconds_since(start);
  return r;
}

}  // namespace ito::two_stage
