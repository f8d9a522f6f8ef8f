#include "diffusion/distributions/targets.h"

#include <cmath>
#include <numbers>
#include <vector>

#include "autograd/error.h"

namespace ito::diffusion {

GaussianMixture circle_of_modes(Index modes, double radius, double std) {
  check(modes >= 1, "circle_of_modes: needs at least one mode, got ", modes);
  const auto count = static_cast<std::size_t>(modes);
  std::vector<double> means;
  for (std::size_t k = 0; k < count; ++k) {
    const double angle = 2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(modes);
    means.push_back(radius * std::cos(angle));
    means.push_back(radius * std::sin(angle));
  }
  return GaussianMixture::isotropic(std::vector<double>(count, 1.0), std::move(means),
                                    std::vector<double>(count, std * std));
}

GaussianMixture eight_modes() {
  return circle_of_modes(8, 2, 0.2);
}

}  // namespace ito::diffusion
