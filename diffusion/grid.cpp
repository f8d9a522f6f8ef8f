#include "diffusion/grid.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "autograd/error.h"
#include "diffusion/schedule.h"

namespace ito::diffusion {
namespace {

// t_k = time(first + k (last - first)/(K - 1)).
template <class Time>
Grid spaced(Index points, double first, double last, const char* op, Time time) {
  check(points >= 2, op, ": needs at least 2 points, got ", points);
  Grid grid(static_cast<std::size_t>(points));
  const double step = (last - first) / static_cast<double>(points - 1);
  for (std::size_t k = 0; k < grid.size(); ++k)
    grid[k] = time(first + step * static_cast<double>(k));
  grid.back() = time(last);
  return grid;
}

void check_horizon(double t_max, const char* op) {
  check(t_max > 0 && std::isfinite(t_max), op, ": needs a finite T > 0, got ", t_max);
}

}  // namespace

Grid uniform(Index points, double t_max) {
  check_horizon(t_max, "uniform");
  return spaced(points, 0, t_max, "uniform", [](double t) { return t; });
}

Grid uniform_log1p(Index points, double t_max) {
  check_horizon(t_max, "uniform_log1p");
  Grid grid =
      spaced(points, 0, std::log1p(t_max), "uniform_log1p", [](double x) { return std::expm1(x); });
  grid.back() = t_max;
  return grid;
}

Grid uniform_angle(Index points, double alpha_max) {
  return uniform_angle(points, 0, alpha_max);
}

Grid uniform_angle(Index points, double alpha_min, double alpha_max) {
  check(0 <= alpha_min && alpha_min < alpha_max && alpha_max < std::numbers::pi / 2,
        "uniform_angle: needs 0 <= alpha_min < alpha_max < pi/2, got ", alpha_min, " and ",
        alpha_max);
  return spaced(points, alpha_min, alpha_max, "uniform_angle", t_from_alpha);
}

Grid join(const Grid& first, const Grid& second) {
  check_grid(first, "join");
  check_grid(second, "join");
  check(std::abs(first.back() - second.front()) <= 1e-9 * first.back(),
        "join: the first grid ends at ", first.back(), ", the second starts at ", second.front());
  Grid grid = first;
  grid.insert(grid.end(), second.begin() + 1, second.end());
  return grid;
}

void check_grid(std::span<const double> grid, const char* op) {
  check(grid.size() >= 2, op, ": a grid needs at least 2 points, got ", grid.size());
  check(grid.front() >= 0 && std::isfinite(grid.back()), op, ": a grid lies in [0, inf), got ",
        grid.front(), " to ", grid.back());
  for (std::size_t k = 1; k < grid.size(); ++k) {
    check(grid[k - 1] < grid[k], op, ": a grid increases, got ", grid[k - 1], " then ", grid[k],
          " at point ", k);
  }
}

}  // namespace ito::diffusion
