// Optimiser steps over flat buffers, one pass over memory each.
#pragma once

#include <cstdint>

#include "autograd/shape.h"

namespace ito::kernels {

struct AdamWStep {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0;
  double grad_scale = 1;  // multiplies the gradient, e.g. by a clipping factor
  std::int64_t step = 1;  // 1 at the first call
};

// AdamW (Loshchilov and Hutter, 2019) with PyTorch's semantics; all buffers are [n]:
//   g = grad_scale g,  p -= lr weight_decay p,
//   m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2,
//   p -= lr / (1 - beta1^step) * m / (sqrt(v) / sqrt(1 - beta2^step) + eps),
//   ema = ema_decay ema + (1 - ema_decay) p, if ema is not null.
// Each element's result depends on that element only, so callers may shard freely. T is float or
// double.
template <class T>
void adamw(const AdamWStep& s, T* p, const T* g, T* m, T* v, T* ema, double ema_decay, Index n);

// ema = ema_decay ema + (1 - ema_decay) p alone, with the bytes that adamw gives it.
template <class T>
void move_average(const T* p, T* ema, double ema_decay, Index n);

}  // namespace ito::kernels
