// The Wasserstein distances W1 and W2 on the line, exactly.
#pragma once

#include <span>

#include "autograd/shape.h"
#include "diffusion/distributions/normal_mixture_1d.h"

namespace ito::diffusion {

// W1 = int |F_N(u) - F(u)| du between samples and a law, every segment in closed form. Infinite if
// a sample is not finite.
double wasserstein1(std::span<const double> samples, const NormalMixture1d& law);

// W1 between two sets of samples, of any sizes.
double wasserstein1(std::span<const double> samples, std::span<const double> others);

// W2 = (int |Q_N(p) - Q(p)|^2 dp)^(1/2), Q the quantile functions; every segment in closed form.
// Infinite if a sample is not finite.
double wasserstein2(std::span<const double> samples, const NormalMixture1d& law);
double wasserstein2(std::span<const double> samples, std::span<const double> others);

// W1 of `count` exact samples from their own law, to leading order in 1/count: sqrt(N)(F_N - F) is
// a Brownian bridge, so the mean is int sqrt(2/pi) sqrt(F(1-F)/N) du, and the variance the double
// integral of Cov(|B_s|, |B_t|).
struct SamplingFloor {
  double mean;
  double standard_deviation;
};
SamplingFloor wasserstein1_floor(const NormalMixture1d& law, Index count);

}  // namespace ito::diffusion
