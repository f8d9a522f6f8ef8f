// Population gradients of the two-mode students and the maps they are compared with. By symmetry
// every one of them sends mu into the span of mu and mu*, with coefficients that depend on
// ||mu||^2, <mu, mu*> and one-dimensional expectations; these are exact to about 1e-15,
// E[tanh] relative to the root of the signal.
#pragma once

#include <span>
#include <vector>

#include "diffusion/two_stage/student.h"

namespace ito::diffusion {

// ||mu||^2 and <mu, mu*>.
struct Overlap {
  double norm_squared = 0;
  double product = 0;
};
Overlap overlap(std::span<const double> mu, std::span<const double> truth);

// of_mu * mu + of_truth * mu*.
struct InSpan {
  double of_mu = 0;
  double of_truth = 0;
};
std::vector<double> combine(InSpan v, std::span<const double> mu, std::span<const double> truth);

// L(mu) less a constant that does not depend on mu.
double population_loss(const TwoModeStudent& student, Overlap at);
// dL/dmu.
InSpan population_gradient(const TwoModeStudent& student, Overlap at);

// Its limit as the signal vanishes, with an error of the next order in signal():
//   localization  4t [ ||mu||^2 mu - <mu, mu*> mu* ] + O(t^2)
//   ddpm          the same with t -> e^-4t, and with 4 alone for the gradient in mu_t
InSpan high_noise_gradient(const TwoModeStudent& student, Overlap at);

// One step of power iteration with shrinkage, mu - rate * high_noise_gradient:
// ((1 - r ||mu||^2) I + r mu* mu*^T) mu.
InSpan power_iteration_step(const TwoModeStudent& student, double rate, Overlap at);

// The M-step of expectation maximisation, E[tanh(<mu, X>) X] with X ~ N(mu*, I).
InSpan em_step(Overlap at);

// Curvatures of L at mu = mu*, along mu* and across it.
struct Curvature {
  double along = 0;
  double across = 0;
};
Curvature curvature_at_truth(const TwoModeStudent& student, double truth_norm);

// The mean square deviation at which stochastic gradient descent settles in one direction of a
// quadratic: rate * variance / (curvature (2 - rate * curvature)), `variance` that of the gradient.
double stationary_variance(double rate, double curvature, double variance);

}  // namespace ito::diffusion
