// Projections of samples onto and across a direction.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "autograd/tensor.h"

namespace ito::diffusion {

// u_i = <x_i, a> / ||a||^2 for x [N, n], a [n]; in f64.
std::vector<double> project(const Tensor& x, std::span<const double> a);

// The mean variance of the n - 1 directions orthogonal to a: the mean over samples of
// ||x_perp - mean||^2 / (n - 1), unbiased. Rows marked in `exclude` (empty, or [N]) are left out:
// pass SampleResult::diverged, and report their number beside it. A non-finite row that is not
// excluded makes the result NaN.
double orthogonal_variance(const Tensor& x /*[N, n]*/, std::span<const double> a,
                           std::span<const std::uint8_t> exclude = {});

}  // namespace ito::diffusion
