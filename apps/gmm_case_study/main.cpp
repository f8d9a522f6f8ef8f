// gmm_case_study: trains the denoisers of the case study, samples them by stochastic localization,
// measures them against the closed form and writes a report.

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "apps/gmm_case_study/methods.h"
#include "apps/gmm_case_study/results.h"
#include "apps/gmm_case_study/settings.h"
#include "apps/gmm_case_study/study.h"
#include "apps/gmm_case_study/sweeps.h"
#include "apps/report/program.h"

namespace {

using ito::gmm::Settings;

// Flags override the preset, so the preset is found before they are bound to its values.
std::string preset_name(int argc, char** argv) {
  std::string name = Settings{}.preset;
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    if (flag == "--preset" && i + 1 < argc) name = argv[i + 1];
    if (flag.starts_with("--preset=")) name = flag.substr(9);
  }
  return name;
}

void add_flags(CLI::App& app, Settings& s) {
  const auto add = [&app](auto&&... flag) { ito::report::add_flag(app, flag...); };
  const char* const general = "Options";

  std::string methods;
  for (const std::string& name : ito::gmm::method_names()) methods += " " + name;

  std::string presets;
  for (const std::string& name : ito::gmm::preset_names()) {
    presets += "\n" + name + ": " + ito::gmm::describe(name);
  }
  const auto changes = std::make_shared<ito::gmm::PartChanges>();
  app.final_callback([changes, &app, &s] {
    ito::gmm::apply(*changes, s);
    for (const std::string& flag : ito::gmm::kRecipeFlags) {
      if (app.count(flag) > 0) ito::gmm::check_used(flag, s);
    }
  });

  app.add_option("--preset", s.preset, "Settings to start from:" + presets);
  app.add_option("--configs", changes->configs, "The paper's configurations, any of 1,2,3,4")
      ->delimiter(',');
  app.add_option("--methods", changes->methods,
                 "Any of" + methods + ", comma-separated (default: the preset's)")
      ->delimiter(',');
  app.add_option("--seed", changes->seed, "Fixes every random number; the first one of several");
  app.add_option("--seeds", changes->seeds,
                 "How many seeds, for means and their spread; or a list of them, 5,6,9")
      ->delimiter(',');
  std::string sweeps;
  for (const std::string& name : ito::gmm::sweep_names()) sweeps += " " + name;
  app.add_option("--sweep", s.sweeps,
                 "Settings to vary, one at a time, any of" + sweeps +
                     "; needs one configuration and one seed. The networks of the sweep over modes "
                     "are not kept in --runs")
      ->delimiter(',');
  add("--out", s.out, "Folder for everything that is written", general);
  app.add_option("--runs", s.runs,
                 "Folder of trained networks, which are not trained again (default: <out>/runs)");
  add("--checkpoint-seconds", s.checkpoint_seconds,
      "How often a network in training saves its state, to go on from after an interrupt", general);
  add("--threads", s.threads, "0: as many as there are processors; changes no result", general);

  const char* const target = "Target";
  add("--n", s.n, "Dimensions", target);
  add("--p", s.p, "Weight of the right mode", target);
  add("--separation", s.separation, "Every coordinate of a, the vector between the modes", target);

  const char* const training = "Training";
  const std::string recipe = " (not refined's, which has its own)";
  app.add_option("--train-samples", changes->train_samples, "N, before the split")->group(training);
  add("--train-fraction", s.train_fraction, "Share of N that trains; the rest validates" + recipe,
      training);
  app.add_option("--epochs", changes->epochs, "Passes over the training part" + recipe)
      ->group(training);
  add("--batch", s.batch, "Rows a step", training);
  add("--lr", s.lr, "AdamW learning rate", training);
  add("--weight-decay", s.weight_decay, "AdamW weight decay", training);
  add("--clip-norm", s.clip_norm, "Largest gradient norm; 0: no clipping", training);
  add("--alpha-margin", s.alpha_margin, "Training draws alpha below pi/2 minus this, rad" + recipe,
      training);
  add("--t-sharp", s.t_sharp, "phase-tanh switches networks here", training);
  add("--phase-overlap", s.phase_overlap, "How far phase-tanh's windows overlap, rad", training);

  const char* const network = "Network";
  app.add_option("--hidden", changes->hidden, "Hidden width m")->group(network);
  app.add_option("--time-features", changes->time_features, "Time features L")->group(network);
  add("--frequencies", s.frequencies, "Fourier frequencies of the time embedding", network);

  const char* const sampling = "Sampling";
  add("--samples", s.samples, "Samples a method draws", sampling);
  add("--steps", s.steps, "Points K of the time grid", sampling);
  add("--sampler", s.sampler, "auto (each method's own), euler-maruyama or semi-linear", sampling);
  app.add_option("--sampling-margin", s.sampling_margin,
                 "Sampling stops at pi/2 minus this, rad (default: each method's own)")
      ->group(sampling);
}

}  // namespace

int main(int argc, char** argv) {
  const ito::report::Program program{
      .name = "gmm_case_study",
      .description =
          "Trains denoisers on the two-mode Gaussian mixture, samples them by stochastic\n"
          "localization and measures them against the closed form.",
      .version = "ito " ITO_VERSION};
  return ito::report::run(
      program, argc, argv, [&] { return ito::gmm::preset(preset_name(argc, argv)); }, add_flags);
}
