#include "apps/gmm_case_study/figures.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iomanip>
#include <limits>
#include <numbers>
#include <sstream>

#include "apps/gmm_case_study/asymptotics.h"
#include "apps/gmm_case_study/sweeps.h"
#include "apps/report/text.h"
#include "diffusion/grid.h"
#include "diffusion/schedule.h"

namespace ito::gmm {
namespace {

using diffusion::NormalMixture1d;
using report::Figure;
using report::Histogram;
using report::Line;
using report::Panel;
using report::Points;
using report::Range;

constexpr double kHalfPi = std::numbers::pi / 2;
const char* const kProjection = "u = ⟨x, a⟩ / ‖a‖²";
const char* const kDensity = "density";

std::string rounded(double value, int digits) {
  std::ostringstream text;
  text << std::setprecision(digits) << value;
  return text.str();
}

// The window that shows both modes of the law, six standard deviations beyond each.
Range window(const NormalMixture1d& law) {
  const double margin = 6 * std::max(law.stds()[0], law.stds()[1]);
  return {std::min(law.means()[0], law.means()[1]) - margin,
          std::max(law.means()[0], law.means()[1]) + margin};
}

Line density(const NormalMixture1d& law, Range range, const char* label) {
  constexpr int kPoints = 600;
  Line line{.label = label};
  for (int i = 0; i <= kPoints; ++i) {
    line.x.push_back(range.low + (range.high - range.low) * i / kPoints);
    line.y.push_back(law.pdf(line.x.back()));
  }
  return line;
}

// The tallest the density gets, so that the panels of a figure share one scale.
double tallest(const NormalMixture1d& law) {
  return std::max(law.pdf(law.means()[0]), law.pdf(law.means()[1]));
}

// All panels share the window and the scale of the target itself.
Panel histogram_panel(const Results& r, const std::string& title, const std::vector<double>& u,
                      const NormalMixture1d& law, report::Color color, const char* label) {
  const NormalMixture1d target = r.law.projection();
  const Range range = window(target);
  Panel panel{.title = title,
              .x_label = kProjection,
              .y_label = kDensity,
              .x_range = range,
              .y_range = Range{0, 1.35 * tallest(target)}};
  panel.add(Histogram{.label = label, .samples = u, .bins = 80, .range = range, .color = color});
  panel.add(density(law, range, "exact law"));
  return panel;
}

Figure data_figure(const Results& r) {
  Figure figure{.name = "figure1_data",
                .title = "The data and their law (the paper's figure 1)",
                .caption =
                    "Training data projected on the vector between the modes, and the "
                    "exact density of the projection.",
                .width = 640};
  figure.panels.push_back(histogram_panel(r, "", r.data_u, r.law.projection(),
                                          report::okabe_ito::kSkyBlue, "training data"));
  return figure;
}

using Chooser = std::function<bool(const MethodResult&)>;
using Shown = std::vector<const MethodResult*>;

// The first seed of the chosen runs.
Shown choose(const Results& r, const Chooser& chosen) {
  Shown shown;
  for (const Group& group : r.groups()) {
    if (chosen(group.first())) shown.push_back(&group.first());
  }
  return shown;
}

// Figures of single runs are of the first configuration.
Shown of_first_config(const Results& r, const Chooser& chosen) {
  return choose(r, [&](const MethodResult& m) {
    return m.config.name == r.runs.front().config.name && chosen(m);
  });
}

std::string outlier_note(const Shown& shown) {
  Index diverged = 0;
  for (const MethodResult* m : shown) diverged += m->diverged_count;
  if (diverged == 0) return "";
  return " " + std::to_string(diverged) +
         " samples diverged (a coordinate beyond 10⁴); they are kept in every figure's counts.";
}

// Titled by what tells the panels of a figure apart.
Panel samples_panel(const Results& r, const MethodResult& m, const Shown& shown) {
  const bool one_config = std::all_of(shown.begin(), shown.end(), [&](const MethodResult* other) {
    return other->config.name == m.config.name;
  });
  const bool one_method = std::all_of(shown.begin(), shown.end(), [&](const MethodResult* other) {
    return other->method.name == m.method.name;
  });
  const std::string config = "config " + m.config.name;
  const std::string which = one_config   ? m.method.name
                            : one_method ? config
                                         : m.method.name + ", " + config;
  const std::string title =
      which + ": W1 " + rounded(m.w1, 2) + ", weight " + rounded(m.modes.weight, 3);
  return histogram_panel(r, title, m.u, r.law.projection(1 / m.t_max()),
                         report::color_of(m.method.name), "");
}

// Projected samples against the exact law.
void add_samples(const Results& r, const std::string& name, const std::string& title,
                 const Shown& shown, std::vector<Figure>& figures) {
  if (shown.empty()) return;
  Figure figure{.name = name, .title = title};
  for (const MethodResult* m : shown) figure.panels.push_back(samples_panel(r, *m, shown));
  const int count = static_cast<int>(figure.panels.size());
  const bool pairs = count % 2 == 0 && shown[0]->method.name != shown[1]->method.name &&
                     shown[0]->config.name == shown[1]->config.name &&
                     shown.back()->config.name != shown[0]->config.name;
  figure.columns = count == 4 || pairs ? 2 : std::min(3, count);
  figure.width = figure.columns == 1 ? 640 : 900;
  figure.caption =
      "Generated samples projected on the vector between the modes (bars), and what "
      "an exact sampler would give (line): the law of Y_T/T, which is the target "
      "convolved with N(0, 1/T). Samples outside the frame are counted at its edge." +
      outlier_note(shown);
  figures.push_back(std::move(figure));
}

// The centre of what counts, without letting a runaway prediction set the scale.
Range learned_range(const Results& r) {
  const NormalMixture1d law = r.law.projection();
  return {law.means()[1] - 0.6, law.means()[0] + 0.6};
}

void add_posterior_means(const Results& r, const std::string& name, const std::string& title,
                         const Shown& shown, std::vector<Figure>& figures) {
  for (const MethodResult* one : shown) {
    const MethodResult& m = *one;
    if (m.posterior_means.empty()) continue;
    Figure figure{.name = name,
                  .title = title,
                  .caption =
                      "Posterior mean projected on the vector between the modes, exact and "
                      "learned, at 1,000 exact draws of y_t. The error is "
                      "‖m̂ − m‖ / ‖m‖ over all coordinates, root mean square.",
                  .columns = 3,
                  .aspect = 0.85};
    for (const PosteriorMeanAt& at : m.posterior_means) {
      Panel panel{
          .title = "t = " + rounded(at.t, 3) + ", error " + rounded(100 * at.error, 2) + " %",
          .x_label = "⟨y, a⟩ / (t ‖a‖²)",
          .y_label = "⟨m, a⟩ / ‖a‖²",
          .y_range = learned_range(r)};
      panel.add(Points{.label = "learned",
                       .x = at.position,
                       .y = at.learned,
                       .color = report::color_of(m.method.name)});
      panel.add(Points{.label = "exact",
                       .x = at.position,
                       .y = at.truth,
                       .color = report::kInk,
                       .size = 2,
                       .opacity = 0.6});
      figure.panels.push_back(std::move(panel));
    }
    figures.push_back(std::move(figure));
  }
}

// From here on the errors decide something: earlier, every curve is flat.
constexpr double kFirstTime = 1e-3;

Panel error_panel(const Results& r, const Shown& shown) {
  Panel panel{.title = "Error of the learned posterior mean",
              .x_label = "time t",
              .y_label = "E‖m − m̂‖² / n",
              .log_x = true,
              .log_y = true};
  double lowest = std::numeric_limits<double>::infinity();
  for (const MethodResult* one : shown) {
    const MethodResult& m = *one;
    Line line = report::line_of(m.method.name);
    for (std::size_t i = 0; i < m.error.size(); ++i) {
      if (m.error_t[i] < kFirstTime) continue;
      line.x.push_back(m.error_t[i]);
      line.y.push_back(m.error[i]);
      lowest = std::min(lowest, m.error[i]);
    }
    if (!line.x.empty()) panel.add(std::move(line));
  }
  // What there is to learn: past this curve m is linear in y.
  Line nonlinear{.label = "due to label", .color = report::kGrey, .stroke = report::Stroke::dotted};
  for (const double t : diffusion::uniform_angle(300, std::sqrt(kFirstTime), kHalfPi - 0.1)) {
    const double v = r.law.norm_squared() * r.law.label_variance(t) / std::pow(1 + t, 2) /
                     static_cast<double>(r.law.dimension());
    if (v < 0.3 * lowest) break;
    nonlinear.x.push_back(t);
    nonlinear.y.push_back(v);
  }
  panel.add(std::move(nonlinear));
  return panel;
}

Panel budget_panel(const Shown& shown) {
  Panel panel{.title = "KL budget", .x_label = "nats", .log_x = true};
  report::Bars net{.label = "network", .color = report::okabe_ito::kVermillion};
  report::Bars steps{.label = "discretisation", .color = report::okabe_ito::kSkyBlue};
  report::Bars end{.label = "terminal", .color = report::kGrey};
  for (const MethodResult* one : shown) {
    const MethodResult& m = *one;
    panel.categories.push_back(m.method.name);
    net.values.push_back(m.kl_net > 0 ? m.kl_net : std::numeric_limits<double>::quiet_NaN());
    net.error.push_back(m.kl_net_se);
    steps.values.push_back(m.kl_discretisation);
    end.values.push_back(m.kl_terminal);
  }
  panel.add(std::move(net)).add(std::move(steps)).add(std::move(end));
  return panel;
}

Figure error_figure(const Results& r) {
  Figure figure{.name = "error_budget", .title = "Where the error is", .aspect = 0.8};
  const Shown shown = of_first_config(r, [](const MethodResult&) { return true; });
  if (std::any_of(shown.begin(), shown.end(), [](auto* m) { return !m->error.empty(); })) {
    figure.panels.push_back(error_panel(r, shown));
    figure.columns = 2;
    figure.caption =
        "Left: mean square error a coordinate of each learned posterior mean along the "
        "exact path. The dotted line is the variance that the label leaves, ‖a‖² v(t) / "
        "(1+t)² / n: all the nonlinearity there is to learn. Right: the exact";
  } else {
    figure.width = 640;
    figure.caption = "The exact";
  }
  figure.caption +=
      " KL budget of each method, network ½∫E‖m − m̂‖² dt, discretisation of the scheme on its "
      "grid, and stopping at T. The mixture-aware network term is that of label and path jointly, "
      "an upper bound.";
  figure.panels.push_back(budget_panel(shown));
  return figure;
}

struct Metric {
  const char* title;
  const char* label;
  bool logarithmic;
  double (*value)(const MethodResult&);
};

Panel spread_panel(const std::vector<Group>& groups, const Metric& metric) {
  Panel panel{.title = metric.title, .x_label = metric.label, .log_x = metric.logarithmic};
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const MethodResult& first = groups[i].first();
    panel.categories.push_back(first.method.name);
    Points seeds{.color = report::color_of(first.method.name),
                 .size = 8,
                 .opacity = 0.75,
                 .marker = report::marker_of(first.method.name)};
    if (seeds.marker == report::Marker::none) seeds.marker = report::Marker::circle;
    for (const MethodResult* run : groups[i].runs) {
      seeds.x.push_back(metric.value(*run));
      seeds.y.push_back(static_cast<double>(i));
    }
    const double mean = spread(groups[i], metric.value).mean;
    const double at = static_cast<double>(i);
    panel.add(Line{.x = {mean, mean}, .y = {at - 0.32, at + 0.32}, .width = 1.6});
    panel.add(std::move(seeds));
  }
  return panel;
}

// Of the samples of a configuration, those that its greediest method trains on.
double most_trained_on(const Settings& s, const std::vector<Group>& groups) {
  double most = 0;
  for (const Group& group : groups) {
    const MethodResult& m = group.first();
    if (m.method.structure == Structure::exact) continue;
    most =
        std::max(most, train_fraction(s, m.method) * static_cast<double>(m.config.train_samples));
  }
  return most;
}

// What a seed changes, a figure a configuration that has several.
void add_spreads(const Results& r, std::vector<Figure>& figures) {
  const Metric metrics[] = {
      {"W1 to the exact law", "W1 (units of u)", true, [](auto& m) { return m.w1; }},
      {"Weight of the right mode", "w", false, [](auto& m) { return m.modes.weight; }},
      {"Total KL", "nats", true, [](auto& m) { return m.kl_total(); }},
  };
  std::vector<std::string> done;
  for (const MethodResult& run : r.runs) {
    const std::string& config = run.config.name;
    if (std::find(done.begin(), done.end(), config) != done.end()) continue;
    done.push_back(config);
    const std::vector<Group> groups = r.groups_of(config);
    const auto repeated = [](const Group& g) { return g.runs.size() > 1; };
    if (std::none_of(groups.begin(), groups.end(), repeated)) continue;
    const double trained_on = most_trained_on(r.settings, groups);
    const double data_sd = std::sqrt(r.law.p() * (1 - r.law.p()) / trained_on);
    Figure figure{.name = "seeds_config" + config,
                  .title = "What the seed changes, configuration " + config,
                  .caption =
                      "A mark is one seed: other data, other initial weights, other noise. The "
                      "upright stroke is the mean. Dashed: the W1 of as many exact samples (left) "
                      "and the true weight (middle).",
                  .columns = 3,
                  .aspect = std::min(2.0, 0.25 + 0.11 * static_cast<double>(groups.size()))};
    for (const Metric& metric : metrics) figure.panels.push_back(spread_panel(groups, metric));
    const auto rule = [&](int panel, double value, report::Stroke stroke) {
      figure.panels[static_cast<std::size_t>(panel)].add(
          report::Rule{.axis = report::Axis::x, .value = value, .stroke = stroke});
    };
    rule(0, run.w1_floor.mean, report::Stroke::dashed);
    rule(1, r.law.p(), report::Stroke::dashed);
    if (trained_on > 0) {
      rule(0, data_sd, report::Stroke::dotted);
      for (const double sign : {-1, 1}) rule(1, r.law.p() + sign * data_sd, report::Stroke::dotted);
      figure.caption +=
          " Dotted: one standard deviation of the mode weight of " +
          report::group_thousands(std::llround(trained_on)) +
          " samples, the most that a method here trains on, √(p(1-p)/N) = " + rounded(data_sd, 2) +
          ", which none can know better; the same in W1, the modes being 1 apart.";
    }
    figures.push_back(std::move(figure));
  }
}

Chooser named(const std::string& name) {
  return [name](const MethodResult& m) { return m.method.name == name; };
}

}  // namespace

std::vector<Figure> make_figures(const Results& r) {
  const Chooser all = [](const MethodResult&) { return true; };
  const Chooser mixture = [](const MethodResult& m) {
    return m.method.structure == Structure::mixture;
  };
  const Chooser phase = [](const MethodResult& m) {
    return m.method.structure == Structure::phase;
  };
  std::vector<Figure> figures;
  const auto samples = [&](const char* name, const char* title, const Shown& shown) {
    add_samples(r, name, title, shown, figures);
  };
  const auto means = [&](const char* name, const char* title, const char* method) {
    add_posterior_means(r, name, title, of_first_config(r, named(method)), figures);
  };
  samples("samples", "Every method beside the exact law", of_first_config(r, all));
  figures.push_back(error_figure(r));
  add_spreads(r, figures);
  figures.push_back(data_figure(r));
  samples("exact", "Sampled with the exact posterior mean", of_first_config(r, named("exact")));
  samples("figure2_relu", "One ReLU network: samples (the paper's figure 2)",
          choose(r, named("relu")));
  means("figure3_relu_mean", "One ReLU network: posterior mean (the paper's figure 3)", "relu");
  samples("figure4_tanh", "One tanh network: samples (the paper's figure 4)",
          choose(r, named("tanh")));
  means("figure5_tanh_mean", "One tanh network: posterior mean (the paper's figure 5)", "tanh");
  samples("figure6_mixture", "Mixture-aware networks: samples (the paper's figure 6)",
          choose(r, mixture));
  samples("figure7_phase", "Phase-aware networks: samples (the paper's figure 7)",
          choose(r, phase));
  means("figure8_phase_mean", "Phase-aware networks: posterior mean (the paper's figure 8)",
        "phase-tanh");
  samples("corrected", "The corrected network: samples", choose(r, named("corrected")));
  means("corrected_mean", "The corrected network: posterior mean", "corrected");
  samples("refined", "The refined network: samples", choose(r, named("refined")));
  means("refined_mean", "The refined network: posterior mean", "refined");
  for (Figure& figure : sweep_figures(r)) figures.push_back(std::move(figure));
  for (Figure& figure : asymptotic_figures(r.law)) figures.push_back(std::move(figure));
  return figures;
}

}  // namespace ito::gmm
