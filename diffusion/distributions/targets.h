// Standard mixtures to learn and sample.
#pragma once

#include "diffusion/distributions/gaussian_mixture.h"

namespace ito::diffusion {

// `modes` equal modes N(., std^2 I) evenly on a circle in the plane, the first at (radius, 0).
GaussianMixture circle_of_modes(Index modes, double radius, double std);
// Eight modes at radius 2 with standard deviation 0.2.
GaussianMixture eight_modes();

}  // namespace ito::diffusion
