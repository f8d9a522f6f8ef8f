#include "autograd/ops/statistics.h"

#include "autograd/ops/axes.h"
#include "autograd/ops/binary.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/unary.h"

namespace ito {
namespace {

Axes every_axis(const Tensor& x) {
  Axes axes;
  for (int i = 0; i < x.rank(); ++i) axes.push_back(i);
  return axes;
}

// The root has no derivative at 0: where s vanishes, nothing passes through it.
Tensor root(const Tensor& s) {
  const Tensor zero = scalar(0, s.dtype());
  const Tensor vanishes = equal(s, zero);
  return where(vanishes, zero, sqrt(where(vanishes, scalar(1, s.dtype()), s)));
}

}  // namespace

Tensor var(const Tensor& x, const Axes& axes, VarianceOptions options) {
  check(is_floating(x.dtype()), "var: needs a floating dtype, got ", x.dtype());
  const Index n = detail::count_along(x.shape(), detail::axis_mask(x, axes, "var"));
  check(n > options.correction, "var: ", n, " values and a correction of ", options.correction,
        " leave nothing to divide by");
  const Tensor squares = square(x - mean(x, axes, true));
  return sum(squares, axes, options.keep_dims) * (1 / static_cast<double>(n - options.correction));
}
Tensor var(const Tensor& x) {
  return var(x, every_axis(x));
}

Tensor stddev(const Tensor& x, const Axes& axes, VarianceOptions options) {
  check(is_floating(x.dtype()), "stddev: needs a floating dtype, got ", x.dtype());
  return root(var(x, axes, options));
}
Tensor stddev(const Tensor& x) {
  return stddev(x, every_axis(x));
}

Tensor norm(const Tensor& x, const Axes& axes, bool keep_dims) {
  check(is_floating(x.dtype()), "norm: needs a floating dtype, got ", x.dtype());
  detail::axis_mask(x, axes, "norm");
  return root(sum(square(x), axes, keep_dims));
}
Tensor norm(const Tensor& x) {
  return norm(x, every_axis(x));
}

}  // namespace ito
