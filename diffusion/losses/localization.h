// The localization loss E|| x - m_hat(t x + sqrt(t) z; t) ||^2 over random times.
#pragma once

#include <functional>

#include "autograd/random.h"
#include "autograd/tensor.h"
#include "diffusion/denoiser.h"

namespace ito::diffusion {

// alpha ~ U[alpha_min, alpha_max], t = tan^2(alpha). Uniform alpha is not uniform t: the weight
// proportional to dt, and so to the path's KL, is 2 tan(alpha) / cos^2(alpha).
struct LocalizationLossOptions {
  double alpha_min = 0;
  double alpha_max = 1.5607963267948966;                 // pi/2 - 0.01
  std::function<double(double alpha)> weight = nullptr;  // 1 if absent
};

struct LocalizationBatch {
  Tensor y;       // [B, n], t x + sqrt(t) z
  Tensor alpha;   // [B]
  Tensor weight;  // [B, 1]; undefined if every weight is 1
};

// Draws alpha and then z for each row of x [B, n], f32 or f64. Nothing is recorded.
LocalizationBatch localize(const Tensor& x, Generator& rng,
                           const LocalizationLossOptions& options = {});

// The mean over rows and coordinates (0-dim), differentiable in what the network depends on.
Tensor localization_loss(const LocalizationNetwork& network, const Tensor& x /*[B, n]*/,
                         Generator& rng, const LocalizationLossOptions& options = {});

}  // namespace ito::diffusion
