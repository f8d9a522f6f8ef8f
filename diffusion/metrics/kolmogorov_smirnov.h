// The one-sample Kolmogorov-Smirnov test.
#pragma once

#include <span>

#include "diffusion/distributions/normal_mixture_1d.h"

namespace ito::diffusion {

struct KolmogorovSmirnov {
  double statistic;  // sup |F_N - F|
  double p_value;    // asymptotic law with Stephens' correction for N
};

// Infinite samples count; NaN counts as +inf.
KolmogorovSmirnov kolmogorov_smirnov(std::span<const double> samples, const NormalMixture1d& law);

// P(sqrt(N) D > x) in the limit: 2 sum_{k>=1} (-1)^{k-1} exp(-2 k^2 x^2).
double kolmogorov_survival(double x);

}  // namespace ito::diffusion
