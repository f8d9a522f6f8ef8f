// Exact errors of the localization samplers with the exact posterior mean of two modes.
#pragma once

#include <span>

#include "autograd/shape.h"
#include "diffusion/distributions/two_modes.h"

namespace ito::diffusion {

enum class LocalizationScheme { euler_maruyama, semi_linear };

// KL(true path law || law of the scheme's path) on the grid, in nats. Girsanov: half the integrated
// mean square of the difference of drifts. Both m and gamma are martingales, hence on a step
//   Euler-Maruyama (m frozen):    mmse(t_k) - mmse(t)
//   semi-linear (gamma frozen):   ||a||^2 (v(t_k) - v(t)) / (1+t)^2.
double kl_discretisation(const TwoModes& law, std::span<const double> grid,
                         LocalizationScheme scheme);

// The variance of Y_T / T in a direction orthogonal to a, by the scheme's recursion; the target is
// 1 + 1/T.
double orthogonal_variance_of_scheme(std::span<const double> grid, LocalizationScheme scheme);

// KL(N(0, (1 + 1/T) I) || N(0, I)) in n dimensions: what stopping at T costs for one mode.
double kl_terminal(Index n, double t_max);

// KL(Bernoulli(p) || Bernoulli(q)).
double kl_bernoulli(double p, double q);

}  // namespace ito::diffusion
