#include "diffusion/divergence.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "autograd/grad_mode.h"
#include "autograd/ops.h"
#include "diffusion/answer.h"
#include "diffusion/layered_jacobian.h"

namespace ito::diffusion {
namespace {

constexpr Index kRowsAtOnce = 256;

// `copies` of the rows of x [B, n], one copy after the other: [copies * B, n].
Tensor repeat(const Tensor& x, Index copies) {
  if (copies == 1) return x;
  const Index rows = x.size(0), n = x.size(1);
  return reshape(expand(unsqueeze(x, 0), {copies, rows, n}), {copies * rows, n});
}

// f on a repeated batch, recorded once, and v' J v for as many batches of directions as wanted.
class QuadraticForm {
 public:
  QuadraticForm(const Function& f, const Tensor& x, Index copies, bool reverse)
      : rows_(x.size(0)), copies_(copies), reverse_(reverse), record_(grad_enabled()) {
    const GradMode on(true);
    if (record_ && x.requires_grad()) {
      x_ = repeat(x, copies);
      // The tangents start at x_, which must then be a node of its own.
      if (x_.same_as(x)) x_ = 1.0 * x;
    } else {
      x_ = contiguous(repeat(x.detach(), copies)).detach().set_requires_grad();
    }
    y_ = checked_answer(f(x_), x_, "divergence");
  }

  Tensor value() const {
    const GradMode mode(record_);
    const Tensor y = record_ ? y_ : y_.detach();
    return copies_ == 1 ? y : slice(y, 0, 0, rows_);
  }

  // v [copies, B, n] -> [copies, B].
  Tensor operator()(const Tensor& v) const {
    const GradMode mode(record_);
    const Tensor direction = reshape(v, x_.shape());
    return reshape(sum(direction * product(direction), {1}), {copies_, rows_});
  }

 private:
  Tensor product(const Tensor& v) const {
    if (!y_.requires_grad()) return zeros_like(v);
    if (!reverse_) return jvp(y_, x_, v);
    const Tensor outputs[] = {y_}, cotangents[] = {v}, inputs[] = {x_};
    const Tensor pulled =
        vjp(outputs, cotangents, inputs,
            {.retain_graph = true, .create_graph = record_, .allow_unused = true})[0];
    return pulled.defined() ? pulled : zeros_like(v);
  }

  Index rows_, copies_;
  bool reverse_, record_;
  Tensor x_, y_;
};

// Where f's structure shows in its graph; see DivergenceMethod::exact.
std::optional<Divergence> by_layers(const Function& f, const Tensor& x) {
  const bool record = grad_enabled(), in_x = record && x.requires_grad();
  Tensor at = in_x ? x : contiguous(x.detach()).detach().set_requires_grad();
  Tensor y;
  {
    const GradMode on(true);
    if (in_x) at = 1.0 * x;  // a node of its own, where the Jacobian starts
    y = checked_answer(f(at), x, "divergence");
  }
  const std::optional<LayeredJacobian> jacobian = layered_jacobian(y, at);
  if (!jacobian) return {};
  // Derivatives with respect to a point that asked for none would cost the backward pass a product.
  if (!in_x) at.set_requires_grad(false);
  return Divergence{record ? y : y.detach(), trace(*jacobian, x), zeros({x.size(0)}, x.dtype()),
                    Tensor()};
}

// Units `first`, ..., first + count - 1 of n for each of B rows, [count, B, n]; zero beyond n.
Tensor unit_directions(Index first, Index count, const Shape& shape, DType dtype) {
  const Index rows = shape[0], n = shape[1];
  Tensor v = zeros({count, rows, n}, dtype);
  visit_floating(dtype, "divergence", [&](auto zero) {
    using T = decltype(zero);
    T* out = v.mutable_data<T>();
    for (Index c = 0; c < std::min(count, n - first); ++c)
      for (Index r = 0; r < rows; ++r) out[(c * rows + r) * n + first + c] = 1;
  });
  return v;
}

Index chunk_size(Index wanted, Index directions, Index rows) {
  check(wanted >= 0, "divergence: the chunk is ", wanted);
  if (wanted == 0) wanted = kRowsAtOnce / std::max(rows, Index{1});
  return std::clamp(wanted, Index{1}, directions);
}

Divergence exact(const Function& f, const Tensor& x, const DivergenceOptions& options) {
  if (options.method == DivergenceMethod::exact) {
    if (std::optional<Divergence> found = by_layers(f, x)) return *std::move(found);
  }
  const Index n = x.size(1);
  const Index chunk = chunk_size(options.chunk, n, x.size(0));
  const QuadraticForm form(f, x, chunk, options.method == DivergenceMethod::exact_reverse);
  Tensor total;
  for (Index first = 0; first < n; first += chunk) {
    const Tensor part = sum(form(unit_directions(first, chunk, x.shape(), x.dtype())), {0});
    total = total.defined() ? total + part : part;
  }
  return {form.value(), total, zeros({x.size(0)}, x.dtype()), Tensor()};
}

// s / sqrt(K) over the probes.
Tensor standard_error(const Tensor& samples) {
  const NoGrad guard;
  const Index probes = samples.size(0);
  if (probes == 1) {
    return full({samples.size(1)}, std::numeric_limits<double>::quiet_NaN(), samples.dtype());
  }
  const Tensor deviation = samples - mean(samples, {0}, true);
  return sqrt(sum(square(deviation), {0}) / static_cast<double>(probes * (probes - 1)));
}

Divergence hutchinson(const Function& f, const Tensor& x, const DivergenceOptions& options) {
  Tensor v = options.directions;
  if (!v.defined()) {
    check(options.rng != nullptr, "divergence: random probes need a generator");
    v = draw_probes(options.probes, x.shape(), options.probe, *options.rng, x.dtype());
  }
  check(v.rank() == 3 && v.size(0) >= 1 && v.size(1) == x.size(0) && v.size(2) == x.size(1),
        "divergence: probes of shape ", v.shape(), " for x of shape ", x.shape());
  const Index probes = v.size(0), chunk = chunk_size(options.chunk, probes, x.size(0));
  const QuadraticForm form(f, x, chunk, false);
  std::vector<Tensor> parts;
  for (Index first = 0; first < probes; first += chunk) {
    const Index count = std::min(chunk, probes - first);
    Tensor directions = slice(v, 0, first, first + count);
    if (count < chunk) directions = pad(directions, 0, 0, chunk - count);
    parts.push_back(slice(form(contiguous(directions)), 0, 0, count));
  }
  const Tensor samples = concatenate(parts, 0);
  return {form.value(), mean(samples, {0}), standard_error(samples), samples};
}

}  // namespace

Divergence divergence(const Function& f, const Tensor& x, const DivergenceOptions& options) {
  check(x.rank() == 2 && x.size(1) >= 1, "divergence: needs x of shape [B, n], got ", x.shape());
  return options.method == DivergenceMethod::hutchinson ? hutchinson(f, x, options)
                                                        : exact(f, x, options);
}

Tensor draw_probes(Index probes, const Shape& shape, Probe probe, Generator& rng, DType dtype) {
  check(probes >= 1 && shape.rank() == 2, "draw_probes: ", probes, " probes of shape ", shape);
  const NoGrad guard;
  const Index n = shape[1];
  Tensor v = randn({probes, shape[0], n}, rng, dtype);
  if (probe == Probe::rademacher)
    return where(less(v, 0.0), full({}, -1, dtype), full({}, 1, dtype));
  if (probe == Probe::sphere) return v * (std::sqrt(static_cast<double>(n)) / norm(v, {-1}, true));
  return v;
}

}  // namespace ito::diffusion
