#include "apps/gmm_case_study/study.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "apps/gmm_case_study/identity.h"
#include "apps/gmm_case_study/measure.h"
#include "apps/gmm_case_study/networks.h"
#include "apps/gmm_case_study/store.h"
#include "apps/gmm_case_study/sweeps.h"
#include "apps/report/progress.h"
#include "apps/report/study.h"
#include "autograd/parallel.h"
#include "diffusion/metrics/projection.h"

namespace ito::gmm {
namespace {

std::vector<RunKey> all_runs(const Settings& s) {
  std::vector<RunKey> runs;
  for (const Part& part : s.parts) {
    for (const Method& method : select_methods(part.methods)) {
      for (const std::uint64_t seed : part.seeds) runs.push_back({part.config, method, seed});
    }
  }
  return runs;
}

}  // namespace

Results run_methods(const Settings& s, std::ostream& log) {
  const diffusion::TwoModes law(s.p,
                                std::vector<double>(static_cast<std::size_t>(s.n), s.separation));
  Results results{.settings = s, .law = law};
  const Part& first = s.parts.front();
  results.data_u = diffusion::project(
      training_data(law, first.config.train_samples, first.seeds.front()), law.a());

  const RunStore store(s.runs_folder());
  const report::Stopwatch training;
  std::vector<TrainedRun> trained = train_runs(s, all_runs(s), law, store, log);
  results.training_seconds = training.seconds();

  const bool keep_samples = s.parts.size() == 1 && !s.repeats();
  report::Progress progress(log);
  auto line = progress.add("sampling", static_cast<std::int64_t>(trained.size()), 1, "runs");
  line.update(0);
  std::set<std::string> saved;  // in this sitting: runs of the same settings find them in the store
  for (TrainedRun& run : trained) {
    bool loaded = false;
    MethodResult measured = measure(s, law, run, store, loaded, results.measuring_seconds);
    const std::string identity = measuring_identity(s, run.key);
    if (!loaded) saved.insert(identity);
    results.runs_loaded += loaded && !saved.contains(identity);
    if (!loaded) results.sampling_seconds += measured.sampling_seconds;
    if (!keep_samples) measured.samples = {};
    results.runs.push_back(std::move(measured));
    line.update(static_cast<std::int64_t>(results.runs.size()));
  }
  line.finish();
  return results;
}

Results run_study(const Settings& s, std::ostream& log) {
  if (s.threads > 0) set_thread_count(s.threads);
  Results results = run_methods(s, log);
  const report::Stopwatch checking;
  results.scheme_checks = check_schemes(s, results.law, results.scheme_t_max);
  results.sampling_seconds += checking.seconds();
  const report::Stopwatch sweeping;
  results.sweeps = run_sweeps(s, log);
  if (std::find(s.sweeps.begin(), s.sweeps.end(), "modes") != s.sweeps.end()) {
    results.many_modes = run_many_modes(s, log);
  }
  if (!s.sweeps.empty()) results.sweeping_seconds = sweeping.seconds();
  return results;
}

}  // namespace ito::gmm
