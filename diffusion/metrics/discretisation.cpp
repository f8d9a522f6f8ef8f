#include "diffusion/metrics/discretisation.h"

#include <cmath>

#include "autograd/error.h"
#include "diffusion/grid.h"

namespace ito::diffusion {

double kl_discretisation(const TwoModes& law, std::span<const double> grid,
                         LocalizationScheme scheme) {
  check_grid(grid, "kl_discretisation");
  const auto n = static_cast<double>(law.dimension());
  const double norm = law.norm_squared();
  double twice = 0;
  for (std::size_t k = 1; k < grid.size(); ++k) {
    const double t = grid[k - 1], s = grid[k], h = s - t;
    const double label = law.label_variance(t);
    const double integral = law.integrated_label_variance(t, s);
    if (scheme == LocalizationScheme::euler_maruyama) {
      const double ratio = h / (1 + t);
      twice +=
          n * (ratio - std::log1p(ratio)) + norm * (label * h / ((1 + t) * (1 + t)) - integral);
    } else {
      // int_t^s du/(1+u)^2 = h/((1+t)(1+s))
      twice += norm * (label * h / ((1 + t) * (1 + s)) - integral);
    }
  }
  return 0.5 * twice;
}

double orthogonal_variance_of_scheme(std::span<const double> grid, LocalizationScheme scheme) {
  check_grid(grid, "orthogonal_variance_of_scheme");
  check(grid.front() == 0, "orthogonal_variance_of_scheme: the grid starts at ", grid.front());
  double variance = 0;
  for (std::size_t k = 1; k < grid.size(); ++k) {
    const double t = grid[k - 1], s = grid[k], h = s - t;
    const double growth = 1 + h / (1 + t);
    const double noise = scheme == LocalizationScheme::euler_maruyama ? h : h * growth;
    variance = growth * growth * variance + noise;
  }
  return variance / (grid.back() * grid.back());
}

double kl_terminal(Index n, double t_max) {
  check(t_max > 0, "kl_terminal: T > 0, got ", t_max);
  const double x = 1 / t_max;
  // x - log(1 + x), whose terms cancel where x is small
  const double gap = x < 1e-4 ? x * x * (1.0 / 2 - x * (1.0 / 3 - x / 4)) : x - std::log1p(x);
  return 0.5 * static_cast<double>(n) * gap;
}

double kl_bernoulli(double p, double q) {
  check(p >= 0 && p <= 1 && q >= 0 && q <= 1, "kl_bernoulli: probabilities ", p, " and ", q);
  const auto term = [](double x, double y) { return x == 0 ? 0.0 : x * std::log(x / y); };
  return term(p, q) + term(1 - p, 1 - q);
}

}  // namespace ito::diffusion
