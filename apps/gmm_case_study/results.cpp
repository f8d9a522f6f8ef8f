#include "apps/gmm_case_study/results.h"

#include <filesystem>
#include <utility>

#include <nlohmann/json.hpp>

#include "apps/gmm_case_study/figures.h"
#include "apps/gmm_case_study/tables.h"
#include "apps/report/figure.h"
#include "apps/report/files.h"
#include "apps/report/html.h"
#include "apps/report/text.h"
#include "nn/io/npy.h"

namespace ito::gmm {
namespace {

using Json = nlohmann::ordered_json;

Json settings_json(const Settings& s) {
  std::vector<std::string> methods;
  for (const Method& m : select_methods(s.methods)) methods.push_back(m.name);
  return {{"preset", s.preset},
          {"methods", methods},
          {"n", s.n},
          {"p", s.p},
          {"separation", s.separation},
          {"train_samples", s.train_samples},
          {"train_fraction", s.train_fraction},
          {"epochs", s.epochs},
          {"batch", s.batch},
          {"lr", s.lr},
          {"weight_decay", s.weight_decay},
          {"clip_norm", s.clip_norm},
          {"alpha_margin", s.alpha_margin},
          {"hidden", s.hidden},
          {"time_features", s.time_features},
          {"frequencies", s.frequencies},
          {"t_sharp", s.t_sharp},
          {"phase_overlap", s.phase_overlap},
          {"samples", s.samples},
          {"steps", s.steps},
          {"sampler", s.sampler},
          {"seed", s.seed}};
}

Json summary(const Results& r) {
  Json methods = Json::parse(report::to_json(method_table(r)));
  for (std::size_t i = 0; i < r.methods.size(); ++i) {
    const MethodResult& m = r.methods[i];
    Json& row = methods[i];
    row["scheme"] = name(m.scheme);
    row["grid_points"] = m.grid.size();
    row["w1_target"] = m.w1_target;
    row["w1_floor_sd"] = m.w1_floor.standard_deviation;
    row["ks_p_value"] = m.ks.p_value;
    row["diverged"] = m.diverged;
    row["orthogonal_variance_expected"] = m.orthogonal_variance_expected;
    row["kl_terminal"] = m.kl_terminal;
    row["error_t"] = m.error_t;
    row["error"] = m.error;
    row["sampling_seconds"] = m.sampling_seconds;
  }
  return {{"program", "gmm_case_study"},
          {"version", ITO_VERSION},
          {"settings", settings_json(r.settings)},
          {"methods", std::move(methods)},
          {"networks", Json::parse(report::to_json(network_table(r)))},
          {"schemes", Json::parse(report::to_json(scheme_table(r)))},
          {"seconds",
           {{"training", r.training_seconds},
            {"sampling", r.sampling_seconds},
            {"measuring", r.measuring_seconds}}}};
}

std::vector<std::pair<std::string, std::string>> facts(const Results& r) {
  std::vector<std::pair<std::string, std::string>> pairs{
      {"program", "ito " ITO_VERSION ", " ITO_BUILD_TYPE " build"}};
  const Json settings = settings_json(r.settings);
  for (const auto& [key, value] : settings.items()) {
    pairs.emplace_back(key, value.is_string() ? value.get<std::string>() : value.dump());
  }
  pairs.emplace_back("time", report::format_duration(r.training_seconds) + " training, " +
                                 report::format_duration(r.sampling_seconds) + " sampling, " +
                                 report::format_duration(r.measuring_seconds) + " measuring");
  return pairs;
}

void write_report(const Results& r, const report::DrawResult& drawn,
                  const std::filesystem::path& path) {
  const Settings& s = r.settings;
  report::Page page("Sampling a two-mode Gaussian mixture by stochastic localization",
                    "What the paper's networks learn, and what one change of variables corrects");
  page.section("The question")
      .paragraph(
          "The target has two modes in " + std::to_string(s.n) +
          " dimensions, `p N((1-p) a, I) + (1-p) N(-p a, I)` with p = " + report::json_number(s.p) +
          ". Stochastic localization samples it by integrating `dY = m(Y; t) dt + dW` from "
          "0 to T and returning Y_T / T, where `m(y; t) = E[x | t x + sqrt(t) z = y]` is a "
          "posterior mean that a network learns from data. Here m is known in closed form, "
          "so everything a method gets wrong can be measured, and told apart: the network, "
          "the discretisation, and stopping at T.")
      .paragraph(
          "How close does each way of learning m come to the target with the same data "
          "and the same number of steps?");
  page.section("Results").table(method_table(r));
  std::vector<std::string> methods;
  for (const MethodResult& m : r.methods) {
    methods.push_back("**" + m.method.name + "** (" + std::string(name(m.scheme)) + "). " +
                      m.method.description);
  }
  page.list(methods);
  page.section("How to read it")
      .list({"**W1** is an average distance in units of u, the coordinate in which the modes lie "
             "at 1-p and -p. A method at the *floor* cannot be told from an exact sampler with "
             "this many samples.",
             "**w** is decided at times t below 0.1, where dt is tiny: a wrong weight costs W1 "
             "much and KL little. **KL** sees the opposite: errors at late times, in all "
             "directions. A good method wins both.",
             "**var ⊥** is the variance across a. Euler-Maruyama loses some of it at any "
             "number of steps, whatever the network; the semi-linear scheme does not.",
             "**outliers** are samples beyond six standard deviations of both modes. Nothing is "
             "clipped: what lies outside a picture is counted at its edge."});
  page.section("Figures");
  for (const report::DrawnFigure& figure : drawn.figures) page.figure(figure);
  page.section("What sampling alone costs").table(scheme_table(r));
  page.section("Training").table(network_table(r));
  page.section("Settings").facts(facts(r));
  page.write(path);
}

}  // namespace

const char* name(diffusion::LocalizationScheme scheme) {
  return scheme == diffusion::LocalizationScheme::semi_linear ? "semi-linear" : "Euler-Maruyama";
}

void write_results(const Results& r, std::ostream& out) {
  const std::filesystem::path& folder = r.settings.out;
  report::ensure_writable_directory(folder / "samples");
  for (const MethodResult& m : r.methods) {
    report::write_atomically(folder / "samples" / (m.method.name + ".npy"),
                             nn::npy_bytes(m.samples));
  }
  report::write_atomically(folder / "summary.json", summary(r).dump(2) + "\n");
  const report::DrawResult drawn = report::draw(make_figures(r), folder / "figures");
  write_report(r, drawn, folder / "report.html");

  out << '\n'
      << report::to_text(brief_table(r))
      << "\nW1: distance of the projected samples to their exact law (floor "
      << report::to_string({r.methods[0].w1_floor.mean}, report::Format::fixed(4)) << " with "
      << report::group_thousands(r.settings.samples)
      << " samples). w: weight of the right mode, p = " << report::json_number(r.settings.p)
      << ".\nvar ⊥: variance across a. KL in nats; * marks the best.\n\n";
  if (!drawn.complete()) out << drawn.message << '\n';
  out << "training " << report::format_duration(r.training_seconds) << ", sampling "
      << report::format_duration(r.sampling_seconds) << ", measuring "
      << report::format_duration(r.measuring_seconds) << '\n'
      << "report: " << (folder / "report.html").string() << '\n';
}

}  // namespace ito::gmm
