#include "nn/two_layer_denoiser.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "autograd/grad_mode.h"
#include "autograd/kernels/binary.h"
#include "autograd/kernels/gemm.h"
#include "autograd/ops/binary.h"
#include "autograd/ops/convert.h"
#include "autograd/ops/fused.h"
#include "autograd/ops/unary.h"
#include "autograd/ops/view.h"

namespace ito::nn {
namespace {

// y -> act(y first + first_bias) second + second_bias + skip y, first [n, m] and second [m, n].
class TwoLayers {
 public:
  TwoLayers(Activation activation, Tensor first, Tensor first_bias, Tensor second,
            Tensor second_bias, double skip)
      : activation_(activation),
        first_(std::move(first)),
        first_bias_(std::move(first_bias)),
        second_(std::move(second)),
        second_bias_(std::move(second_bias)),
        skip_(skip) {}

  Tensor operator()(const Tensor& y) const {
    NoGrad guard;
    const Index n = first_.size(0), rows = y.size(0);
    check(y.rank() == 2 && y.size(1) == n && y.dtype() == first_.dtype(),
          "TwoLayerDenoiser: needs y ", first_.dtype(), "[B, ", n, "], got ", y.dtype(), y.shape());
    const Tensor in = contiguous(y);
    Tensor out = empty(y.shape(), y.dtype());
    visit_floating(y.dtype(), "TwoLayerDenoiser", [&]<class T>(T) {
      for (Index r = 0; r < rows; r += kTileRows) {
        tile(std::min(kTileRows, rows - r), in.data<T>() + r * n, out.mutable_data<T>() + r * n);
      }
    });
    return out;
  }

 private:
  // Few enough that the hidden layer stays in the second-level cache, many enough to pay for
  // packing the weights.
  static constexpr Index kTileRows = 256;

  template <class T>
  void tile(Index rows, const T* y, T* out) const {
    const Index n = first_.size(0), m = first_.size(1);
    Tensor hidden = empty({rows, m}, dtype_of<T>);
    T* h = hidden.mutable_data<T>();
    kernels::gemm(false, false, rows, m, n, T(1), y, n, first_.data<T>(), m, T(0), h, m);
    const T* first_bias = first_bias_.data<T>();
    for (Index r = 0; r < rows; ++r, h += m) {
      kernels::binary(kernels::BinaryFn::add, h, false, first_bias, false, h, m);
      activate_in_place(activation_, h, m);
    }
    const T skip = static_cast<T>(skip_);
    const T* bias = second_bias_.data<T>();
    for (Index r = 0; r < rows; ++r) {
      for (Index j = 0; j < n; ++j) out[r * n + j] = bias[j] + skip * y[r * n + j];
    }
    kernels::gemm(false, false, rows, n, m, T(1), hidden.data<T>(), m, second_.data<T>(), n, T(1),
                  out, n);
  }

  Activation activation_;
  Tensor first_, first_bias_, second_, second_bias_;
  double skip_;
};

}  // namespace

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

std::function<Tensor(const Tensor&)> TwoLayerDenoiser::at(double alpha) const {
  NoGrad guard;
  const double cosine = std::cos(alpha), sine = std::sin(alpha);
  double in_scale = 1, out_scale = 1;
  if (options_.parametrisation == Parametrisation::corrected) {
    in_scale = sine == 0 ? 0 : cosine * cosine / sine;
    out_scale = cosine;
  }
  const std::vector<double> gates =
      time_.forward(embedding_.forward(full({1}, alpha, options_.dtype))).to_vector<double>();
  const Index m = options_.hidden;
  Tensor contracted;
  for (Index l = 0; l < options_.time_features; ++l) {
    const Tensor part = (out_scale * gates[static_cast<std::size_t>(l)]) *
                        slice(output_.weight(), 1, l * m, (l + 1) * m);
    contracted = l == 0 ? part : contracted + part;
  }
  return TwoLayers(options_.activation, in_scale * contiguous(transpose(input_.weight())),
                   detached_copy(input_.bias()), contiguous(transpose(contracted)),
                   out_scale * output_.bias(), cosine * cosine);
}

}  // namespace ito::nn
