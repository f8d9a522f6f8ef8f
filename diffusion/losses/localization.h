// The localization loss E|| x - m_hat(t x + sqrt(t) z; t) ||^2 over random times.
#pragma once

#include <functional>

#include "autograd/random.h"
#include "autograd/tensor.h"
#include "diffusion/denoiser.h"

namespace ito::diffusion {

// A law of the angle on [alpha_min, alpha_max]: a mixture of three.
struct AngleLaw {
  // Density proportional to tan(alpha). With the weight 1/cos^2(alpha) it gives the path's KL: the
  // error of f in m_hat = cos^2 y + cos f is sampled in proportion to dt cos^2(alpha).
  double path_share = 0;
  // Uniform on [alpha_min, early_end], where the nonlinearity of few well-separated modes lives.
  double early_share = 0;
  double early_end = 0.4;
  // The rest is uniform on the whole.

  // The angle of a number u in [0, 1): which component, and the place in it.
  double operator()(double u, double alpha_min, double alpha_max) const;
};

// t = tan^2(alpha). By default alpha ~ U[alpha_min, alpha_max]. Uniform alpha is not uniform t: the
// weight proportional to dt, and so to the path's KL, is 2 tan(alpha) / cos^2(alpha).
struct LocalizationLossOptions {
  double alpha_min = 0;
  double alpha_max = 1.5607963267948966;                 // pi/2 - 0.01
  std::function<double(double alpha)> weight = nullptr;  // 1 if absent
  AngleLaw law = {};
  bool stratified = false;  // row r of B draws its angle from the r-th of B equal shares of the law
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
