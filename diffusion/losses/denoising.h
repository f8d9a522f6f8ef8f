// Denoising score matching (Vincent 2011) at one noise level, and over levels (NCSN).
#pragma once

#include <vector>

#include "autograd/random.h"
#include "autograd/transforms.h"
#include "diffusion/prediction.h"

namespace ito::diffusion {

struct DenoisingOptions {
  // Subtracts what has mean zero given x: 2 <score(x), z>/sigma and (||z||^2 - n)/sigma^2. At small
  // sigma these are nearly all of the variance, of the loss as of its gradient; the price is a
  // second evaluation, at x. (After Wang et al. 2020.)
  bool control_variate = false;
};

// || score(x + sigma z) + z/sigma ||^2, z ~ N(0, I): summed over coordinates, averaged over rows.
Tensor denoising_score_matching(const Function& score, const Tensor& x /*[B, n]*/, double sigma,
                                Generator& rng, const DenoisingOptions& options = {});

// sigma^2 || score(x + sigma z, sigma) + z/sigma ||^2 with sigma uniform on `sigmas` for each row:
// in expectation 1/L of the sum over the levels (Song and Ermon 2019).
Tensor ncsn_loss(const Network& score, const Tensor& x /*[B, n]*/,
                 const std::vector<double>& sigmas, Generator& rng);

// L levels in geometric progression, descending.
std::vector<double> geometric_sigmas(double sigma_max, double sigma_min, Index levels);

}  // namespace ito::diffusion
