// Time grids: increasing times t_0 < t_1 < ... < t_{K-1}; a sampler takes K - 1 steps along them.
#pragma once

#include <span>
#include <vector>

#include "autograd/shape.h"

namespace ito::diffusion {

using Grid = std::vector<double>;

// K >= 2 points from t = 0 to T.
Grid uniform(Index points, double t_max);        // equal steps of t
Grid uniform_log1p(Index points, double t_max);  // equal steps of log(1 + t)

// K >= 2 points, t = tan^2(alpha) with equal steps of alpha in [alpha_min, alpha_max] inside
// [0, pi/2). From 0, this is the cosine schedule of the equivalent Ornstein-Uhlenbeck process.
Grid uniform_angle(Index points, double alpha_max);
Grid uniform_angle(Index points, double alpha_min, double alpha_max);

// The first grid continued by the second, which must start where the first ends (to 1e-9
// relatively; the point appears once).
Grid join(const Grid& first, const Grid& second);

// Throws unless the grid has two points or more, all finite, strictly increasing, from t_0 >= 0.
void check_grid(std::span<const double> grid, const char* op);

}  // namespace ito::diffusion
