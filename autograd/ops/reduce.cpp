#include "autograd/ops/reduce.h"

#include "autograd/grad_mode.h"
#include "autograd/graph/op.h"
#include "autograd/kernels/reduce.h"
#include "autograd/ops/axes.h"
#include "autograd/ops/binary.h"
#include "autograd/ops/convert.h"
#include "autograd/ops/view.h"

namespace ito {
namespace {

using detail::all_axes;
using detail::axis_mask;
using detail::AxisMask;
using detail::count_along;
using detail::Fold;
using detail::fold;
using detail::has_axis;
using detail::without_axes;
using kernels::ReduceFn;

// Folds each run of neighbouring reduced axes into one pass of the kernel.
Tensor evaluate(ReduceFn f, const Tensor& x, AxisMask mask, bool keep_dims) {
  const Shape result = without_axes(x.shape(), mask, keep_dims);
  Tensor y = contiguous(x.detach());
  Shape shape = x.shape();
  visit_floating(x.dtype(), kernels::name(f), [&]<class T>(T) {
    for (int end = shape.rank(); end > 0;) {
      int begin = end - 1;
      if (!has_axis(mask, begin)) {
        end = begin;
        continue;
      }
      while (begin > 0 && has_axis(mask, begin - 1)) --begin;
      const Fold folded = fold(shape, begin, end);
      for (int i = begin; i < end; ++i) shape[i] = 1;
      Tensor reduced = empty(shape, x.dtype());
      kernels::reduce(f, y.data<T>(), folded.outer, folded.len, folded.inner,
                      reduced.mutable_data<T>());
      y = reduced;
      end = begin;
    }
  });
  return alias(y, result, contiguous_strides(result));
}

struct Sum final : Op {
  static constexpr const char* kName = "sum";
  Sum(AxisMask axes, bool keep) : mask(axes), keep_dims(keep) {}
  const char* name() const override { return kName; }
  Tensor vjp(const Call& c, const Tensor& g, int) const override {
    const Shape& shape = c.in[0].shape();
    return expand(reshape(g, without_axes(shape, mask, true)), shape);
  }
  Tangent jvp(const Call&, Tangents t) const override {
    return map(t[0], [&](const Tensor& x) { return of(x, mask, keep_dims); });
  }
  static Tensor of(const Tensor& x, AxisMask mask, bool keep_dims) {
    return apply<Sum>(evaluate(ReduceFn::sum, x, mask, keep_dims), {x}, mask, keep_dims);
  }
  AxisMask mask;
  bool keep_dims;
};

// dy = sum over the elements that attain y of dx / (their number).
struct Extremum : Op {
  Extremum(AxisMask axes, bool keep) : mask(axes), keep_dims(keep) {}
  Tensor share(const Call& c) const {
    NoGrad guard;
    const Shape kept = without_axes(c.in[0].shape(), mask, true);
    const Tensor attained = equal(c.in[0], reshape(c.out, kept));
    return attained / Sum::of(attained, mask, true);
  }
  Tensor vjp(const Call& c, const Tensor& g, int) const override {
    return reshape(g, without_axes(c.in[0].shape(), mask, true)) * share(c);
  }
  Tangent jvp(const Call& c, Tangents t) const override {
    return map(t[0], [&](const Tensor& x) { return Sum::of(x * share(c), mask, keep_dims); });
  }
  AxisMask mask;
  bool keep_dims;
};
struct Max final : Extremum {
  static constexpr const char* kName = "max";
  using Extremum::Extremum;
  const char* name() const override { return kName; }
};
struct Min final : Extremum {
  static constexpr const char* kName = "min";
  using Extremum::Extremum;
  const char* name() const override { return kName; }
};

Tensor max_over(const Tensor& x, AxisMask mask, bool keep_dims) {
  return apply<Max>(evaluate(ReduceFn::max, x, mask, keep_dims), {x}, mask, keep_dims);
}
Tensor min_over(const Tensor& x, AxisMask mask, bool keep_dims) {
  return apply<Min>(evaluate(ReduceFn::min, x, mask, keep_dims), {x}, mask, keep_dims);
}

// A tree of pairwise products. Its derivative needs no division, hence no case for zeros.
Tensor prod_over(const Tensor& x, AxisMask mask, bool keep_dims) {
  check(is_floating(x.dtype()), "prod: needs a floating dtype, got ", x.dtype());
  Axes order;
  Shape kept;
  for (int i = 0; i < x.rank(); ++i) {
    if (has_axis(mask, i)) continue;
    order.push_back(i);
    kept.push_back(x.shape()[i]);
  }
  for (int i = 0; i < x.rank(); ++i) {
    if (has_axis(mask, i)) order.push_back(i);
  }
  Index len = count_along(x.shape(), mask);
  const Index rest = numel(kept);
  Tensor y = reshape(permute(x, order), {rest, len});
  if (len == 0) return Sum::of(x, mask, keep_dims) + 1;
  for (; len > 1; len = y.size(1)) {
    const Index half = len / 2;
    const Tensor pairs = slice(y, 1, 0, half) * slice(y, 1, half, 2 * half);
    y = len % 2 == 0 ? pairs : concatenate({pairs, slice(y, 1, len - 1)}, 1);
  }
  return reshape(y, without_axes(x.shape(), mask, keep_dims));
}

struct Cumsum final : Op {
  static constexpr const char* kName = "cumsum";
  Cumsum(int along, bool backwards) : axis(along), reverse(backwards) {}
  const char* name() const override { return kName; }
  Tensor vjp(const Call&, const Tensor& g, int) const override { return cumsum(g, axis, !reverse); }
  Tangent jvp(const Call&, Tangents t) const override {
    return map(t[0], [&](const Tensor& x) { return cumsum(x, axis, reverse); });
  }
  int axis;
  bool reverse;
};

Tensor position(const Tensor& x, int axis, bool keep_dims, bool largest) {
  const char* op = largest ? "argmax" : "argmin";
  const Tensor source = contiguous(x.detach());
  const Fold f = fold(x.shape(), axis, axis + 1);
  check(f.len > 0, op, ": axis ", axis, " of shape ", x.shape(), " is empty");
  Tensor y = empty(without_axes(x.shape(), 1U << axis, keep_dims), DType::i64);
  visit_floating(x.dtype(), op, [&]<class T>(T) {
    auto* out = y.mutable_data<std::int64_t>();
    if (largest) {
      kernels::argmax(source.data<T>(), f.outer, f.len, f.inner, out);
    } else {
      kernels::argmin(source.data<T>(), f.outer, f.len, f.inner, out);
    }
  });
  return y;
}

Tensor any_over(const Tensor& x, AxisMask mask, bool keep_dims) {
  check(is_floating(x.dtype()), "any: needs a floating dtype, got ", x.dtype());
  NoGrad guard;
  return greater(Sum::of(not_equal(x, scalar(0, x.dtype())), mask, keep_dims), 0.0);
}
Tensor all_over(const Tensor& x, AxisMask mask, bool keep_dims) {
  check(is_floating(x.dtype()), "all: needs a floating dtype, got ", x.dtype());
  NoGrad guard;
  return less_equal(Sum::of(equal(x, scalar(0, x.dtype())), mask, keep_dims), 0.0);
}

}  // namespace

Tensor sum(const Tensor& x) {
  return Sum::of(x, all_axes(x.rank()), false);
}
Tensor sum(const Tensor& x, const Axes& axes, bool keep_dims) {
  return Sum::of(x, axis_mask(x, axes, "sum"), keep_dims);
}
Tensor mean(const Tensor& x) {
  check(is_floating(x.dtype()), "mean: needs a floating dtype, got ", x.dtype());
  return sum(x) * (1 / static_cast<double>(x.numel()));
}
Tensor mean(const Tensor& x, const Axes& axes, bool keep_dims) {
  const AxisMask mask = axis_mask(x, axes, "mean");
  check(is_floating(x.dtype()), "mean: needs a floating dtype, got ", x.dtype());
  return Sum::of(x, mask, keep_dims) * (1 / static_cast<double>(count_along(x.shape(), mask)));
}

Tensor prod(const Tensor& x) {
  return prod_over(x, all_axes(x.rank()), false);
}
Tensor prod(const Tensor& x, const Axes& axes, bool keep_dims) {
  return prod_over(x, axis_mask(x, axes, "prod"), keep_dims);
}
Tensor max(const Tensor& x) {
  return max_over(x, all_axes(x.rank()), false);
}
Tensor max(const Tensor& x, const Axes& axes, bool keep_dims) {
  return max_over(x, axis_mask(x, axes, "max"), keep_dims);
}
Tensor min(const Tensor& x) {
  return min_over(x, all_axes(x.rank()), false);
}
Tensor min(const Tensor& x, const Axes& axes, bool keep_dims) {
  return min_over(x, axis_mask(x, axes, "min"), keep_dims);
}

Tensor argmax(const Tensor& x) {
  return position(flatten(x), 0, false, true);
}
Tensor argmax(const Tensor& x, Index axis, bool keep_dims) {
  return position(x, normalize_axis(axis, x.rank(), "argmax"), keep_dims, true);
}
Tensor argmin(const Tensor& x) {
  return position(flatten(x), 0, false, false);
}
Tensor argmin(const Tensor& x, Index axis, bool keep_dims) {
  return position(x, normalize_axis(axis, x.rank(), "argmin"), keep_dims, false);
}

Tensor any(const Tensor& x) {
  return any_over(x, all_axes(x.rank()), false);
}
Tensor any(const Tensor& x, const Axes& axes, bool keep_dims) {
  return any_over(x, axis_mask(x, axes, "any"), keep_dims);
}
Tensor all(const Tensor& x) {
  return all_over(x, all_axes(x.rank()), false);
}
Tensor all(const Tensor& x, const Axes& axes, bool keep_dims) {
  return all_over(x, axis_mask(x, axes, "all"), keep_dims);
}

Tensor sum_to(const Tensor& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  check(broadcast_shapes(shape, x.shape(), "sum_to") == x.shape(), "sum_to: ", shape,
        " does not broadcast to ", x.shape());
  AxisMask mask = 0;
  const int shift = x.rank() - shape.rank();
  for (int i = 0; i < x.rank(); ++i) {
    if (i < shift || shape[i - shift] != x.shape()[i]) mask |= 1U << i;
  }
  return reshape(Sum::of(x, mask, true), shape);
}

Tensor cumsum(const Tensor& x, Index axis, bool reverse) {
  const int along = normalize_axis(axis, x.rank(), "cumsum");
  const Tensor source = contiguous(x.detach());
  const Fold f = fold(x.shape(), along, along + 1);
  Tensor y = empty(x.shape(), x.dtype());
  visit_floating(x.dtype(), "cumsum", [&]<class T>(T) {
    kernels::cumsum(source.data<T>(), f.outer, f.len, f.inner, y.mutable_data<T>(), reverse);
  });
  return apply<Cumsum>(std::move(y), {x}, along, reverse);
}

}  // namespace ito
