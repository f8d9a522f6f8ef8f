#include "autograd/ops/softmax.h"

#include "autograd/graph/op.h"
#include "autograd/kernels/softmax.h"
#include "autograd/ops/axes.h"
#include "autograd/ops/binary.h"
#include "autograd/ops/convert.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/view.h"

namespace ito {
namespace {

using detail::axis_mask;
using detail::AxisMask;
using detail::Fold;
using detail::has_axis;
using detail::without_axes;

// x as [outer, len, inner] with the axes of the mask in the middle. Where they are not
// neighbours, they are moved to the end; `order` then says how, and is empty otherwise.
struct Arranged {
  Tensor x;
  Fold fold;
  Axes order;
};
Arranged arrange(const Tensor& x, AxisMask mask) {
  int begin = 0;
  while (begin < x.rank() && !has_axis(mask, begin)) ++begin;
  int end = begin;
  while (end < x.rank() && has_axis(mask, end)) ++end;
  if ((mask >> end) == 0) {
    return {contiguous(x.detach()), detail::fold(x.shape(), begin, end), {}};
  }
  Axes order;
  for (int i = 0; i < x.rank(); ++i) {
    if (!has_axis(mask, i)) order.push_back(i);
  }
  const int kept = order.rank();
  for (int i = 0; i < x.rank(); ++i) {
    if (has_axis(mask, i)) order.push_back(i);
  }
  const Tensor moved = contiguous(permute(x.detach(), order));
  return {moved, detail::fold(moved.shape(), kept, x.rank()), order};
}

Tensor restore(const Tensor& y, const Axes& order) {
  if (order.empty()) return y;
  Axes inverse = order;
  for (int i = 0; i < order.rank(); ++i) inverse[static_cast<int>(order[i])] = i;
  return contiguous(permute(y, inverse));
}

Axes to_axes(AxisMask mask, int rank) {
  Axes axes;
  for (int i = 0; i < rank; ++i) {
    if (has_axis(mask, i)) axes.push_back(i);
  }
  return axes;
}

Tensor softmax_over(const Tensor& x, AxisMask mask);

// J = diag(y) - y y', symmetric.
struct Softmax final : Op {
  static constexpr const char* kName = "softmax";
  explicit Softmax(AxisMask axes) : mask(axes) {}
  const char* name() const override { return kName; }
  Tensor product(const Tensor& y, const Tensor& v) const {
    return y * (v - sum(y * v, to_axes(mask, y.rank()), true));
  }
  Tensor vjp(const Call& c, const Tensor& g, int) const override { return product(c.out, g); }
  Tangent jvp(const Call& c, Tangents t) const override {
    return map(t[0], [&](const Tensor& v) { return product(c.out, v); });
  }
  AxisMask mask;
};

// d log sum e^x = <softmax x, dx>
struct LogSumExp final : Op {
  static constexpr const char* kName = "logsumexp";
  LogSumExp(AxisMask axes, bool keep) : mask(axes), keep_dims(keep) {}
  const char* name() const override { return kName; }
  Tensor vjp(const Call& c, const Tensor& g, int) const override {
    const Tensor& x = c.in[0];
    return reshape(g, without_axes(x.shape(), mask, true)) * softmax_over(x, mask);
  }
  Tangent jvp(const Call& c, Tangents t) const override {
    const Tensor& x = c.in[0];
    return map(t[0], [&](const Tensor& v) {
      return sum(v * softmax_over(x, mask), to_axes(mask, x.rank()), keep_dims);
    });
  }
  AxisMask mask;
  bool keep_dims;
};

Tensor softmax_over(const Tensor& x, AxisMask mask) {
  const Arranged a = arrange(x, mask);
  Tensor y = empty(a.x.shape(), x.dtype());
  visit_floating(x.dtype(), "softmax", [&]<class T>(T) {
    kernels::softmax(a.x.data<T>(), a.fold.outer, a.fold.len, a.fold.inner, y.mutable_data<T>());
  });
  return apply<Softmax>(restore(y, a.order), {x}, mask);
}

}  // namespace

Tensor logsumexp(const Tensor& x, const Axes& axes, bool keep_dims) {
  const AxisMask mask = axis_mask(x, axes, "logsumexp");
  const Arranged a = arrange(x, mask);
  Tensor y = empty(without_axes(x.shape(), mask, keep_dims), x.dtype());
  visit_floating(x.dtype(), "logsumexp", [&]<class T>(T) {
    kernels::logsumexp(a.x.data<T>(), a.fold.outer, a.fold.len, a.fold.inner, y.mutable_data<T>());
  });
  return apply<LogSumExp>(std::move(y), {x}, mask, keep_dims);
}

Tensor softmax(const Tensor& x, const Axes& axes) {
  return softmax_over(x, axis_mask(x, axes, "softmax"));
}

Tensor log_softmax(const Tensor& x, const Axes& axes) {
  axis_mask(x, axes, "log_softmax");
  check(is_floating(x.dtype()), "log_softmax: needs a floating dtype, got ", x.dtype());
  return x - logsumexp(x, axes, true);
}

}  // namespace ito
