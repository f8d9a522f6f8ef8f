#include "nn/two_layer_denoiser.h"

#include "autograd/ops/binary.h"
#include "autograd/ops/fused.h"
#include "autograd/ops/unary.h"
#include "autograd/ops/view.h"

namespace ito::nn {

TwoLayerDenoiser::TwoLayerDenoiser(const TwoLayerDenoiserOptions& o, Generator& rng)
    : options_(o),
      embedding_(o.frequencies, o.dtype),
      time_(add("time", Linear(2 * o.frequencies, o.time_features, rng, {.dtype = o.dtype}))),
      input_(add("input", Linear(o.n, o.hidden, rng, {.dtype = o.dtype}))),
      output_(add("output", Linear(o.time_features * o.hidden, o.n, rng, {.dtype = o.dtype}))) {}

Tensor TwoLayerDenoiser::forward(const Tensor& y, const Tensor& alpha) const {
  check(y.rank() == 2 && y.size(1) == options_.n, "TwoLayerDenoiser: needs y [B, ", options_.n,
        "], got ", y.shape());
  check(alpha.rank() == 1 && alpha.size(0) == y.size(0), "TwoLayerDenoiser: needs alpha [",
        y.size(0), "], got ", alpha.shape());
  const bool corrected = options_.parametrisation == Parametrisation::corrected;
  const Tensor cosine = cos(unsqueeze(alpha, 1));  // [B, 1]
  const Tensor linear_part = square(cosine) * y;

  Tensor x = y;
  if (corrected) {
    const Tensor sine = sin(unsqueeze(alpha, 1));
    const Tensor at_zero = equal(sine, zeros_like(sine));
    x = where(at_zero, zeros_like(sine), 1 / where(at_zero, ones_like(sine), sine)) * linear_part;
  }
  const Tensor gates = time_.forward(embedding_.forward(alpha));
  const Tensor features = activate(options_.activation, input_.forward(x));
  const Tensor f = gated_linear(gates, features, output_.weight(), output_.bias());
  return (corrected ? cosine * f : f) + linear_part;
}

}  // namespace ito::nn
