#include "apps/gmm_case_study/results.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "apps/gmm_case_study/figures.h"
#include "apps/gmm_case_study/identity.h"
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
  Json parts = Json::array();
  for (const Part& part : s.parts) {
    parts.push_back({{"config", part.config.name},
                     {"train_samples", part.config.train_samples},
                     {"epochs", part.config.epochs},
                     {"time_features", part.config.time_features},
                     {"hidden", part.config.hidden},
                     {"methods", part.methods},
                     {"seeds", part.seeds}});
  }
  return {{"preset", s.preset},
          {"configs", std::move(parts)},
          {"n", s.n},
          {"p", s.p},
          {"separation", s.separation},
          {"train_fraction", s.train_fraction},
          {"batch", s.batch},
          {"lr", s.lr},
          {"weight_decay", s.weight_decay},
          {"clip_norm", s.clip_norm},
          {"alpha_margin", s.alpha_margin},
          {"frequencies", s.frequencies},
          {"t_sharp", s.t_sharp},
          {"phase_overlap", s.phase_overlap},
          {"phase_two_grids", s.phase_two_grids},
          {"samples", s.samples},
          {"steps", s.steps},
          {"sampler", s.sampler},
          {"sweeps", s.sweeps},
          {"sampling_margin", s.sampling_margin ? Json(*s.sampling_margin) : Json()}};
}

Json run_json(const Results& r, const MethodResult& m) {
  return {{"seed", m.seed},
          {"folder", hash_of(training_identity(r.settings, {m.config, m.method, m.seed}))},
          {"w1", m.w1},
          {"w1_target", m.w1_target},
          {"ks", m.ks.statistic},
          {"ks_p_value", m.ks.p_value},
          {"mode_weight", m.modes.weight},
          {"outliers", m.modes.outliers},
          {"diverged", m.diverged_count},
          {"orthogonal_variance", m.orthogonal_variance},
          {"kl_net", m.kl_net},
          {"kl_net_se", m.kl_net_se},
          {"kl_total", m.kl_total()},
          {"error_t", m.error_t},
          {"error", m.error},
          {"sampling_seconds", m.sampling_seconds}};
}

Json summary(const Results& r) {
  Json methods = Json::parse(report::to_json(method_table(r)));
  const std::vector<Group> groups = r.groups();
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const MethodResult& m = groups[i].first();
    Json& row = methods[i];
    row["config"] = m.config.name;
    row["scheme"] = name(m.scheme);
    row["grid_points"] = m.grid.size();
    row["kl_terminal"] = m.kl_terminal;
    row["w1_floor_sd"] = m.w1_floor.standard_deviation;
    row["orthogonal_variance_expected"] = m.orthogonal_variance_expected;
    row["error_is"] =
        groups[i].runs.size() > 1 ? "standard deviation over seeds" : "standard error";
    for (const MethodResult* run : groups[i].runs) row["runs"].push_back(run_json(r, *run));
  }
  Json sweeps = Json::array();
  for (const SweepResult& sweep : r.sweeps) {
    for (const SweepPoint& point : sweep.points) {
      for (const MethodResult& m : point.runs) {
        sweeps.push_back({{"sweep", sweep.name},
                          {"value", point.value},
                          {"method", m.method.name},
                          {"w1", m.w1},
                          {"mode_weight", m.modes.weight},
                          {"outliers", m.modes.outliers},
                          {"kl_net", m.kl_net},
                          {"kl_total", m.kl_total()}});
      }
    }
  }
  Json modes = Json::array();
  for (const ManyModesResult& m : r.many_modes) {
    modes.push_back({{"modes", m.modes},
                     {"method", m.method},
                     {"total_variation", m.total_variation},
                     {"total_variation_floor", m.total_variation_floor},
                     {"kl_net", m.kl_net}});
  }
  return {{"program", "gmm_case_study"},
          {"version", ITO_VERSION},
          {"settings", settings_json(r.settings)},
          {"methods", std::move(methods)},
          {"networks", Json::parse(report::to_json(network_table(r)))},
          {"sweeps", std::move(sweeps)},
          {"many_modes", std::move(modes)},
          {"recipes", Json::parse(report::to_json(recipe_table(r)))},
          {"schemes", Json::parse(report::to_json(scheme_table(r)))},
          {"seconds",
           {{"training", r.training_seconds},
            {"sampling", r.sampling_seconds},
            {"measuring", r.measuring_seconds},
            {"sweeping", r.sweeping_seconds}}}};
}

std::string loaded_note(const Results& r) {
  if (r.runs_loaded == 0) return "";
  return "; " + std::to_string(r.runs_loaded) + " of " + std::to_string(r.runs.size()) +
         " runs were there already";
}

std::string times(const Results& r) {
  using report::format_duration;
  std::string text = "training " + format_duration(r.training_seconds) + ", sampling " +
                     format_duration(r.sampling_seconds) + ", measuring " +
                     format_duration(r.measuring_seconds);
  if (r.sweeping_seconds > 0) text += ", sweeps " + format_duration(r.sweeping_seconds);
  return text + loaded_note(r);
}

std::pair<std::string, std::string> config_fact(const Part& part) {
  std::string seeds;
  for (const std::uint64_t seed : part.seeds) {
    seeds += (seeds.empty() ? "" : ", ") + std::to_string(seed);
  }
  const Config& c = part.config;
  return {"configuration " + c.name, "N = " + report::group_thousands(c.train_samples) + ", " +
                                         report::group_thousands(c.epochs) +
                                         " epochs, L = " + std::to_string(c.time_features) +
                                         ", m = " + std::to_string(c.hidden) + ", seeds " + seeds};
}

std::vector<std::pair<std::string, std::string>> facts(const Results& r) {
  std::vector<std::pair<std::string, std::string>> pairs{
      {"program", "ito " ITO_VERSION ", " ITO_BUILD_TYPE " build"}};
  const Json settings = settings_json(r.settings);
  for (const auto& [key, value] : settings.items()) {
    if (key == "configs") {
      for (const Part& part : r.settings.parts) pairs.push_back(config_fact(part));
      continue;
    }
    pairs.emplace_back(key, value.is_string() ? value.get<std::string>()
                            : value.is_null() ? "each method's own"
                                              : value.dump());
  }
  pairs.emplace_back("time", times(r));
  return pairs;
}

// The preset, and which of its settings flags have changed.
std::string preset_note(const Settings& s) {
  const Json now = settings_json(s), before = settings_json(preset(s.preset));
  std::string changed;
  for (const auto& [key, value] : now.items()) {
    if (value != before[key]) changed += (changed.empty() ? "" : ", ") + key;
  }
  const std::string name = "**" + s.preset + "** (" + describe(s.preset) + ")";
  return changed.empty() ? "Preset " + name + "."
                         : "Started from preset " + name + "; changed: " + changed + ".";
}

// Configurations that differ in name only.
std::vector<std::string> equal_configs(const Settings& s) {
  std::vector<std::string> notes;
  for (auto later = s.parts.begin(); later != s.parts.end(); ++later) {
    for (auto earlier = s.parts.begin(); earlier != later; ++earlier) {
      Config renamed = later->config;
      renamed.name = earlier->config.name;
      if (later->config.name == renamed.name || renamed != earlier->config) continue;
      notes.push_back("Configuration " + later->config.name + " has the settings of " +
                      "configuration " + renamed.name + ", so its runs are the same ones.");
    }
  }
  return notes;
}

// Every method once, in the order of the table.
std::vector<std::string> method_list(const Results& r) {
  std::vector<std::string> methods;
  for (const Group& group : r.groups()) {
    const MethodResult& m = group.first();
    std::string item =
        "**" + m.method.name + "** (" + std::string(name(m.scheme)) + "). " + m.method.description;
    if (std::find(methods.begin(), methods.end(), item) == methods.end()) {
      methods.push_back(std::move(item));
    }
  }
  return methods;
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
      .paragraph("How close does each way of learning m from samples come to the target?");
  report::Table brief = brief_table(r);
  brief.caption = "Every method against the closed form; more measures below. " + error_note(r);
  page.section("Results").paragraph(preset_note(s));
  page.table(brief);
  for (const std::string& note : equal_configs(s)) page.paragraph(note);
  page.list(method_list(r));
  page.section("How to read it")
      .list({"**W1** is an average distance in units of u, the coordinate in which the modes lie "
             "at 1-p and -p. A method at the *floor* cannot be told from an exact sampler with "
             "this many samples.",
             "**w** is decided early (for the paper's target at times t below 0.1), where dt is "
             "tiny: a wrong weight costs W1 much and KL little. **KL** sees the opposite: errors "
             "at late times, in all directions. A good method wins both.",
             "**var ⊥** is the variance across a. Euler-Maruyama loses some of it at any "
             "number of steps, whatever the network; the semi-linear scheme does not.",
             "**outliers** are samples beyond six standard deviations of both modes. Nothing is "
             "clipped: what lies outside a picture is counted at its edge."});
  page.section("Figures");
  if (r.several_configs() || s.repeats()) {
    const MethodResult& shown = r.runs.front();
    page.paragraph("Pictures of one run show configuration " + shown.config.name + ", seed " +
                   std::to_string(shown.seed) + ", where they do not say otherwise.");
  }
  const auto figures = [&](const char* title, auto belongs) {
    page.subsection(title);
    for (const report::DrawnFigure& figure : drawn.figures) {
      if (belongs(figure.name)) page.figure(figure);
    }
  };
  const auto starts = [](const std::string& name, const char* prefix) {
    return name.starts_with(prefix);
  };
  figures("All methods", [&](const std::string& name) {
    return name == "samples" || name == "error_budget" || starts(name, "seeds_");
  });
  figures("The paper's figures",
          [&](const std::string& name) { return starts(name, "figure") || name == "exact"; });
  figures("Our methods", [&](const std::string& name) {
    return starts(name, "corrected") || starts(name, "refined");
  });
  figures("The posterior mean in closed form",
          [&](const std::string& name) { return starts(name, "asymptotics"); });
  if (!r.sweeps.empty() || !r.many_modes.empty()) {
    figures("Beyond the paper: where each method breaks",
            [&](const std::string& name) { return starts(name, "sweep_"); });
  }
  page.section("Every measure").table(method_table(r));
  page.section("What sampling alone costs").table(scheme_table(r));
  page.section("Training").table(network_table(r));
  page.section("Settings").facts(facts(r)).table(recipe_table(r));
  page.write(path);
}

}  // namespace

const char* name(diffusion::LocalizationScheme scheme) {
  return scheme == diffusion::LocalizationScheme::semi_linear ? "semi-linear" : "Euler-Maruyama";
}

Spread spread(const Group& group, const std::function<double(const MethodResult&)>& value) {
  double sum = 0, squares = 0;
  const auto count = static_cast<double>(group.runs.size());
  for (const MethodResult* run : group.runs) sum += value(*run);
  const double mean = sum / count;
  for (const MethodResult* run : group.runs) squares += std::pow(value(*run) - mean, 2);
  return {.mean = mean,
          .standard_deviation = count > 1 ? std::sqrt(squares / (count - 1))
                                          : std::numeric_limits<double>::quiet_NaN()};
}

std::vector<Group> Results::groups() const {
  std::vector<Group> all;
  for (const MethodResult& run : runs) {
    if (all.empty() || all.back().first().method.name != run.method.name ||
        all.back().first().config.name != run.config.name) {
      all.emplace_back();
    }
    all.back().runs.push_back(&run);
  }
  return all;
}

std::vector<Group> Results::groups_of(const std::string& config) const {
  std::vector<Group> chosen;
  for (Group& group : groups()) {
    if (group.first().config.name == config) chosen.push_back(std::move(group));
  }
  return chosen;
}

bool Results::several_configs() const {
  return groups_of(runs.front().config.name).size() < groups().size();
}

void write_results(const Results& r, std::ostream& out) {
  const std::filesystem::path& folder = r.settings.out;
  std::set<std::string> kept;
  for (const MethodResult& m : r.runs) {
    if (!m.samples.defined()) continue;
    kept.insert(m.method.name);
    report::ensure_writable_directory(folder / "samples");
    report::write_atomically(folder / "samples" / (m.method.name + ".npy"),
                             nn::npy_bytes(m.samples));
  }
  report::remove_left_over(folder / "samples", ".npy", method_names(), kept);
  report::write_atomically(folder / "summary.json", summary(r).dump(2) + "\n");
  const report::DrawResult drawn = report::draw(make_figures(r), folder / "figures");
  write_report(r, drawn, folder / "report.html");

  out << '\n'
      << report::to_text(brief_table(r))
      << "\nW1: distance of the projected samples to their exact law (floor "
      << report::to_string({r.runs[0].w1_floor.mean}, report::Format::fixed(4)) << " with "
      << report::group_thousands(r.settings.samples)
      << " samples). w: weight of the right mode, p = " << report::json_number(r.settings.p)
      << ".\nvar ⊥: variance across a. KL in nats; * marks the best.\n"
      << error_note(r) << "\n\n";
  if (!drawn.complete()) out << drawn.message << '\n';
  out << times(r) << '\n' << "report: " << (folder / "report.html").string() << '\n';
}

}  // namespace ito::gmm
