#include "apps/sampler_gallery/figures.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "apps/report/table.h"
#include "autograd/grad_mode.h"
#include "autograd/ops.h"

namespace ito::gallery {
namespace {

using diffusion::GaussianMixture;
using report::Figure;
using report::Panel;
using report::Range;

constexpr int kCells = 48;     // of a heat map, a side
constexpr int kArrows = 15;    // of a vector field, a side
constexpr Index kDrawn = 700;  // samples of a panel

struct Window {
  Range x, y;
};
Window window(const Target& target) {
  const double w = target.window, c = target.centre_x;
  return {{c - w, c + w}, {-w, w}};
}

// Centres of cells x cells equal cells, [cells^2, 2], row by row from below.
Tensor lattice(const Window& w, int cells) {
  std::vector<double> points;
  for (int row = 0; row < cells; ++row) {
    for (int column = 0; column < cells; ++column) {
      points.push_back(w.x.low + (w.x.high - w.x.low) * (column + 0.5) / cells);
      points.push_back(w.y.low + (w.y.high - w.y.low) * (row + 0.5) / cells);
    }
  }
  return from(points, {Index{cells} * cells, 2}, DType::f64);
}

report::HeatMap density(const GaussianMixture& law, const Window& w) {
  return {.values = exp(law.log_density(lattice(w, kCells))).to_vector<double>(),
          .columns = kCells,
          .x = w.x,
          .y = w.y};
}

std::string rounded(double value, int decimals) {
  return report::to_string({value}, report::Format::fixed(decimals));
}

std::string axes(const Target& target) {
  return target.law.dimension() == 2
             ? "Axes are the two coordinates."
             : "Axes are the coordinate along the line of the modes and one across it.";
}

std::pair<std::vector<double>, std::vector<double>> in_plane(const Target& target, const Tensor& x,
                                                             Index most) {
  const Index rows = std::min(x.size(0), most);
  const auto flat = matmul(slice(x, 0, 0, rows), transpose(target.plane)).to_vector<double>();
  std::pair<std::vector<double>, std::vector<double>> out;
  for (std::size_t i = 0; i < flat.size(); i += 2) {
    out.first.push_back(flat[i]);
    out.second.push_back(flat[i + 1]);
  }
  return out;
}

Figure samples_figure(const Results& r, const SourceResult& source,
                      const report::HeatMap& background) {
  const Window w = window(r.target);
  Figure figure{
      .name = "samples_" + source.source.name,
      .title = source.source.name == "exact"
                   ? "Sampled with the exact score"
                   : "Sampled with the network of the loss '" + source.source.name + "'",
      .caption = "The first " + std::to_string(std::min<Index>(kDrawn, r.settings.samples)) +
                 " samples (orange) over the exact density (blue). " + axes(r.target) +
                 " W2 is sliced; exact samples have " + rounded(r.sliced_w2_floor, 3) + ".",
      .columns = std::min(4, static_cast<int>(r.methods.size())),
      .aspect = 1,
      .width = 960};
  for (std::size_t i = 0; i < r.methods.size(); ++i) {
    const CellResult& cell = source.cells[i];
    Panel panel{.title = r.methods[i].name + ", W2 " + rounded(cell.sliced_w2, 3),
                .x_range = w.x,
                .y_range = w.y};
    panel.add(background);
    auto [x, y] = in_plane(r.target, cell.samples, kDrawn);
    panel.add(report::Points{.x = std::move(x),
                             .y = std::move(y),
                             .color = report::okabe_ito::kVermillion,
                             .size = 2,
                             .opacity = 0.55});
    figure.panels.push_back(std::move(panel));
  }
  return figure;
}

// Scores on a lattice of the plane, in lengths of the noise: s times the score.
report::VectorField field(const Results& r, const diffusion::Denoiser& denoiser, double t) {
  const Window w = window(r.target);
  const Tensor points = convert(lattice(w, kArrows), DType::f32);
  const Tensor x = matmul(points, r.target.plane);
  const Tensor noise = denoiser.predict(diffusion::Prediction::noise, x, t, {0, points.size(0)});
  const auto arrows = matmul(noise, transpose(r.target.plane)).to_vector<double>();
  const auto at = points.to_vector<double>();
  // The longest arrow of an exact field is about as long as the window is wide; squeezing lengths
  // as l -> l/(1 + l) shows direction everywhere.
  const double unit = (w.x.high - w.x.low) / kArrows;
  report::VectorField out{.color = report::kInk, .opacity = 0.8};
  for (std::size_t i = 0; i < at.size(); i += 2) {
    const double length = std::hypot(arrows[i], arrows[i + 1]);
    const double scale = length > 0 ? -unit / (1 + length) : 0;
    out.x.push_back(at[i]);
    out.y.push_back(at[i + 1]);
    out.dx.push_back(scale * arrows[i]);
    out.dy.push_back(scale * arrows[i + 1]);
  }
  return out;
}

Figure scores_figure(const Results& r) {
  const NoGrad guard;
  const diffusion::SchedulePtr path = gallery_path();
  const Window w = window(r.target);
  const GaussianMixture law = in_plane(r.target);
  Figure figure{.name = "scores",
                .title = "The exact score and the learned ones",
                .caption =
                    "The field s(t) ∇log pₜ (arrows) over the density of x at time t (blue), of "
                    "each source. A length l is drawn as l/(1 + l), in units of the lattice. " +
                    axes(r.target),
                .columns = 3,
                .aspect = 1,
                .width = 900};
  for (const SourceResult& source : r.sources) {
    for (const double t : {0.02, 0.15, 0.4}) {
      Panel panel{
          .title = source.source.name + ", t = " + rounded(t, 2), .x_range = w.x, .y_range = w.y};
      panel.add(density(law.marginal(path->a(t), path->s(t)), w));
      panel.add(field(r, *source.source.denoiser, t));
      figure.panels.push_back(std::move(panel));
    }
  }
  return figure;
}

}  // namespace

std::vector<report::Figure> make_figures(const Results& r) {
  const report::HeatMap background = density(in_plane(r.target), window(r.target));
  std::vector<Figure> figures;
  for (const SourceResult& source : r.sources)
    figures.push_back(samples_figure(r, source, background));
  figures.push_back(scores_figure(r));
  return figures;
}

}  // namespace ito::gallery
