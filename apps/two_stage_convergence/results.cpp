#include "apps/two_stage_convergence/results.h"

#include <filesystem>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "apps/report/figure.h"
#include "apps/report/files.h"
#include "apps/report/html.h"
#include "apps/report/text.h"
#include "apps/two_stage_convergence/figures.h"
#include "apps/two_stage_convergence/tables.h"
#include "autograd/error.h"

namespace ito::two_stage {
namespace {

using Json = nlohmann::ordered_json;

Json settings_json(const Settings& s) {
  return {{"d", s.d},
          {"cosine", s.cosine},
          {"batch_1", s.batch_1},
          {"batch_2", s.batch_2},
          {"batch_steps", s.batch_steps},
          {"author_coordinate", s.author_coordinate},
          {"author_samples", s.author_samples},
          {"author_steps_1", s.author_steps_1},
          {"author_steps_2", s.author_steps_2},
          {"three_batch", s.three_batch},
          {"three_steps", s.three_steps},
          {"seed", s.seed}};
}

Json author_json(const AuthorRun& a) {
  const auto stage = [](const AuthorStage& s) -> Json {
    return {{"t", s.t},         {"rate", s.rate},
            {"decay", s.decay}, {"measured_decay", s.measured_decay},
            {"floor", s.floor}, {"largest_one_minus_abs_tanh", s.unsaturated}};
  };
  return {{"truth_norm", a.truth_norm},
          {"stage_1", stage(a.first)},
          {"stage_2", stage(a.second)},
          {"coordinate_after_stage_1", a.coordinate[static_cast<std::size_t>(a.path.switched)]},
          {"cosine_after_stage_1", a.path.cosine[static_cast<std::size_t>(a.path.switched)]},
          {"final_error", a.path.error.back()}};
}

Json summary(const Results& r) {
  const ThreeModes& m = r.three;
  return {{"program", "two_stage_convergence"},
          {"version", ITO_VERSION},
          {"settings", settings_json(r.settings)},
          {"runs", Json::parse(report::to_json(run_table(r)))},
          {"checks", Json::parse(report::to_json(check_table(r)))},
          {"author", author_json(r.author)},
          {"small_separation",
           {{"separation", r.small.separation},
            {"steps_1", r.small.steps_1},
            {"steps_2", r.small.steps_2}}},
          {"three_modes",
           {{"warm_final_error", m.warm.back()},
            {"cold_final_error", m.cold.back()},
            {"stochastic_final_error", m.iterate.back()},
            {"averaged_final_error", m.average.back()},
            {"statistical_error", m.floor.back()}}},
          {"seconds", r.seconds}};
}

void write_report(const Results& r, const report::DrawResult& drawn,
                  const std::filesystem::path& path) {
  const auto figure = [&drawn](const char* name) -> const report::DrawnFigure& {
    for (const report::DrawnFigure& one : drawn.figures) {
      if (one.name == name) return one;
    }
    throw Error(std::string("two_stage: no figure ") + name);
  };
  report::Page page("Two stages of learning one mean",
                    "Section 8 of the paper: what its run shows, and the runs that do show two "
                    "stages");
  page.section("The question")
      .paragraph(
          "The data are `½ N(μ⋆, I) + ½ N(−μ⋆, I)` in " + std::to_string(r.settings.d) +
          " dimensions. A student that has the form of the exact posterior mean, "
          "`m(y; t) = [y + tanh(⟨y, μ⟩/(1+t)) μ]/(1+t)`, or of the exact DDPM score, learns its "
          "one parameter μ by gradient descent from a random direction. The claim: at high noise "
          "descent finds the *direction* of μ⋆, as power iteration does; at low noise it then "
          "finds the *length*, as the M-step of EM does.")
      .paragraph(
          "By symmetry every population gradient lies in the span of μ and μ⋆, and its two "
          "coefficients are one-dimensional expectations: the curves called *population* carry no "
          "sampling error at all.");
  page.section("Two stages")
      .paragraph(
          "They are there when the noise is high enough for the tanh to be linear, "
          "`t ‖μ⋆‖² ≪ 1`. Localization and DDPM are one loss: at equal signal `t/(1+t) = e⁻²ᵗ` "
          "the two gradients are proportional, so what differs below is the choice of times and "
          "rates.")
      .figure(figure("figure9_two_stages"))
      .table(run_table(r))
      .figure(figure("stochastic"));
  page.section("What the author ran")
      .paragraph(
          "With μ⋆ = 20 (1, …, 1) the argument of the tanh is in the hundreds: the tanh is a sign, "
          "the loss is an exact quadratic in μ, and there is no high-noise regime at any t the run "
          "visits. It still converges, because the sign of ⟨y, μ⟩ is right from the first step.")
      .figure(figure("author"));
  page.section("The two limits of the gradient")
      .paragraph(
          "The paper's high-noise gradient has the cross term twice too strong against the "
          "shrinkage and half the overall factor: it would settle at √2 times ‖μ⋆‖. Its low-noise "
          "loss drops a cross term and the noise.")
      .figure(figure("gradient_remainder"))
      .figure(figure("low_noise_loss"));
  page.section("Beyond the paper").figure(figure("small_separation")).figure(figure("three_modes"));
  page.section("Measured and predicted").table(check_table(r));
  std::vector<std::pair<std::string, std::string>> facts{
      {"program", "ito " ITO_VERSION ", " ITO_BUILD_TYPE " build"}};
  const Json settings = settings_json(r.settings);
  for (const auto& [key, value] : settings.items()) facts.emplace_back(key, value.dump());
  facts.emplace_back("time", report::format_duration(r.seconds));
  page.section("Settings").facts(facts);
  page.write(path);
}

}  // namespace

void write_results(const Results& r, std::ostream& out) {
  const std::filesystem::path& folder = r.settings.out;
  report::write_atomically(folder / "summary.json", summary(r).dump(2) + "\n");
  const report::DrawResult drawn = report::draw(make_figures(r), folder / "figures");
  write_report(r, drawn, folder / "report.html");

  out << '\n' << report::to_text(run_table(r)) << '\n' << report::to_text(check_table(r)) << '\n';
  if (!drawn.complete()) out << drawn.message << '\n';
  out << "computing " << report::format_duration(r.seconds) << '\n'
      << "report: " << (folder / "report.html").string() << '\n';
}

}  // namespace ito::two_stage
