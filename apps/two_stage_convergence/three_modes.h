// Three modes from a warm start: all three means by gradient descent at t = 1.
#pragma once

#include <vector>

#include "apps/two_stage_convergence/settings.h"

namespace ito::two_stage {

// Errors are the root of the sum of || mu_k - mu*_k ||^2 over the modes; index = steps done.
struct ThreeModes {
  double norm = 5;          // of every mean: an equilateral triangle in a plane
  double displacement = 2;  // of every mean at the warm start
  double t = 1;

  // Population gradient in the plane.
  double plane_rate = 3;
  std::vector<double> warm;
  std::vector<double> cold;  // two means start beside one mode, the third between the others

  // Stochastic gradients in d dimensions.
  double batch_rate = 1;
  std::vector<double> iterate;
  std::vector<double> average;  // of the iterates after average_from steps; NaN before
  std::vector<double> floor;    // its predicted error, 3 sqrt(d (1+t) / samples averaged over)
  Index average_from = 0;
};

ThreeModes run_three_modes(const Settings& settings);

}  // namespace ito::two_stage
