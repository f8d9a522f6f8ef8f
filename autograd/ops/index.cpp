#include "autograd/ops/index.h"

#include <initializer_list>

#include "autograd/graph/op.h"
#include "autograd/kernels/indexing.h"
#include "autograd/ops/axes.h"
#include "autograd/ops/convert.h"
#include "autograd/ops/view.h"

namespace ito {
namespace {

using detail::Fold;
using detail::fold;

bool records(std::initializer_list<Operand> inputs) {
  return detail::should_record(inputs);
}

// The positions, packed and found to be in [0, size). To `keep` them is to copy them: rules use
// them again unchecked.
Tensor checked_index(const Tensor& index, Index size, const char* op, bool keep) {
  check(index.defined() && index.dtype() == DType::i64, op, ": positions must be i64, got ",
        index.defined() ? name(index.dtype()) : "nothing");
  Tensor packed = contiguous(index);
  if (keep && packed.same_as(index)) packed = detached_copy(index);
  const auto* at = packed.data<std::int64_t>();
  for (Index i = 0; i < packed.numel(); ++i) {
    check(at[i] >= 0 && at[i] < size, op, ": position ", at[i], " on an axis of size ", size);
  }
  return packed;
}

Shape with_size(Shape shape, int axis, Index size) {
  shape[axis] = size;
  return shape;
}

Tensor select_at(const Tensor& x, int axis, const Tensor& index);
Tensor add_at(const Tensor& source, int axis, const Tensor& index, Index size);
Tensor gather_at(const Tensor& x, int axis, const Tensor& index);
Tensor scatter_at(const Tensor& x, int axis, const Tensor& index, const Tensor& source);

// select_at and add_at (into zeros) are each other's transposes.
struct IndexSelect final : Op {
  static constexpr const char* kName = "index_select";
  IndexSelect(int along, Tensor positions) : axis(along), index(std::move(positions)) {}
  const char* name() const override { return kName; }
  Tensor vjp(const Call& c, const Tensor& g, int) const override {
    return add_at(g, axis, index, c.in[0].shape()[axis]);
  }
  Tangent jvp(const Call&, Tangents t) const override {
    return map(t[0], [&](const Tensor& x) { return select_at(x, axis, index); });
  }
  int axis;
  Tensor index;
};

struct IndexAdd final : Op {
  static constexpr const char* kName = "index_add";
  IndexAdd(int along, Tensor positions) : axis(along), index(std::move(positions)) {}
  const char* name() const override { return kName; }
  Tensor vjp(const Call&, const Tensor& g, int) const override { return select_at(g, axis, index); }
  Tangent jvp(const Call& c, Tangents t) const override {
    return map(t[0], [&](const Tensor& x) { return add_at(x, axis, index, c.out.shape()[axis]); });
  }
  int axis;
  Tensor index;
};

struct Gather final : Op {
  static constexpr const char* kName = "gather";
  Gather(int along, Tensor positions) : axis(along), index(std::move(positions)) {}
  const char* name() const override { return kName; }
  Tensor vjp(const Call& c, const Tensor& g, int) const override {
    return scatter_at(zeros_like(c.in[0]), axis, index, g);
  }
  Tangent jvp(const Call&, Tangents t) const override {
    return map(t[0], [&](const Tensor& x) { return gather_at(x, axis, index); });
  }
  int axis;
  Tensor index;
};

// y = x + S source, S the transpose of gather.
struct ScatterAdd final : Op {
  static constexpr const char* kName = "scatter_add";
  ScatterAdd(int along, Tensor positions) : axis(along), index(std::move(positions)) {}
  const char* name() const override { return kName; }
  Tensor vjp(const Call&, const Tensor& g, int i) const override {
    return i == 0 ? g : gather_at(g, axis, index);
  }
  Tangent jvp(const Call& c, Tangents t) const override {
    if (!t[1].defined()) return t[0];
    return scatter_at(t[0].defined() ? t[0].value() : zeros_like(c.out), axis, index, t[1].value());
  }
  int axis;
  Tensor index;
};

Tensor select_at(const Tensor& x, int axis, const Tensor& index) {
  const Tensor source = contiguous(x.detach());
  const Fold f = fold(x.shape(), axis, axis + 1);
  Tensor y = empty(with_size(x.shape(), axis, index.numel()), x.dtype());
  visit(x.dtype(), [&]<class T>(T) {
    kernels::index_select(source.data<T>(), f.outer, f.len, f.inner, index.data<std::int64_t>(),
                          index.numel(), y.mutable_data<T>());
  });
  return apply<IndexSelect>(std::move(y), {x}, axis, index);
}

Tensor add_at(const Tensor& source, int axis, const Tensor& index, Index size) {
  const Tensor packed = contiguous(source.detach());
  Tensor y = zeros(with_size(source.shape(), axis, size), source.dtype());
  const Fold f = fold(y.shape(), axis, axis + 1);
  visit(source.dtype(), [&]<class T>(T) {
    kernels::index_add(packed.data<T>(), f.outer, f.len, f.inner, index.data<std::int64_t>(),
                       index.numel(), y.mutable_data<T>());
  });
  return apply<IndexAdd>(std::move(y), {source}, axis, index);
}

Tensor gather_at(const Tensor& x, int axis, const Tensor& index) {
  const Tensor source = contiguous(x.detach());
  const Fold f = fold(x.shape(), axis, axis + 1);
  Tensor y = empty(index.shape(), x.dtype());
  visit(x.dtype(), [&]<class T>(T) {
    kernels::gather(source.data<T>(), f.outer, f.len, f.inner, index.data<std::int64_t>(),
                    index.shape()[axis], y.mutable_data<T>());
  });
  return apply<Gather>(std::move(y), {x}, axis, index);
}

Tensor scatter_at(const Tensor& x, int axis, const Tensor& index, const Tensor& source) {
  const Tensor packed = contiguous(source.detach());
  Tensor y = empty(x.shape(), x.dtype());
  y.copy_(x);
  const Fold f = fold(x.shape(), axis, axis + 1);
  visit(x.dtype(), [&]<class T>(T) {
    kernels::scatter_add(packed.data<T>(), f.outer, f.len, f.inner, index.data<std::int64_t>(),
                         index.shape()[axis], y.mutable_data<T>());
  });
  return apply<ScatterAdd>(std::move(y), {x, source}, axis, index);
}

// The index has x's shape but for the axis.
void check_aligned(const Tensor& x, const Tensor& index, int axis, const char* op) {
  check(index.defined() && index.rank() == x.rank() &&
            with_size(x.shape(), axis, index.shape()[axis]) == index.shape(),
        op, " along axis ", axis, ": positions of shape ", index.shape(), " for ", x.shape());
}

}  // namespace

Tensor index_select(const Tensor& x, Index axis, const Tensor& index) {
  const int along = normalize_axis(axis, x.rank(), "index_select");
  check(index.rank() == 1, "index_select: positions must have one dimension, not ", index.shape());
  return select_at(x, along, checked_index(index, x.shape()[along], "index_select", records({x})));
}

Tensor gather(const Tensor& x, Index axis, const Tensor& index) {
  const int along = normalize_axis(axis, x.rank(), "gather");
  check_aligned(x, index, along, "gather");
  return gather_at(x, along, checked_index(index, x.shape()[along], "gather", records({x})));
}

Tensor take_along(const Tensor& x, const Tensor& index, Index axis) {
  const int along = normalize_axis(axis, x.rank(), "take_along");
  check(index.rank() == x.rank(), "take_along: positions of shape ", index.shape(), " for ",
        x.shape());
  const Shape shape = broadcast_shapes(with_size(x.shape(), along, 1),
                                       with_size(index.shape(), along, 1), "take_along");
  return gather(expand(x, with_size(shape, along, x.shape()[along])), along,
                expand(index, with_size(shape, along, index.shape()[along])));
}

Tensor scatter_add(const Tensor& x, Index axis, const Tensor& index, const Tensor& source) {
  const int along = normalize_axis(axis, x.rank(), "scatter_add");
  check(x.dtype() == source.dtype(), "scatter_add: dtypes differ: ", x.dtype(), " and ",
        source.dtype());
  check_aligned(x, index, along, "scatter_add");
  check(source.shape() == index.shape(), "scatter_add: source ", source.shape(), " and positions ",
        index.shape(), " differ in shape");
  const bool keep = records({x, source});
  return scatter_at(x, along, checked_index(index, x.shape()[along], "scatter_add", keep), source);
}

Tensor one_hot(const Tensor& index, Index classes, DType dtype) {
  const Tensor at = checked_index(index, classes, "one_hot", false);
  Shape shape = index.shape();
  shape.push_back(classes);
  Tensor y = zeros(shape, dtype);
  visit(dtype, [&]<class T>(T) {
    T* row = y.mutable_data<T>();
    for (Index i = 0; i < at.numel(); ++i, row += classes) row[at.data<std::int64_t>()[i]] = T(1);
  });
  return y;
}

}  // namespace ito
