// The low-noise limit of the localization loss along mu*, and the two ways section 8 departs from
// it. With mu = alpha mu*/||mu*||, Z ~ N(||mu*||, 1), T = tanh(alpha Z), times (1+t)^2, t -> inf:
//
//   exact         alpha^2 E[T^2] - 2 alpha E[T Z] + 2 alpha^2 E[1 - T^2]
//   noise_free    alpha^2 E[T^2] - 2 alpha E[T Z]     the noise is left out of the input
//   printed       alpha^2 E[T^2]                      and the cross term is dropped
#pragma once

namespace ito::diffusion {

enum class LowNoiseLoss { exact, noise_free, printed };

// Up to a constant in alpha.
double low_noise_loss(LowNoiseLoss kind, double alpha, double truth_norm);

// The alpha >= 0 that minimises it, in units of truth_norm, to about 1e-12 for truth_norm >= 0.01:
// 1 for `exact`, 0 for `printed`.
double low_noise_minimiser(LowNoiseLoss kind, double truth_norm);

}  // namespace ito::diffusion
