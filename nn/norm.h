// Normalisation over the last dimension.
#pragma once

#include "nn/module.h"

namespace ito::nn {

struct NormOptions {
  double eps = 1e-5;   // added to the variance (the mean square)
  bool affine = true;  // learns a scale and, for LayerNorm, a shift
  DType dtype = DType::f32;
};

// (x - mean)/sqrt(var + eps) weight + bias (Ba et al., 2016), biased variance.
class LayerNorm : public Module {
 public:
  explicit LayerNorm(Index features, const NormOptions& options = {});

  Tensor forward(const Tensor& x /*[..., features]*/) const;

 private:
  Index features_;
  double eps_;
  Tensor weight_;  // [features], one at first; undefined unless affine
  Tensor bias_;    // [features], zero at first
};

// x/sqrt(mean x^2 + eps) weight (Zhang and Sennrich, 2019).
class RMSNorm : public Module {
 public:
  explicit RMSNorm(Index features, const NormOptions& options = {});

  Tensor forward(const Tensor& x /*[..., features]*/) const;

 private:
  Index features_;
  double eps_;
  Tensor weight_;
};

}  // namespace ito::nn
