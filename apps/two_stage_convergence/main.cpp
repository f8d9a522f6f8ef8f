// two_stage_convergence: gradient descent on the students of section 8, from a random direction to
// the mean of a two-mode mixture, with population and stochastic gradients; writes a report.

#include <CLI/CLI.hpp>

#include "apps/report/program.h"
#include "apps/two_stage_convergence/results.h"
#include "apps/two_stage_convergence/settings.h"
#include "apps/two_stage_convergence/study.h"

namespace {

using ito::two_stage::Settings;

void add_flags(CLI::App& app, Settings& s) {
  const auto add = [&app](auto&&... flag) { ito::report::add_flag(app, flag...); };
  const char* const general = "General";
  add("--out", s.out, "Folder for everything that is written", general);
  add("--seed", s.seed, "Fixes every random number", general);
  add("--threads", s.threads, "0: as many as there are processors; changes no result", general);
  add("--d", s.d, "Dimensions", general);
  add("--cosine", s.cosine, "Between the starting point, of norm 1, and mu*", general);

  const char* const stochastic = "Stochastic gradients";
  add("--batch-1", s.batch_1, "Fresh samples a step of the first stage", stochastic);
  add("--batch-2", s.batch_2, "Fresh samples a step of the second stage", stochastic);
  add("--batch-steps", s.batch_steps, "Steps of the second stage", stochastic);

  const char* const author = "The author's run";
  add("--author-coordinate", s.author_coordinate, "Every coordinate of mu*", author);
  add("--author-samples", s.author_samples, "Fixed samples", author);
  add("--author-steps-1", s.author_steps_1, "Steps at t = 0.1", author);
  add("--author-steps-2", s.author_steps_2, "Steps at t = 5", author);

  const char* const three = "Three modes";
  add("--three-batch", s.three_batch, "Fresh samples a step", three);
  add("--three-steps", s.three_steps, "Steps; the second half is averaged", three);
}

}  // namespace

int main(int argc, char** argv) {
  const ito::report::Program program{
      .name = "two_stage_convergence",
      .description =
          "Gradient descent on the two-mode students of section 8: direction at high noise, then\n"
          "length at low noise.",
      .version = "ito " ITO_VERSION};
  return ito::report::run(
      program, argc, argv, [] { return Settings{}; }, add_flags);
}
