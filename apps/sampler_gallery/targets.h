// The distributions of the gallery. All are Gaussian mixtures, of many narrow modes where the shape
// is not one, so that the exact score of each is known.
#pragma once

#include <string>
#include <vector>

#include "diffusion/distributions/gaussian_mixture.h"

namespace ito::gallery {

struct Target {
  std::string name;
  diffusion::GaussianMixture law;
  std::vector<Index> part;  // [K]: the part of the picture that each mode belongs to
  // Orthonormal rows [2, n] of the plane that is drawn, and half the width of its window.
  Tensor plane;
  double window;
  double centre_x = 0;
};

std::vector<std::string> target_names();
Target make_target(const std::string& name);

// The law of the coordinates in the plane; the modes' covariances are isotropic.
diffusion::GaussianMixture in_plane(const Target& target);

}  // namespace ito::gallery
