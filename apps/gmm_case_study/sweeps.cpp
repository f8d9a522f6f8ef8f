#include "apps/gmm_case_study/sweeps.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "apps/gmm_case_study/study.h"

namespace ito::gmm {
namespace {

std::string text_of(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

Settings with_p(Settings s, double p) {
  s.p = p;
  return s;
}

Settings with_dimension(Settings s, double n) {
  s.n = static_cast<Index>(n);
  return s;
}

// ||a|| = separation sqrt(n).
Settings with_norm(Settings s, double norm) {
  s.separation = norm / std::sqrt(static_cast<double>(s.n));
  return s;
}

Settings with_steps(Settings s, double points) {
  s.steps = static_cast<Index>(points);
  return s;
}

// As many steps for every N: what changes is the data, not the training.
Settings with_train_samples(Settings s, double count) {
  for (Part& part : s.parts) {
    const auto presented = part.config.epochs * part.config.train_samples;
    part.config.train_samples = static_cast<Index>(count);
    part.config.epochs = std::max<Index>(1, presented / part.config.train_samples);
  }
  return s;
}

using Value = double (*)(const MethodResult&);

report::Panel panel_of(const SweepResult& sweep, const std::string& title,
                       const std::string& y_label, bool logarithmic, Value value) {
  report::Panel panel{.title = title,
                      .x_label = sweep.x_label,
                      .y_label = y_label,
                      .log_x = sweep.logarithmic,
                      .log_y = logarithmic};
  for (std::size_t m = 0; m < sweep.points.front().runs.size(); ++m) {
    report::Line line = report::line_of(sweep.points.front().runs[m].method.name);
    for (const SweepPoint& point : sweep.points) {
      line.x.push_back(point.value);
      line.y.push_back(value(point.runs[m]));
    }
    panel.add(std::move(line));
  }
  return panel;
}

// `p`: what the weight should be where it is not what varies.
report::Figure figure_of(const SweepResult& sweep, double p) {
  report::Figure figure{
      .name = "sweep_" + sweep.name,
      .title = sweep.title,
      .caption =
          "Everything else is as in the settings below. W1 of the projected samples to "
          "their exact law (the exact posterior mean shows the sampling floor and the "
          "scheme's bias), weight of the right mode beside the true one, and total KL.",
      .columns = 3,
      .aspect = 0.95};
  figure.panels = {
      panel_of(sweep, "W1", "W1 (units of u)", true, [](auto& m) { return m.w1; }),
      panel_of(sweep, "Weight", "w (right mode)", false, [](auto& m) { return m.modes.weight; }),
      panel_of(sweep, "Total KL", "nats", true, [](auto& m) { return m.kl_total(); })};
  report::Line truth{
      .label = "true weight", .color = report::kGrey, .stroke = report::Stroke::dotted};
  for (const SweepPoint& point : sweep.points) {
    truth.x.push_back(point.value);
    truth.y.push_back(sweep.name == "p" ? point.value : p);
  }
  figure.panels[1].add(std::move(truth));
  return figure;
}

report::Figure many_modes_figure(const std::vector<ManyModesResult>& results) {
  report::Figure figure{
      .name = "sweep_modes",
      .title = "More than two modes",
      .caption =
          "K modes of unequal weights, their means orthogonal and √n apart, as the two of the "
          "paper's target. Left: total variation between the weights of the samples' nearest "
          "modes and the true ones; dotted, what as many exact samples would give. Right: "
          "network KL.",
      .columns = 2,
      .aspect = 0.7};
  report::Panel weights{.title = "Weights of the modes",
                        .x_label = "modes K",
                        .y_label = "total variation",
                        .log_x = true,
                        .log_y = true};
  report::Panel kl{
      .title = "Network KL", .x_label = "modes K", .y_label = "nats", .log_x = true, .log_y = true};
  std::vector<std::string> names;
  for (const ManyModesResult& r : results) {
    if (std::find(names.begin(), names.end(), r.method) == names.end()) names.push_back(r.method);
  }
  report::Line floor{
      .label = "exact samples", .color = report::kGrey, .stroke = report::Stroke::dotted};
  for (const std::string& name : names) {
    report::Line tv = report::line_of(name);
    report::Line nats = tv;
    for (const ManyModesResult& r : results) {
      if (r.method != name) continue;
      tv.x.push_back(r.modes);
      tv.y.push_back(r.total_variation);
      nats.x.push_back(r.modes);
      nats.y.push_back(r.kl_net);
      if (name != names.front()) continue;
      floor.x.push_back(r.modes);
      floor.y.push_back(r.total_variation_floor);
    }
    weights.add(std::move(tv));
    if (name != "exact") kl.add(std::move(nats));
  }
  weights.add(std::move(floor));
  figure.panels = {std::move(weights), std::move(kl)};
  return figure;
}

}  // namespace

const std::vector<Sweep>& all_sweeps() {
  static const std::vector<Sweep> sweeps = {
      {.name = "p",
       .title = "Weight p of the right mode",
       .x_label = "p",
       .values = {0.5, 0.6, 0.7, 0.8, 0.9, 0.95},
       .at = with_p},
      {.name = "n",
       .title = "Dimension n, ‖a‖² = n",
       .x_label = "dimension n",
       .logarithmic = true,
       .values = {2, 8, 32, 128, 512, 1024},
       .at = with_dimension},
      {.name = "separation",
       .title = "Separation ‖a‖ of the modes",
       .x_label = "‖a‖",
       .logarithmic = true,
       .values = {3, 4, 6, 11.3137085, 20, 40},
       .at = with_norm},
      {.name = "steps",
       .title = "Points K of the time grid",
       .x_label = "points K",
       .logarithmic = true,
       .values = {10, 20, 50, 100, 200, 400, 800},
       .at = with_steps},
      {.name = "train-samples",
       .title = "Training samples N (the same number of steps; refined: 200 epochs)",
       .x_label = "N",
       .logarithmic = true,
       .values = {500, 1000, 2000, 5000, 10000, 20000},
       .at = with_train_samples},
  };
  return sweeps;
}

std::vector<std::string> sweep_names() {
  std::vector<std::string> names;
  for (const Sweep& sweep : all_sweeps()) names.push_back(sweep.name);
  names.emplace_back("modes");
  return names;
}

std::vector<SweepResult> run_sweeps(const Settings& settings, std::ostream& log) {
  std::vector<SweepResult> results;
  for (const Sweep& sweep : all_sweeps()) {
    if (std::find(settings.sweeps.begin(), settings.sweeps.end(), sweep.name) ==
        settings.sweeps.end()) {
      continue;
    }
    SweepResult result{.name = sweep.name,
                       .title = sweep.title,
                       .x_label = sweep.x_label,
                       .logarithmic = sweep.logarithmic};
    for (const double value : sweep.values) {
      log << "-- " << sweep.title << ": " << text_of(value) << '\n';
      Settings s = sweep.at(settings, value);
      s.runs = settings.runs_folder();
      SweepPoint point{.value = value};
      for (MethodResult& run : run_methods(s, log).runs) {
        run.samples = {};
        run.u = {};
        point.runs.push_back(std::move(run));
      }
      result.points.push_back(std::move(point));
    }
    results.push_back(std::move(result));
  }
  return results;
}

std::vector<report::Figure> sweep_figures(const Results& r) {
  std::vector<report::Figure> figures;
  for (const SweepResult& sweep : r.sweeps) figures.push_back(figure_of(sweep, r.law.p()));
  if (!r.many_modes.empty()) figures.push_back(many_modes_figure(r.many_modes));
  return figures;
}

}  // namespace ito::gmm
