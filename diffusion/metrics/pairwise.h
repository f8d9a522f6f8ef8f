// Two-sample distances from all pairwise distances: energy distance and MMD. O(N^2 n).
#pragma once

#include "autograd/tensor.h"

namespace ito::diffusion {

// 2 E|X - Y| - E|X - X'| - E|Y - Y'|, unbiased, so it may be slightly negative; zero in expectation
// only for equal laws (Szekely and Rizzo). NaN if a sample is not finite. x [N, n], y [M, n], N and
// M at least 2.
double energy_distance(const Tensor& x, const Tensor& y);

// The median of |X - Y| over the pairs of at most 1,000 rows of each, evenly spaced.
double median_distance(const Tensor& x, const Tensor& y);

struct MmdOptions {
  double bandwidth = 0;  // 0: median_distance
};
// The unbiased estimate of MMD^2 for the kernel exp(-|x - y|^2/(2 bandwidth^2)) (Gretton et al.
// 2012, equation 3); it may be slightly negative. NaN if a sample is not finite.
double mmd_squared(const Tensor& x, const Tensor& y, const MmdOptions& options = {});

}  // namespace ito::diffusion
