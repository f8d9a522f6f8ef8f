#include "apps/two_stage_convergence/figures.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <limits>
#include <sstream>
#include <string>

#include "apps/report/text.h"
#include "apps/two_stage_convergence/tables.h"
#include "diffusion/two_stage/low_noise.h"

namespace ito::two_stage {
namespace {

using report::Axis;
using report::Color;
using report::Figure;
using report::Line;
using report::Panel;
using report::Points;
using report::Rule;
using report::Stroke;
namespace colors = report::okabe_ito;

Color color_of(Kind kind) {
  switch (kind) {
    case Kind::localization:
      return colors::kBlue;
    case Kind::ddpm:
      return colors::kVermillion;
    case Kind::em:
      return colors::kGreen;
    case Kind::power_iteration:
      return colors::kPurple;
    case Kind::minibatch:
      return colors::kOrange;
  }
  return report::kInk;
}

Stroke stroke_of(Kind kind) {
  if (kind == Kind::power_iteration) return Stroke::dotted;
  return kind == Kind::em ? Stroke::dashed : Stroke::solid;
}

std::string rounded(double value, int digits) {
  std::ostringstream text;
  text << std::setprecision(digits) << value;
  return text.str();
}

Line over_steps(std::string label, const std::vector<double>& y, Color color,
                Stroke stroke = Stroke::solid) {
  // Curves of tens of thousands of points draw no differently from a thousand of them.
  const std::size_t stride = std::max<std::size_t>(1, y.size() / 1000);
  Line line{.label = std::move(label), .color = color, .stroke = stroke};
  for (std::size_t i = 0; i < y.size(); i += stride) {
    line.x.push_back(static_cast<double>(i));
    line.y.push_back(y[i]);
  }
  return line;
}

// Where the first stage of a run ends.
Points change_of(const TwoModeRun& run, const std::vector<double>& y) {
  return {.x = {static_cast<double>(run.path.switched)},
          .y = {y[static_cast<std::size_t>(run.path.switched)]},
          .color = color_of(run.kind),
          .size = 9,
          .opacity = 1};
}

Figure two_stage_figure(const Results& r) {
  Figure figure{
      .name = "figure9_two_stages",
      .title = "Two stages, as in the paper's figure 9",
      .caption =
          "Population gradients. The first stage, at high noise, ends at cosine 0.99 (dots); the "
          "second, at low noise, brings the length. *Power iteration* is the first stage's limit "
          "`((1 − r‖μ‖²) I + r μ⋆μ⋆ᵀ) μ`, r = 4ηt, with the localization student's η and t. The EM "
          "M-step `E[tanh⟨μ, X⟩ X]` has no stages and no rate.",
      .columns = 2,
      .aspect = 0.7};
  for (const double separation : kSeparations) {
    const std::string at = "‖μ⋆‖ = " + rounded(separation, 2);
    Panel cosine{.title = "Direction, " + at, .x_label = "step", .y_label = "cosine of μ and μ⋆"};
    Panel error{.title = "Distance, " + at,
                .x_label = "step",
                .y_label = "‖μ − μ⋆‖",
                .y_range = report::Range{1e-9, 3},
                .log_y = true};
    double last = 0;
    for (const TwoModeRun& run : r.runs) {
      if (run.separation != separation) continue;
      const char* label = name(run.kind);
      const Color color = color_of(run.kind);
      last = std::max(last, 1.6 * static_cast<double>(run.path.switched));
      cosine.add(over_steps(label, run.path.cosine, color, stroke_of(run.kind)));
      error.add(over_steps(label, run.path.error, color, stroke_of(run.kind)));
      if (run.kind == Kind::em) continue;
      cosine.add(change_of(run, run.path.cosine));
      error.add(change_of(run, run.path.error));
    }
    cosine.x_range = report::Range{0, last};
    cosine.y_range = report::Range{0, 1.05};
    // A longer curve goes on at 1, to no purpose of the panel's.
    for (auto& series : cosine.series) {
      if (auto* line = std::get_if<Line>(&series)) {
        while (!line->x.empty() && line->x.back() > last) line->x.pop_back(), line->y.pop_back();
      }
    }
    figure.panels.push_back(std::move(cosine));
    figure.panels.push_back(std::move(error));
  }
  return figure;
}

Figure minibatch_figure(const Results& r) {
  const TwoModeRun& exact = r.run(Kind::localization, 1);
  const TwoModeRun& noisy = r.minibatch.run;
  Figure figure{
      .name = "stochastic",
      .title = "Stochastic beside population gradients",
      .caption =
          "The localization student at ‖μ⋆‖ = 1 with the same times and rates; each "
          "stochastic step sees " +
          report::group_thousands(r.settings.batch_1) + " fresh samples in the first stage and " +
          report::group_thousands(r.settings.batch_2) +
          " in the second. It follows the population until its own noise stops it: the "
          "dashed line is the deviation predicted from the exact curvature of the loss and "
          "the measured variance of the gradient at μ⋆. Dots: the change of stage.",
      .columns = 2,
      .aspect = 0.75};
  const double last = static_cast<double>(noisy.path.steps());
  Panel cosine{.title = "Direction",
               .x_label = "step",
               .y_label = "cosine of μ and μ⋆",
               .x_range = report::Range{0, last},
               .y_range = report::Range{0, 1.05}};
  Panel error{.title = "Distance",
              .x_label = "step",
              .y_label = "‖μ − μ⋆‖",
              .x_range = report::Range{0, last},
              .log_y = true};
  const auto upto = [last](std::vector<double> y) {
    y.resize(std::min(y.size(), static_cast<std::size_t>(last) + 1));
    return y;
  };
  for (const auto& [run, label] :
       {std::pair(&exact, "population"), std::pair(&noisy, "stochastic")}) {
    const Color color = color_of(run->kind);
    cosine.add(over_steps(label, upto(run->path.cosine), color));
    cosine.add(change_of(*run, run->path.cosine));
    error.add(over_steps(label, upto(run->path.error), color));
    error.add(change_of(*run, run->path.error));
  }
  error.add(Rule{.label = "predicted floor", .value = r.minibatch.floor});
  figure.panels.push_back(std::move(cosine));
  figure.panels.push_back(std::move(error));
  return figure;
}

// What saturated descent predicts: exponential from the stage's first error, then the floor.
Line predicted(const AuthorStage& stage, double start, Index from_step, Index to_step,
               const char* label) {
  Line line{.label = label, .color = report::kInk, .stroke = Stroke::dashed, .width = 1.4};
  for (int i = 0; i <= 200; ++i) {
    const double k = static_cast<double>(to_step - from_step) * i / 200;
    const double decayed = start * std::pow(1 - stage.decay, k);
    line.x.push_back(static_cast<double>(from_step) + k);
    line.y.push_back(std::hypot(decayed, stage.floor));
  }
  return line;
}

Figure author_figure(const Results& r) {
  const AuthorRun& a = r.author;
  Figure figure{
      .name = "author",
      .title = "The author's run is exponential descent",
      .caption =
          "d = " + std::to_string(r.settings.d) + ", ‖μ⋆‖ = " + rounded(a.truth_norm, 4) + ", " +
          std::to_string(r.settings.author_samples) +
          " fixed samples, t = 0.1 and then t = 5 on a noise-free surrogate. The tanh is ±1 on "
          "every sample, so the error falls by 2η/(d(1+t)²) a step whatever the noise, until it "
          "meets the floor √(d/samples) = " +
          rounded(a.second.floor, 3) +
          ". Left: the paper's \"μ ≈ 10\" after 500 steps is descent that has not finished. The "
          "change of stage (vertical line) changes the rate and nothing else.",
      .columns = 2,
      .aspect = 0.8};
  Panel coordinate{.title = "Stage 1: mean coordinate of μ along μ⋆",
                   .x_label = "step",
                   .y_label = "⟨μ, μ⋆⟩ / ‖μ⋆‖ / √d",
                   .y_range = report::Range{0, 1.15 * r.settings.author_coordinate}};
  std::vector<double> first = a.coordinate;
  first.resize(std::min(first.size(), static_cast<std::size_t>(a.path.switched) + 1));
  coordinate.add(over_steps("measured", first, colors::kBlue));
  Line curve{.label = "predicted", .color = report::kInk, .stroke = Stroke::dashed, .width = 1.4};
  for (std::size_t k = 0; k < first.size(); k += 10) {
    curve.x.push_back(static_cast<double>(k));
    curve.y.push_back(r.settings.author_coordinate -
                      (r.settings.author_coordinate - first[0]) *
                          std::pow(1 - a.first.decay, static_cast<double>(k)));
  }
  coordinate.add(std::move(curve));
  if (first.size() > 500) {
    coordinate.add(
        Points{.x = {500}, .y = {first[500]}, .color = colors::kBlue, .size = 9, .opacity = 1});
    coordinate.add(report::Text{
        .text = "500 steps: " + rounded(first[500], 3), .x = 540, .y = first[500] - 1.2});
  }
  Panel error{
      .title = "Both stages: distance", .x_label = "step", .y_label = "‖μ − μ⋆‖", .log_y = true};
  error.add(over_steps("measured", a.path.error, colors::kBlue));
  const Index switched = a.path.switched, last = a.path.steps();
  error.x_range = report::Range{0, static_cast<double>(last)};
  error.add(predicted(a.first, a.path.error.front(), 0, switched, "predicted"));
  error.add(
      predicted(a.second, a.path.error[static_cast<std::size_t>(switched)], switched, last, ""));
  error.add(Rule{.label = "floor √(d/samples)", .value = a.second.floor, .stroke = Stroke::dotted});
  error.add(Rule{.axis = Axis::x, .value = static_cast<double>(switched), .stroke = Stroke::solid});
  figure.panels.push_back(std::move(coordinate));
  figure.panels.push_back(std::move(error));
  return figure;
}

Figure gradient_figure(const Results& r) {
  const GradientStudy& g = r.gradients;
  Figure figure{.name = "gradient_remainder",
                .title = "The high-noise gradient, and what is left of it",
                .caption =
                    "Distance of the exact gradient from its claimed limit, at ‖μ‖ = ‖μ⋆‖ = 1 and "
                    "cosine 0.6, against t for localization and e⁻²ᵗ for DDPM (whose gradient is "
                    "divided by its own factor e⁻²ᵗ). A right limit leaves a remainder of order 2: "
                    "4t[‖μ‖²μ − ⟨μ, μ⋆⟩μ⋆] does, with slopes " +
                    rounded(g.localization.order, 4) + " and " + rounded(g.ddpm.order, 4) +
                    "; the printed 2t[‖μ‖²μ − 2⟨μ, μ⋆⟩μ⋆] leaves order " +
                    rounded(g.printed.order, 3) + ".",
                .aspect = 0.5};
  Panel panel{
      .x_label = "t, or e⁻²ᵗ", .y_label = "‖gradient − limit‖", .log_x = true, .log_y = true};
  panel.add(Line{.label = "as printed",
                 .x = g.printed.parameter,
                 .y = g.printed.norm,
                 .color = report::kGrey});
  panel.add(Line{.label = "localization",
                 .x = g.localization.parameter,
                 .y = g.localization.norm,
                 .color = color_of(Kind::localization)});
  panel.add(Line{
      .label = "DDPM", .x = g.ddpm.parameter, .y = g.ddpm.norm, .color = color_of(Kind::ddpm)});
  Line two{.label = "slope 2", .color = report::kInk, .stroke = Stroke::dotted, .width = 1.4};
  for (const double t : {1e-4, 1e-1}) {
    two.x.push_back(t);
    two.y.push_back(0.25 * g.ddpm.norm.front() * std::pow(t / 1e-4, 2));
  }
  panel.add(std::move(two));
  figure.panels.push_back(std::move(panel));
  return figure;
}

Figure low_noise_figure(const Results& r) {
  using diffusion::LowNoiseLoss;
  Figure figure{
      .name = "low_noise_loss",
      .title = "The low-noise loss along μ⋆",
      .caption =
          "(1+t)² times the loss of μ = α μ⋆/‖μ⋆‖ as t grows, less its value at α = 0. With "
          "the noise kept the minimum (dots) is at α = ‖μ⋆‖ exactly; leaving the noise out "
          "of the input moves it; dropping the cross term too, as printed, leaves no "
          "minimum but α = 0.",
      .columns = 3,
      .aspect = 0.95};
  for (const Minimisers& m : r.gradients.minimisers) {
    Panel panel{.title = "‖μ⋆‖ = " + rounded(m.truth_norm, 2),
                .x_label = "α / ‖μ⋆‖",
                .y_label = "loss / ‖μ⋆‖²",
                .y_range = report::Range{-2, 1.6}};
    const double square = m.truth_norm * m.truth_norm;
    const auto curve = [&](LowNoiseLoss kind, const char* label, Color color, double minimiser) {
      Line line{.label = label, .color = color};
      for (int i = 0; i <= 200; ++i) {
        const double alpha = 2.0 * i / 200;
        const double loss = low_noise_loss(kind, alpha * m.truth_norm, m.truth_norm) / square;
        if (loss > 1.6) break;
        line.x.push_back(alpha);
        line.y.push_back(loss);
      }
      panel.add(std::move(line));
      panel.add(Points{.x = {minimiser},
                       .y = {low_noise_loss(kind, minimiser * m.truth_norm, m.truth_norm) / square},
                       .color = color,
                       .size = 9,
                       .opacity = 1});
    };
    curve(LowNoiseLoss::printed, "as printed", report::kGrey, m.printed);
    curve(LowNoiseLoss::noise_free, "noise left out", colors::kOrange, m.noise_free);
    curve(LowNoiseLoss::exact, "noise kept", colors::kBlue, m.exact);
    panel.add(Rule{.axis = Axis::x, .value = 1, .stroke = Stroke::dotted});
    figure.panels.push_back(std::move(panel));
  }
  return figure;
}

Figure small_figure(const Results& r) {
  const SmallSeparation& s = r.small;
  Figure figure{.name = "small_separation",
                .title = "Small separation: steps of each stage",
                .caption =
                    "‖μ⋆‖ = d⁻ᵏ for k from 1/8 to 3/4, population gradient of the localization "
                    "student, t = 0.05 and η = 4, then t = 1 and η = 1; stage 2 until the relative "
                    "error is 10⁻⁶. Both stages cost ‖μ⋆‖⁻² steps: a polynomial in d.",
                .aspect = 0.5};
  Panel panel{.x_label = "‖μ⋆‖", .y_label = "steps", .log_x = true, .log_y = true};
  panel.add(Line{.label = "stage 1, to cosine 0.99",
                 .x = s.separation,
                 .y = s.steps_1,
                 .color = colors::kBlue,
                 .marker = report::Marker::circle});
  panel.add(Line{.label = "stage 2, to relative error 10⁻⁶",
                 .x = s.separation,
                 .y = s.steps_2,
                 .color = colors::kVermillion,
                 .marker = report::Marker::square});
  Line two{.label = "slope −2", .color = report::kInk, .stroke = Stroke::dotted, .width = 1.4};
  for (const double x : {s.separation.front(), s.separation.back()}) {
    two.x.push_back(x);
    two.y.push_back(0.4 * s.steps_1.back() * std::pow(s.separation.back() / x, 2));
  }
  panel.add(std::move(two));
  figure.panels.push_back(std::move(panel));
  return figure;
}

Figure three_figure(const Results& r) {
  const ThreeModes& m = r.three;
  Figure figure{
      .name = "three_modes",
      .title = "Three modes",
      .caption =
          "Means of norm 5 at the corners of an equilateral triangle, t = 1; the error is the "
          "root of ∑‖μₖ − μ⋆ₖ‖² over the modes. Left: population gradient; a warm start has "
          "every mean within 2 of its own mode, the cold one two means beside one mode and the "
          "third between the others. Right: stochastic gradients in " +
          std::to_string(r.settings.d) + " dimensions, " + std::to_string(r.settings.three_batch) +
          " fresh samples a step; the average of the later iterates meets the error that "
          "remains even when every label is known, 3√(d(1+t)/samples averaged).",
      .columns = 2,
      .aspect = 0.8};
  Panel plane{.title = "Population, in the plane",
              .x_label = "step",
              .y_label = "error of the three means",
              .y_range = report::Range{1e-14, 30},
              .log_y = true};
  plane.add(over_steps("warm start", m.warm, colors::kBlue));
  plane.add(over_steps("cold start", m.cold, colors::kVermillion));
  Panel samples{.title = "Stochastic, in " + std::to_string(r.settings.d) + " dimensions",
                .x_label = "step",
                .y_label = "error of the three means",
                .log_y = true};
  samples.add(over_steps("iterate", m.iterate, colors::kSkyBlue));
  samples.add(over_steps("average", m.average, colors::kGreen));
  samples.add(over_steps("statistical error", m.floor, report::kInk, Stroke::dashed));
  figure.panels.push_back(std::move(plane));
  figure.panels.push_back(std::move(samples));
  return figure;
}

}  // namespace

std::vector<Figure> make_figures(const Results& r) {
  return {two_stage_figure(r), minibatch_figure(r), author_figure(r), gradient_figure(r),
          low_noise_figure(r), small_figure(r),     three_figure(r)};
}

}  // namespace ito::two_stage
