#include "apps/two_stage_convergence/study.h"

#include "apps/report/study.h"
#include "apps/report/text.h"
#include "autograd/error.h"
#include "autograd/parallel.h"

namespace ito::two_stage {
namespace {

template <class Experiment>
auto timed(const char* name, std::ostream& log, Experiment&& experiment) {
  const report::Stopwatch watch;
  auto result = experiment();
  log << name << ": " << report::format_duration(watch.seconds()) << std::endl;
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
  const report::Stopwatch watch;
  Results r{.settings = s};
  r.runs = timed("two stages, population", log, [&] { return population_runs(s); });
  r.minibatch = timed("two stages, stochastic", log, [&] { return run_minibatch(s); });
  r.small = timed("small separation", log, [&] { return run_small_separations(s); });
  r.author = timed("the author's run", log, [&] { return run_author(s); });
  r.three = timed("three modes", log, [&] { return run_three_modes(s); });
  r.gradients = timed("gradients", log, [&] { return study_gradients(s); });
  r.seconds = watch.seconds();
  return r;
}

}  // namespace ito::two_stage
