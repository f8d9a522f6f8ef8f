#include "diffusion/grid.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "autograd/error.h"

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

// Both ends to the last digit, whatever the clock in between rounded them to.
Grid with_ends(Grid grid, double first, double last) {
  grid.front() = first;
  grid.back() = last;
  return grid;
}

void check_noise_and_signal(const Schedule& path, double first, double last, const char* op) {
  check(std::isfinite(path.log_snr(first)) && std::isfinite(path.log_snr(last)) && first != last,
        op, ": needs two different times with noise and signal, got ", first, " and ", last);
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

Grid uniform(Index points, double first, double last) {
  check(std::isfinite(first) && std::isfinite(last) && first != last,
        "uniform: needs two different finite times, got ", first, " and ", last);
  return spaced(points, first, last, "uniform", [](double t) { return t; });
}

Grid geometric(Index points, double first, double last) {
  check(first > 0 && last > 0 && std::isfinite(first) && std::isfinite(last) && first != last,
        "geometric: needs two different finite times > 0, got ", first, " and ", last);
  Grid grid = spaced(points, std::log(first), std::log(last), "geometric",
                     [](double x) { return std::exp(x); });
  return with_ends(std::move(grid), first, last);
}

Grid uniform_log_snr(Index points, const Schedule& path, double first, double last) {
  check_noise_and_signal(path, first, last, "uniform_log_snr");
  Grid grid = spaced(points, path.log_snr(first), path.log_snr(last), "uniform_log_snr",
                     [&](double lambda) { return path.t_from_log_snr(lambda); });
  return with_ends(std::move(grid), first, last);
}

Grid karras(Index points, const Schedule& path, double first, double last, double rho) {
  check(rho > 0, "karras: rho > 0, got ", rho);
  check_noise_and_signal(path, first, last, "karras");
  const auto root = [&](double t) { return std::exp(-0.5 * path.log_snr(t) / rho); };
  Grid grid = spaced(points, root(first), root(last), "karras",
                     [&](double r) { return path.t_from_log_snr(-2 * rho * std::log(r)); });
  return with_ends(std::move(grid), first, last);
}

Grid geometric_then_uniform(Index points, double delta, double middle, double last,
                            double geometric_share) {
  check(0 < delta && delta < middle && middle < last && std::isfinite(last),
        "geometric_then_uniform: needs 0 < delta < middle < T, got ", delta, ", ", middle, " and ",
        last);
  check(points >= 3 && geometric_share > 0 && geometric_share < 1,
        "geometric_then_uniform: needs at least 3 points and a share in (0, 1), got ", points,
        " and ", geometric_share);
  const auto steps = static_cast<double>(points - 1);
  const Index near =
      std::clamp<Index>(static_cast<Index>(std::lround(geometric_share * steps)), 1, points - 2);
  return join(geometric(near + 1, delta, middle), uniform(points - near, middle, last));
}

Grid reversed(Grid grid) {
  std::ranges::reverse(grid);
  return grid;
}

Grid repeat(const Grid& grid, Index times) {
  check(times >= 1, "repeat: needs at least one time, got ", times);
  Grid out;
  for (const double t : grid) out.insert(out.end(), static_cast<std::size_t>(times), t);
  return out;
}

Grid join(const Grid& first, const Grid& second) {
  check(first.size() >= 2 && second.size() >= 2, "join: grids of ", first.size(), " and ",
        second.size(), " points; both need 2");
  check(std::abs(first.back() - second.front()) <= 1e-9 * std::abs(first.back()),
        "join: the first grid ends at ", first.back(), ", the second starts at ", second.front());
  Grid grid = first;
  grid.insert(grid.end(), second.begin() + 1, second.end());
  const bool increases = grid.front() < grid.back();
  for (std::size_t k = 1; k < grid.size(); ++k) {
    check(increases ? grid[k - 1] < grid[k] : grid[k - 1] > grid[k], "join: ", grid[k - 1],
          " then ", grid[k], " at point ", k, " of a grid from ", grid.front(), " to ",
          grid.back());
  }
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

void check_path_grid(std::span<const double> grid, const Schedule& path, const char* op) {
  check(grid.size() >= 2, op, ": a grid needs at least 2 points, got ", grid.size());
  for (std::size_t k = 0; k < grid.size(); ++k) {
    check(std::isfinite(grid[k]) && grid[k] >= path.t_min() && grid[k] <= path.t_max(), op,
          ": t = ", grid[k], " at point ", k, " lies outside the path [", path.t_min(), ", ",
          path.t_max(), "]");
    check(k == 0 || (path.signal_grows() ? grid[k - 1] <= grid[k] : grid[k - 1] >= grid[k]), op,
          ": a grid leads from noise to data, got ", k == 0 ? 0 : grid[k - 1], " then ", grid[k],
          " at point ", k);
  }
}

}  // namespace ito::diffusion
