// Time grids t_0, ..., t_{K-1}: a sampler takes K - 1 steps along them, from noise to data. Grids
// between two times lead from `first` to `last`, whichever is the larger.
#pragma once

#include <span>
#include <vector>

#include "autograd/shape.h"
#include "diffusion/schedule.h"

namespace ito::diffusion {

using Grid = std::vector<double>;

// K >= 2 points from t = 0 to T.
Grid uniform(Index points, double t_max);        // equal steps of t
Grid uniform_log1p(Index points, double t_max);  // equal steps of log(1 + t)

// K >= 2 points, t = tan^2(alpha) with equal steps of alpha in [alpha_min, alpha_max] inside
// [0, pi/2). From 0, this is the cosine schedule of the equivalent Ornstein-Uhlenbeck process.
Grid uniform_angle(Index points, double alpha_max);
Grid uniform_angle(Index points, double alpha_min, double alpha_max);

// K >= 2 points between two times of any order.
Grid uniform(Index points, double first, double last);
Grid geometric(Index points, double first, double last);  // equal ratios; both > 0

// On a path: equal steps of the log-SNR, and equal steps of (s/a)^(1/rho) (Karras et al. 2022).
// Both ends need a and s positive.
Grid uniform_log_snr(Index points, const Schedule& path, double first, double last);
Grid karras(Index points, const Schedule& path, double first, double last, double rho = 7);

// From delta > 0 equal ratios up to `middle`, then equal steps to `last`: `points` points, of which
// the part `geometric_share` in (0, 1) is geometric. Increasing; delta < middle < last.
Grid geometric_then_uniform(Index points, double delta, double middle, double last,
                            double geometric_share = 0.5);

Grid reversed(Grid grid);
// Every time `times` times over: levels for Langevin samplers.
Grid repeat(const Grid& grid, Index times);

// The first grid continued by the second, which must start where the first ends (to 1e-9
// relatively; the point appears once). Both run the same way.
Grid join(const Grid& first, const Grid& second);

// Throws unless the grid has two points or more, all finite, strictly increasing, from t_0 >= 0.
void check_grid(std::span<const double> grid, const char* op);
// Throws unless the grid has two points or more, all inside the path, and never turns from data
// back to noise.
void check_path_grid(std::span<const double> grid, const Schedule& path, const char* op);

}  // namespace ito::diffusion
