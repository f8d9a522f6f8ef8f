#include "apps/gmm_case_study/asymptotics.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <functional>
#include <string>

#include "autograd/parallel.h"
#include "diffusion/distributions/two_modes_limits.h"
#include "diffusion/grid.h"

namespace ito::gmm {
namespace {

using diffusion::TwoModes;
using report::Figure;
using report::Line;
using report::Panel;
using report::Rule;
using report::Stroke;

constexpr std::array kTimeColors{report::okabe_ito::kSkyBlue, report::okabe_ito::kBlue,
                                 report::kInk};
constexpr report::Color kLimit = report::okabe_ito::kVermillion;
const char* const kPosition = "position r = ⟨y, a⟩ / (t ‖a‖²)";

std::string text_of(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

Line curve(std::string label, double low, double high, report::Color color,
           const std::function<double(double)>& f) {
  constexpr int kPoints = 400;
  Line line{.label = std::move(label), .color = color};
  for (int i = 0; i <= kPoints; ++i) {
    line.x.push_back(low + (high - low) * i / kPoints);
    line.y.push_back(f(line.x.back()));
  }
  return line;
}

Line over_time(std::string label, const diffusion::Grid& times, report::Color color,
               const std::function<double(double)>& f) {
  Line line{.label = std::move(label), .x = times, .color = color};
  line.y.resize(times.size());
  parallel_for(static_cast<Index>(times.size()), [&](Index k) {
    const auto i = static_cast<std::size_t>(k);
    line.y[i] = f(times[i]);
  });
  return line;
}

Line dashed(Line line) {
  line.stroke = Stroke::dashed;
  line.width = 1.6;
  return line;
}

// One regime: three times, and the limit that holds there.
struct Regime {
  const char* title;
  std::array<double, 3> times;
};
constexpr Regime kEarly{"t → 0", {1e-4, 1e-3, 1e-2}};
constexpr Regime kBetween{"in between", {0.03, 0.1, 0.3}};
constexpr Regime kLate{"t → ∞", {1, 10, 100}};

// gamma against y in units of its noise, sqrt(t) ||a||: what the early limit is a function of.
Panel early_panel(const TwoModes& law) {
  Panel panel{.title = std::string("γ, ") + kEarly.title,
              .x_label = "⟨y, a⟩ / (√t ‖a‖)",
              .y_label = "γ(y; t)",
              .y_range = report::Range{0, 1}};
  const double norm = std::sqrt(law.norm_squared());
  for (std::size_t i = 0; i < 3; ++i) {
    const double t = kEarly.times[i];
    panel.add(curve("t = " + text_of(t), -4, 4, kTimeColors[i],
                    [&](double x) { return law.gamma(x * std::sqrt(t) * norm, t); }));
    panel.add(dashed(curve(i == 0 ? "limit σ(⟨y, a⟩ + logit p)" : "", -4, 4, kLimit, [&](double x) {
      return diffusion::early_gamma(law, x * std::sqrt(t) * norm);
    })));
  }
  return panel;
}

Panel gamma_panel(const TwoModes& law, const Regime& regime, bool with_limit) {
  Panel panel{.title = std::string("γ, ") + regime.title,
              .x_label = kPosition,
              .y_label = "γ(y; t)",
              .x_range = report::Range{-1.5, 1.2},
              .y_range = report::Range{0, 1}};
  for (std::size_t i = 0; i < 3; ++i) {
    const double t = regime.times[i];
    panel.add(curve("t = " + text_of(t), -1.5, 1.2, kTimeColors[i],
                    [&](double r) { return law.gamma(r * t * law.norm_squared(), t); }));
  }
  if (with_limit) {
    panel.add(dashed(curve("the nearer mode", -1.5, 1.2, kLimit,
                           [&](double r) { return diffusion::late_gamma(law, r); })));
  }
  return panel;
}

Panel mean_panel(const TwoModes& law, const Regime& regime) {
  Panel panel{.title = std::string("m, ") + regime.title,
              .x_label = kPosition,
              .y_label = "⟨m, a⟩ / ‖a‖²",
              .x_range = report::Range{-1.5, 1.2},
              .y_range = report::Range{-1.2, 0.8}};
  for (std::size_t i = 0; i < 3; ++i) {
    const double t = regime.times[i];
    panel.add(curve("t = " + text_of(t), -1.5, 1.2, kTimeColors[i],
                    [&](double r) { return diffusion::posterior_position(law, r, t); }));
  }
  panel.add(dashed(curve("y / t", -1.5, 1.2, kLimit, [](double r) { return r; })));
  return panel;
}

Figure regimes(const TwoModes& law) {
  Figure figure{
      .name = "asymptotics_regimes",
      .title = "The posterior early, in between and late (the paper's section 7.5)",
      .caption =
          "Top: the weight γ of the right mode given y. Early it is a gentle sigmoid of ⟨y, a⟩ "
          "about p, not a step: its exponents grow like √t. Late it is the indicator of the nearer "
          "mode, up to a slope of ‖a‖²/4. Bottom: the posterior mean along a; the modes lie at 1-p "
          "and -p. Early the first term y/(1+t) is nothing and (γ - p) a is all; late m is y/t.",
      .columns = 3,
      .aspect = 0.85};
  figure.panels = {
      early_panel(law),        gamma_panel(law, kBetween, false), gamma_panel(law, kLate, true),
      mean_panel(law, kEarly), mean_panel(law, kBetween),         mean_panel(law, kLate)};
  return figure;
}

double rms_along(const TwoModes& law, double t, const std::function<double(double)>& difference) {
  return std::sqrt(
      diffusion::expectation_along(law, t, [&](double y) { return std::pow(difference(y), 2); }));
}

Panel gamma_errors(const TwoModes& law, const diffusion::Grid& times) {
  Panel panel{.title = "Limits of γ",
              .x_label = "time t",
              .y_label = "r.m.s. error over y",
              .y_range = report::Range{1e-5, 2},
              .log_x = true,
              .log_y = true};
  const double norm2 = law.norm_squared();
  panel.add(over_time("γ ≈ p", times, report::okabe_ito::kSkyBlue, [&](double t) {
    return rms_along(law, t, [&](double y) { return law.gamma(y, t) - law.p(); });
  }));
  panel.add(over_time("γ ≈ σ(⟨y, a⟩ + logit p)", times, report::okabe_ito::kBlue, [&](double t) {
    return rms_along(law, t,
                     [&](double y) { return law.gamma(y, t) - diffusion::early_gamma(law, y); });
  }));
  panel.add(over_time("printed: σ(⟨y, a⟩/t + logit p)", times, kLimit, [&](double t) {
    return rms_along(
        law, t, [&](double y) { return law.gamma(y, t) - diffusion::early_gamma(law, y / t); });
  }));
  panel.add(over_time("γ ≈ the nearer mode", times, report::kInk, [&](double t) {
    return rms_along(law, t, [&](double y) {
      return law.gamma(y, t) - diffusion::late_gamma(law, y / (t * norm2));
    });
  }));
  return panel;
}

// All of m along a: <m, a>/||a||^2.
Panel mean_errors(const TwoModes& law, const diffusion::Grid& times) {
  Panel panel{.title = "Limits of m along a",
              .x_label = "time t",
              .y_label = "r.m.s. error of ⟨m, a⟩/‖a‖²",
              .y_range = report::Range{1e-5, 2},
              .log_x = true,
              .log_y = true};
  const double norm2 = law.norm_squared();
  const auto error = [&](double t, const std::function<double(double)>& limit) {
    return rms_along(law, t, [&](double y) {
      return diffusion::posterior_position(law, y / (t * norm2), t) - limit(y);
    });
  };
  panel.add(over_time("m ≈ 0", times, report::okabe_ito::kSkyBlue,
                      [&](double t) { return error(t, [](double) { return 0.0; }); }));
  panel.add(over_time("m ≈ (γ - p) a", times, report::okabe_ito::kBlue, [&](double t) {
    return error(t, [&](double y) { return law.gamma(y, t) - law.p(); });
  }));
  panel.add(over_time("m ≈ y/t", times, report::kInk, [&](double t) {
    return error(t, [&](double y) { return y / (t * norm2); });
  }));
  panel.add(over_time("m ≈ (y + (nearer mode - p) a)/(1+t)", times, report::okabe_ito::kGreen,
                      [&](double t) {
                        return error(t, [&](double y) {
                          const double r = y / (t * norm2);
                          return (t * r + diffusion::late_gamma(law, r) - law.p()) / (1 + t);
                        });
                      }));
  return panel;
}

Figure limit_errors(const TwoModes& law) {
  const diffusion::Grid times = diffusion::geometric(120, 1e-5, 1e3);
  Figure figure{
      .name = "asymptotics_errors",
      .title = "How good the limits are",
      .caption =
          "Root mean square over the law of y at time t. Left: γ → p holds to order √t and the "
          "corrected early limit to order t; the exponents as printed, larger by 1/t, make a step "
          "of it at once. Right: each limit of the posterior mean along a. In between none is "
          "good that does without the exact γ: there the nonlinearity has to be learnt.",
      .columns = 2,
      .aspect = 0.8};
  figure.panels = {gamma_errors(law, times), mean_errors(law, times)};
  return figure;
}

Panel slope_panel(const TwoModes& law, const diffusion::Grid& times) {
  Panel panel{.title = "Largest slope of γ",
              .x_label = "time t",
              .y_label = "slope",
              .log_x = true,
              .log_y = true};
  panel.add(over_time("in ⟨y, a⟩: 1/(4(1+t))", times, kLimit,
                      [](double t) { return diffusion::gamma_slope(t); }));
  panel.add(over_time("in r: t‖a‖²/(4(1+t))", times, report::okabe_ito::kBlue,
                      [&](double t) { return diffusion::gamma_slope_in_position(law, t); }));
  return panel;
}

Panel threshold_panel(const TwoModes& law, const diffusion::Grid& times) {
  Panel panel{.title = "Where γ = 1/2",
              .x_label = "time t",
              .y_label = "r",
              .y_range = report::Range{-1.5, 0.1},
              .log_x = true};
  panel.add(over_time("threshold", times, report::okabe_ito::kBlue, [&](double t) {
    return diffusion::gamma_threshold(law, t) / (t * law.norm_squared());
  }));
  panel.add(Rule{.label = "midpoint of the modes", .value = 0.5 * (1 - 2 * law.p())});
  return panel;
}

Panel sharp_panel(const TwoModes& law) {
  Panel panel{.title = "t_sharp of definition (17)",
              .x_label = "ε",
              .y_label = "t_sharp",
              .log_x = true,
              .log_y = true};
  const double least = 4 / law.norm_squared();
  panel.add(over_time("in r: 4/(ε‖a‖² - 4)", diffusion::geometric(200, 1.001 * least, 1000 * least),
                      report::okabe_ito::kBlue,
                      [&](double e) { return diffusion::sharp_time(law, e); }));
  panel.add(Rule{.label = "in r: never for ε ≤ 4/‖a‖²",
                 .axis = report::Axis::x,
                 .value = least,
                 .color = report::okabe_ito::kBlue});
  panel.add(Rule{.label = "in ⟨y, a⟩: never for ε ≤ 4, else at once",
                 .axis = report::Axis::x,
                 .value = 4,
                 .color = kLimit});
  return panel;
}

Panel variance_panel(const TwoModes& law, const diffusion::Grid& times) {
  Panel panel{.title = "What y leaves unknown of the label",
              .x_label = "time t",
              .y_label = "v(t) / v(0)",
              .y_range = report::Range{0, 1.05},
              .log_x = true};
  panel.add(over_time("v(t) / v(0)", times, report::okabe_ito::kBlue,
                      [&](double t) { return law.label_variance(t) / law.label_variance(0); }));
  for (const double share : {0.5, 0.05}) {
    const double t = diffusion::label_variance_time(law, share);
    if (!std::isfinite(t)) continue;
    panel.add(Rule{.label = text_of(100 * share) + " % at t = " + text_of(t),
                   .axis = report::Axis::x,
                   .value = t,
                   .color = share > 0.1 ? report::kGrey : report::kInk});
  }
  return panel;
}

Figure sharpness(const TwoModes& law) {
  const diffusion::Grid times = diffusion::geometric(200, 1e-4, 100);
  Figure figure{
      .name = "asymptotics_sharpness",
      .title = "When the posterior is sharp",
      .caption =
          "In ⟨y, a⟩, the variable of definition (17), the slope of γ falls with t; on the scale "
          "of the samples it rises and levels off at ‖a‖²/4. The paper switches networks at t = 1 "
          "or 2, where for its target (n = 128, ‖a‖² = 128, p = 0.7) nothing is left to tell "
          "apart: "
          "the label is settled (bottom right) well before.",
      .columns = 2,
      .aspect = 0.7};
  figure.panels = {slope_panel(law, times), threshold_panel(law, times), sharp_panel(law),
                   variance_panel(law, times)};
  return figure;
}

}  // namespace

std::vector<Figure> asymptotic_figures(const TwoModes& law) {
  return {regimes(law), limit_errors(law), sharpness(law)};
}

}  // namespace ito::gmm
