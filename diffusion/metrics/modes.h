// Weight, location and spread of the two modes of one-dimensional samples.
#pragma once

#include <span>

#include "autograd/shape.h"
#include "diffusion/distributions/normal_mixture_1d.h"

namespace ito::diffusion {

struct ModeStatistics {
  double weight;     // share of the upper mode: samples at or above the threshold
  double weight_se;  // binomial standard error
  double mean_high, mean_low;
  double std_high, std_low;
  Index outliers;    // see below
  double threshold;  // the midpoint of the two means of the law
};

struct ModeOptions {
  double outlier_stds = 6;  // an exact sample is an outlier with probability 2e-9
};

// Against a law of two modes. An outlier is a sample that is not finite, or farther than
// outlier_stds stds of the law from both means. Outliers count in the weight (NaN excepted: it has
// no side) and in `outliers`, but not in the conditional means and stds, which one runaway sample
// would otherwise decide. A mode without samples has NaN mean and std.
ModeStatistics mode_statistics(std::span<const double> samples, const NormalMixture1d& law,
                               const ModeOptions& options = {});

}  // namespace ito::diffusion
