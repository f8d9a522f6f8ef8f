// sampler_gallery: learns the score of a target with each loss, samples it with each sampler and
// shows the pairs side by side.

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "apps/report/program.h"
#include "apps/sampler_gallery/losses.h"
#include "apps/sampler_gallery/results.h"
#include "apps/sampler_gallery/samplers.h"
#include "apps/sampler_gallery/settings.h"
#include "apps/sampler_gallery/study.h"

namespace {

using ito::gallery::Settings;

std::string any_of(const std::vector<std::string>& names) {
  std::string text = "Any of";
  for (const std::string& name : names) text += " " + name;
  return text + " (default: all), comma-separated";
}

void add_flags(CLI::App& app, Settings& s) {
  const auto add = [&app](auto&&... flag) { ito::report::add_flag(app, flag...); };
  const char* const general = "General";
  std::string targets = "One of";
  for (const std::string& name : ito::gallery::target_names()) targets += " " + name;
  add("--target", s.target, targets, general);
  app.add_option("--losses", s.losses, any_of(ito::gallery::loss_names()))
      ->delimiter(',')
      ->group(general);
  app.add_option("--samplers", s.samplers, any_of(ito::gallery::sampler_names()))
      ->delimiter(',')
      ->group(general);
  add("--out", s.out, "Folder for everything that is written", general);
  add("--seed", s.seed, "Fixes every random number", general);
  add("--threads", s.threads, "0: as many as there are processors; changes no result", general);

  const char* const training = "Training";
  add("--train-samples", s.train_samples, "Rows of the data set", training);
  add("--steps", s.steps, "Steps of each network, rounded up to whole epochs", training);
  add("--batch", s.batch, "Rows a step", training);
  add("--lr", s.lr, "AdamW learning rate, warmed up and then on a cosine", training);
  add("--hidden", s.hidden, "Width of the three hidden layers", training);

  const char* const sampling = "Sampling";
  add("--samples", s.samples, "Samples of each pair", sampling);
  add("--points", s.points, "Points of the time grid", sampling);
  add("--t-end", s.t_end, "Where training and sampling stop", sampling);
}

}  // namespace

int main(int argc, char** argv) {
  const ito::report::Program program{
      .name = "sampler_gallery",
      .description =
          "Learns the score of a target with each loss and samples it with each sampler, the\n"
          "exact score beside the learned ones.",
      .version = "ito " ITO_VERSION};
  return ito::report::run(
      program, argc, argv, [] { return Settings{}; }, add_flags);
}
