#include "nn/optim/clip.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "autograd/grad_mode.h"
#include "autograd/kernels/reduce.h"
#include "autograd/ops/activation.h"
#include "autograd/ops/binary.h"
#include "autograd/ops/convert.h"
#include "autograd/parallel.h"

namespace ito::nn {
namespace {

// In pieces that threads may share; the bytes do not depend on how many do.
template <class T>
double sum_squares(const T* x, Index n) {
  if (n <= kWorthAThread) return kernels::sum_squares(x, n);
  Tensor pieces = empty({(n + kWorthAThread - 1) / kWorthAThread}, DType::f64);
  double* sums = pieces.mutable_data<double>();
  parallel_for_pieces(n, kWorthAThread, [&](Index at, Index count) {
    sums[at / kWorthAThread] = kernels::sum_squares(x + at, count);
  });
  return std::accumulate(sums, sums + pieces.numel(), 0.0);
}

}  // namespace

double grad_norm(std::span<const Tensor> parameters) {
  NoGrad guard;
  double total = 0;
  for (const Tensor& p : parameters) {
    if (!p.grad().defined()) continue;
    const Tensor g = contiguous(p.grad());
    visit_floating(g.dtype(), "grad_norm",
                   [&]<class T>(T) { total += sum_squares(g.data<T>(), g.numel()); });
  }
  return std::sqrt(total);
}

double clip_factor(double norm, double max_norm) {
  check(max_norm > 0, "clip_factor: max_norm must be positive, got ", max_norm);
  return std::min(1.0, max_norm / (norm + 1e-6));
}

double clip_grad_norm(std::span<const Tensor> parameters, double max_norm) {
  const double norm = grad_norm(parameters);
  const double factor = clip_factor(norm, max_norm);
  if (factor == 1) return norm;
  NoGrad guard;
  for (Tensor p : parameters) {
    if (p.grad().defined()) p.set_grad(p.grad() * factor);
  }
  return norm;
}

void clip_grad_value(std::span<const Tensor> parameters, double bound) {
  check(bound > 0, "clip_grad_value: the bound must be positive, got ", bound);
  NoGrad guard;
  for (Tensor p : parameters) {
    if (p.grad().defined()) p.set_grad(clamp(p.grad(), -bound, bound));
  }
}

}  // namespace ito::nn
