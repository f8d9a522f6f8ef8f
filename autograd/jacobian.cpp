#include "autograd/jacobian.h"

#include <algorithm>
#include <vector>

#include "autograd/grad_mode.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/view.h"

namespace ito {
namespace {

Shape joined(const Shape& a, const Shape& b) {
  Shape out = a;
  for (Index d : b) out.push_back(d);
  return out;
}

// Unit vectors first, ..., first + count - 1 of the space of `shape`: [count, shape].
Tensor unit_vectors(const Shape& shape, Index first, Index count, DType dtype) {
  const Index n = numel(shape);
  Tensor e = zeros({count, n}, dtype);
  visit_floating(dtype, "jacobian", [&]<class T>(T) {
    for (Index i = 0; i < count; ++i) e.mutable_data<T>()[i * n + first + i] = T(1);
  });
  return reshape(e, joined({count}, shape));
}

// One graph of f, differentiated along `count` unit vectors at a time.
class Passes {
 public:
  Passes(const Function& f, const Tensor& x, const JacobianOptions& options)
      : options_(options), batched_(options.chunk > 1), base_(x) {
    check(options.chunk >= 1, "jacobian: chunk must be positive, got ", options.chunk);
    check(is_floating(x.dtype()), "jacobian: needs a floating dtype, got ", x.dtype());
    // The result depends on x itself only where it can be differentiated further.
    if (!options.create_graph || !x.requires_grad()) base_ = x.detach().set_requires_grad();
    x_ = batched_ ? expand(base_, joined({options.chunk}, x.shape())) : base_;
    if (batched_ && !x_.requires_grad()) x_.set_requires_grad();
    y_ = f(x_);
    check(!batched_ || (y_.rank() > 0 && y_.size(0) == options.chunk),
          "jacobian: with chunk = ", options.chunk,
          " the function must map a batch of as many; it returned ", y_.shape());
  }

  Shape output_shape() const {
    Shape shape = y_.shape();
    if (batched_) shape.erase(0);
    return shape;
  }

  // [size of f(x), size of x].
  Tensor run() {
    const Shape y_shape = output_shape(), &x_shape = base_.shape();
    const bool reverse = options_.mode == DerivativeMode::reverse;
    const Index rows = numel(y_shape), columns = numel(x_shape);
    const Index total = reverse ? rows : columns, width = reverse ? columns : rows;
    // Tangents have the dtype of f(x), gradients that of x.
    const DType dtype = reverse ? base_.dtype() : y_.dtype();
    if (total == 0 || !y_.requires_grad()) return zeros({rows, columns}, dtype);
    std::vector<Tensor> pieces;
    for (Index first = 0; first < total; first += options_.chunk) {
      const Index count = std::min(options_.chunk, total - first);
      // The last chunk is filled up with repetitions, which are cut off again.
      const Index start = std::min(first, std::max<Index>(total - options_.chunk, 0));
      const Tensor piece =
          reshape(pass(reverse ? y_shape : x_shape, start, total), {options_.chunk, width});
      pieces.push_back(slice(piece, 0, first - start, first - start + count));
    }
    const Tensor all = concatenate(pieces, 0);
    return reverse ? all : transpose(all);
  }

 private:
  Tensor pass(const Shape& shape, Index start, Index total) {
    const Index count = std::min(options_.chunk, total);
    const bool forward = options_.mode == DerivativeMode::forward;
    const DType dtype = forward ? base_.dtype() : y_.dtype();
    Tensor e = unit_vectors(shape, start, count, dtype);
    if (count < options_.chunk) {
      Shape rest = e.shape();
      rest[0] = options_.chunk - count;
      e = concatenate({e, zeros(rest, dtype)}, 0);
    }
    if (!batched_) e = squeeze(e, 0);
    if (forward) return jvp(y_, x_, e);
    const Tensor g =
        vjp({&y_, 1}, {&e, 1}, {&x_, 1},
            {.retain_graph = true, .create_graph = options_.create_graph, .allow_unused = true})[0];
    return g.defined() ? g : zeros_like(x_);
  }

  JacobianOptions options_;
  bool batched_;
  Tensor base_;  // x
  Tensor x_;     // x, or a batch of it
  Tensor y_;
};

}  // namespace

Tensor jacobian(const Function& f, const Tensor& x, JacobianOptions options) {
  GradMode record(true);
  Passes passes(f, x, options);
  const Tensor j = reshape(passes.run(), joined(passes.output_shape(), x.shape()));
  return options.create_graph ? j : j.detach();
}

Tensor hessian(const Function& f, const Tensor& x, JacobianOptions options) {
  const bool batched = options.chunk > 1;
  const Function gradient = [&](const Tensor& at) {
    const Tensor y = f(at);
    check(y.shape() == (batched ? Shape{at.size(0)} : Shape{}) || (!batched && y.numel() == 1),
          "hessian: the function must return one number", batched ? " a member" : "",
          ", the shape is ", y.shape());
    const Tensor g = y.requires_grad()
                         ? grad(sum(y), {at}, {.create_graph = true, .allow_unused = true})[0]
                         : Tensor();
    return g.defined() ? g : zeros_like(at);
  };
  return jacobian(gradient, x, options);
}

}  // namespace ito
