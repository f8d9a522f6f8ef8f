#include "autograd/ops/arrange.h"

#include <algorithm>
#include <cmath>

#include "autograd/graph/op.h"
#include "autograd/kernels/strided.h"
#include "autograd/ops/binary.h"
#include "autograd/ops/convert.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/view.h"

namespace ito {
namespace {

// The diagonal of the last two axes, as a view that records nothing.
Tensor diagonal_view(const Tensor& x, Index offset) {
  const Index rows = x.size(-2), columns = x.size(-1);
  const Index row = x.strides()[x.rank() - 2], column = x.strides()[x.rank() - 1];
  const Index skip_rows = std::max<Index>(-offset, 0), skip_columns = std::max<Index>(offset, 0);
  const Index count = std::max<Index>(std::min(rows - skip_rows, columns - skip_columns), 0);
  Shape shape = x.shape();
  Strides strides = x.strides();
  shape.erase(shape.rank() - 1);
  strides.erase(strides.rank() - 1);
  shape[shape.rank() - 1] = count;
  strides[strides.rank() - 1] = row + column;
  return alias(x, shape, strides, count > 0 ? skip_rows * row + skip_columns * column : 0);
}

Tensor take_diagonal(const Tensor& x, Index offset);
Tensor put_diagonal(const Tensor& x, Index rows, Index columns, Index offset);

// The two are each other's transposes.
struct Diagonal final : Op {
  static constexpr const char* kName = "diagonal";
  explicit Diagonal(Index shift) : offset(shift) {}
  const char* name() const override { return kName; }
  Tensor vjp(const Call& c, const Tensor& g, int) const override {
    return put_diagonal(g, c.in[0].size(-2), c.in[0].size(-1), offset);
  }
  Tangent jvp(const Call&, Tangents t) const override {
    return map(t[0], [&](const Tensor& x) { return take_diagonal(x, offset); });
  }
  Index offset;
};

struct DiagonalEmbed final : Op {
  static constexpr const char* kName = "diagonal_embed";
  explicit DiagonalEmbed(Index shift) : offset(shift) {}
  const char* name() const override { return kName; }
  Tensor vjp(const Call&, const Tensor& g, int) const override { return take_diagonal(g, offset); }
  Tangent jvp(const Call& c, Tangents t) const override {
    return map(t[0], [&](const Tensor& x) {
      return put_diagonal(x, c.out.size(-2), c.out.size(-1), offset);
    });
  }
  Index offset;
};

Tensor take_diagonal(const Tensor& x, Index offset) {
  return apply<Diagonal>(diagonal_view(x, offset), {x}, offset);
}

Tensor put_diagonal(const Tensor& x, Index rows, Index columns, Index offset) {
  Shape shape = x.shape();
  shape[shape.rank() - 1] = rows;
  shape.push_back(columns);
  Tensor y = zeros(shape, x.dtype());
  const Tensor to = diagonal_view(y, offset);
  const Tensor source = contiguous(x.detach());
  visit(x.dtype(), [&]<class T>(T) {
    kernels::scatter_copy(source.data<T>(), static_cast<T*>(const_cast<Node*>(to.node())->data),
                          to.strides(), to.shape());
  });
  return apply<DiagonalEmbed>(std::move(y), {x}, offset);
}

// 1 where column - row <= offset.
Tensor triangle_mask(const Tensor& x, Index offset, const char* op) {
  check(x.defined(), op, ": the operand has no value");
  check(x.rank() >= 2, op, ": needs at least two dimensions, the shape is ", x.shape());
  const Tensor row = unsqueeze(arange(x.size(-2), DType::i64), 1);
  const Tensor column = arange(x.size(-1), DType::i64);
  return convert(less_equal(column - row, scalar(static_cast<double>(offset), DType::i64)),
                 x.dtype());
}

}  // namespace

Tensor flip(const Tensor& x, const Axes& axes) {
  Tensor y = x;
  for (Index axis : axes) {
    y = slice(y, normalize_axis(axis, x.rank(), "flip"), kEnd, -kEnd, -1);
  }
  return y;
}

Tensor pad(const Tensor& x, Index axis, Index before, Index after, double value) {
  const int along = normalize_axis(axis, x.rank(), "pad");
  check(before >= 0 && after >= 0, "pad: negative amounts ", before, " and ", after,
        "; use slice to cut");
  check(is_floating(x.dtype()) || value == std::trunc(value), "pad: ", value, " is no ", x.dtype());
  Shape shape = x.shape();
  shape[along] = before;
  const Tensor first = full(shape, value, x.dtype());
  shape[along] = after;
  return concatenate({first, x, full(shape, value, x.dtype())}, along);
}

Tensor diagonal(const Tensor& x, Index offset, Index axis_a, Index axis_b) {
  const int a = normalize_axis(axis_a, x.rank(), "diagonal");
  const int b = normalize_axis(axis_b, x.rank(), "diagonal");
  check(a != b, "diagonal: the axes are the same, ", a);
  if (a == x.rank() - 2 && b == x.rank() - 1) return take_diagonal(x, offset);
  Axes order;
  for (int i = 0; i < x.rank(); ++i) {
    if (i != a && i != b) order.push_back(i);
  }
  order.push_back(a);
  order.push_back(b);
  return take_diagonal(permute(x, order), offset);
}

Tensor diagonal_embed(const Tensor& x, Index offset) {
  check(x.rank() >= 1, "diagonal_embed: needs at least one dimension");
  const Index n = x.size(-1) + std::max(offset, -offset);
  return put_diagonal(x, n, n, offset);
}

Tensor trace(const Tensor& x) {
  check(x.defined(), "trace: the operand has no value");
  check(x.rank() >= 2, "trace: needs at least two dimensions, the shape is ", x.shape());
  check(is_floating(x.dtype()), "trace: needs a floating dtype, got ", x.dtype());
  return sum(diagonal(x), {-1});
}

Tensor tril(const Tensor& x, Index offset) {
  const Tensor kept = triangle_mask(x, offset, "tril");
  return where(kept, x, scalar(0, x.dtype()));
}
Tensor triu(const Tensor& x, Index offset) {
  const Tensor below = triangle_mask(x, offset - 1, "triu");
  return where(below, scalar(0, x.dtype()), x);
}

}  // namespace ito
