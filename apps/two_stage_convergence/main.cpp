// two_stage_convergence: gradient descent on the students of section 8, from a random direction to
// the mean of a two-mode mixture, with population and stochastic gradients; writes a report.

#include <exception>
#include <iostream>

#include <CLI/CLI.hpp>

#include "apps/report/files.h"
#include "apps/two_stage_convergence/results.h"
#include "apps/two_stage_convergence/settings.h"
#include "apps/two_stage_convergence/study.h"

namespace {

using ito::two_stage::Settings;

void add_flags(CLI::App& app, Settings& s) {
  const auto add = [&app](const char* flag, auto& value, const char* help, const char* group) {
    app.add_option(flag, value, help)->capture_default_str()->group(group);
  };
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
  try {
    Settings settings;
    CLI::App app{
        "Gradient descent on the two-mode students of section 8: direction at high noise, then\n"
        "length at low noise."};
    app.set_version_flag("--version", "ito " ITO_VERSION);
    add_flags(app, settings);
    try {
      app.parse(argc, argv);
    } catch (const CLI::Success& done) {  // --help, --version
      return app.exit(done);
    } catch (const CLI::ParseError& error) {
      std::cerr << "two_stage_convergence: " << error.what() << " (see --help)\n";
      return 2;
    }
    ito::two_stage::validate(settings);
    ito::report::ensure_writable_directory(settings.out);
    ito::report::install_interrupt_cleanup();

    const ito::two_stage::Results results = ito::two_stage::run_study(settings, std::cerr);
    ito::two_stage::write_results(results, std::cout);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "two_stage_convergence: " << error.what() << '\n';
    return 1;
  }
}
