// The two-layer denoiser for stochastic localization: Algorithm 1 of the case study.
#pragma once

#include <functional>

#include "autograd/random.h"
#include "nn/activation.h"
#include "nn/linear.h"
#include "nn/module.h"
#include "nn/time_embedding.h"

namespace ito::nn {

enum class Parametrisation {
  plain,      // m = f(y, alpha) + cos^2(alpha) y
  corrected,  // m = cos(alpha) f(X, alpha) + cos^2(alpha) y, X = y cos^2(alpha)/sin(alpha)
};

struct TwoLayerDenoiserOptions {
  Index n = 128;            // dimension of the data
  Index hidden = 256;       // m
  Index time_features = 3;  // L
  Index frequencies = 21;   // of the Fourier embedding
  Activation activation = Activation::tanh;
  Parametrisation parametrisation = Parametrisation::plain;
  DType dtype = DType::f32;
};

// Estimates the posterior mean E[x_0 | y_t = y] for y_t = t x_0 + sqrt(t) z with t = tan^2(alpha):
//
//   s = Linear(2 frequencies, L)(phi(alpha)),  x1 = act(Linear(n, m)(x)),
//   f(x, alpha) = Linear(L m, n)(s outer x1).
//
// The corrected parametrisation feeds f the unit-scale X = y/sqrt(t (t + 1)) and asks it for a
// unit-scale target, where plain feeds y itself, which grows like t. At alpha = 0, where y = 0,
// X = 0. Parameters: time.*, input.*, output.*.
class TwoLayerDenoiser : public Module {
 public:
  TwoLayerDenoiser(const TwoLayerDenoiserOptions& options, Generator& rng);

  Tensor forward(const Tensor& y /*[B, n]*/, const Tensor& alpha /*[B]*/) const;  // [B, n]

  // y [B, n] -> forward(y, alpha) up to rounding, for one alpha and the parameters of this moment.
  // The gates, then constants, are contracted into one output matrix in place of L: sum_l s_l W_l.
  // Nothing is recorded; the function may be called from several threads.
  std::function<Tensor(const Tensor&)> at(double alpha) const;

  const TwoLayerDenoiserOptions& options() const { return options_; }

 private:
  TwoLayerDenoiserOptions options_;
  FourierTimeEmbedding embedding_;
  Linear time_;
  Linear input_;
  Linear output_;
};

}  // namespace ito::nn
