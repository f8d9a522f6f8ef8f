// Sliced Wasserstein distances: the mean over random directions of the distance on the line.
#pragma once

#include <cstdint>

#include "autograd/tensor.h"
#include "diffusion/distributions/gaussian_mixture.h"

namespace ito::diffusion {

struct SlicedWassersteinOptions {
  Index projections = 100;
  std::uint64_t seed = 0;  // fixes the directions, so that distances can be compared
};

// Infinite if a sample is not finite.
struct SlicedWasserstein {
  double w1;  // mean of W1
  double w2;  // root of the mean of W2^2
};

// x [N, n] against y [M, n], or against the exact law.
SlicedWasserstein sliced_wasserstein(const Tensor& x, const Tensor& y,
                                     const SlicedWassersteinOptions& options = {});
SlicedWasserstein sliced_wasserstein(const Tensor& x, const GaussianMixture& law,
                                     const SlicedWassersteinOptions& options = {});

}  // namespace ito::diffusion
