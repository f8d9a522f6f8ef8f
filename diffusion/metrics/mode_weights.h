// The weights of any number of modes in any dimension, with confidence intervals.
#pragma once

#include <span>
#include <vector>

#include "autograd/tensor.h"
#include "diffusion/distributions/gaussian_mixture.h"

namespace ito::diffusion {

// Wilson's score interval of a proportion: inside [0, 1], and sound for few successes.
struct Proportion {
  double value;  // successes/trials; NaN without trials
  double low, high;
};
Proportion wilson_interval(Index successes, Index trials, double z = 1.959963984540054);

struct ModeWeights {
  std::vector<Index> count;        // of each part
  std::vector<Proportion> weight;  // of all samples
  std::vector<double> expected;    // the law's weights
  std::vector<Index> label;        // of each sample; -1 where it is not finite
  Index not_finite = 0;
  // The largest |weight - expected|; NaN without samples.
  double worst() const;
};

// Each sample counts for its most probable mode under the law; where modes overlap, even exact
// samples do not give the law's weights. `part` [K] groups the modes, as numbers 0, ..., P - 1;
// empty: each mode is a part of its own. Samples that are not finite count for no part but lower
// every weight.
ModeWeights mode_weights(const Tensor& x /*[N, n]*/, const GaussianMixture& law,
                         std::span<const Index> part = {});

}  // namespace ito::diffusion
