#include "autograd/ops/view.h"

#include <algorithm>

#include "autograd/graph/op.h"
#include "autograd/kernels/strided.h"
#include "autograd/ops/convert.h"

namespace ito {
namespace {

struct Reshape final : Op {
  static constexpr const char* kName = "reshape";
  const char* name() const override { return kName; }
  Tensor vjp(const Call& c, const Tensor& g, int) const override {
    return reshape(g, c.in[0].shape());
  }
  Tangent jvp(const Call& c, Tangents t) const override {
    return map(t[0], [&](const Tensor& x) { return reshape(x, c.out.shape()); });
  }
};

struct Permute final : Op {
  static constexpr const char* kName = "permute";
  explicit Permute(const Axes& axes) : order(axes) {}
  const char* name() const override { return kName; }
  Tensor vjp(const Call&, const Tensor& g, int) const override {
    Axes inverse = order;
    for (int i = 0; i < order.rank(); ++i) inverse[static_cast<int>(order[i])] = i;
    return permute(g, inverse);
  }
  Tangent jvp(const Call&, Tangents t) const override {
    return map(t[0], [&](const Tensor& x) { return permute(x, order); });
  }
  Axes order;
};

struct Expand final : Op {
  static constexpr const char* kName = "expand";
  const char* name() const override { return kName; }
  Tensor vjp(const Call&, const Tensor& g, int) const override { return g; }  // engine sums
  Tangent jvp(const Call&, Tangents t) const override { return t[0]; }        // engine expands
};

// Positions start, start + step, ... (count of them) along an axis.
struct Range {
  int axis;
  Index start, count, step;
};
Tensor pick(const Tensor& x, const Range& r);
Tensor place(const Tensor& x, const Range& r, Index size);

struct Slice final : Op {
  static constexpr const char* kName = "slice";
  explicit Slice(const Range& r) : range(r) {}
  const char* name() const override { return kName; }
  Tensor vjp(const Call& c, const Tensor& g, int) const override {
    return place(g, range, c.in[0].shape()[range.axis]);
  }
  Tangent jvp(const Call&, Tangents t) const override {
    return map(t[0], [&](const Tensor& x) { return pick(x, range); });
  }
  Range range;
};

// The transpose of Slice: x at the positions of the range, zero elsewhere.
struct Place final : Op {
  static constexpr const char* kName = "place";
  Place(const Range& r, Index n) : range(r), size(n) {}
  const char* name() const override { return kName; }
  Tensor vjp(const Call&, const Tensor& g, int) const override { return pick(g, range); }
  Tangent jvp(const Call&, Tangents t) const override {
    return map(t[0], [&](const Tensor& x) { return place(x, range, size); });
  }
  Range range;
  Index size;
};

// x seen through the range; records nothing.
Tensor window(const Tensor& x, const Range& r) {
  Shape shape = x.shape();
  Strides strides = x.strides();
  const Index offset = r.count > 0 ? r.start * strides[r.axis] : 0;
  shape[r.axis] = r.count;
  strides[r.axis] *= r.step;
  return alias(x, shape, strides, offset);
}

Tensor pick(const Tensor& x, const Range& r) {
  return apply<Slice>(window(x, r), {x}, r);
}

// Copies x into a window of y, which nobody else has seen yet.
void write_window(const Tensor& y, const Range& r, const Tensor& x) {
  const Tensor to = window(y, r);
  const Tensor from = contiguous(x.detach());
  visit(y.dtype(), [&]<class T>(T) {
    kernels::scatter_copy(from.data<T>(), static_cast<T*>(to.node()->data), to.strides(),
                          to.shape());
  });
}

Tensor place(const Tensor& x, const Range& r, Index size) {
  Shape shape = x.shape();
  shape[r.axis] = size;
  const Tensor y = zeros(shape, x.dtype());
  write_window(y, r, x);
  return apply<Place>(y, {x}, r, size);
}

struct Concatenate final : Op {
  static constexpr const char* kName = "concatenate";
  explicit Concatenate(int along) : axis(along) {}
  const char* name() const override { return kName; }
  Tensor vjp(const Call& c, const Tensor& g, int i) const override {
    Index start = 0;
    for (int k = 0; k < i; ++k) start += c.in[static_cast<std::size_t>(k)].shape()[axis];
    const Index size = c.in[static_cast<std::size_t>(i)].shape()[axis];
    return pick(g, {axis, start, size, 1});
  }
  Tangent jvp(const Call& c, Tangents t) const override {
    std::vector<Tensor> parts;
    bool any = false;
    for (std::size_t k = 0; k < c.in.size(); ++k) {
      any = any || t[k].defined();
      parts.push_back(t[k].defined() ? t[k].value() : zeros_like(c.in[k]));
    }
    return any ? Tangent(concatenate(parts, axis)) : Tangent();
  }
  int axis;
};

}  // namespace

Tensor reshape(const Tensor& x, const Shape& shape) {
  Shape to = shape;
  int unknown = -1;
  for (int i = 0; i < to.rank(); ++i) {
    if (to[i] != -1) continue;
    check(unknown < 0, "reshape: more than one -1 in ", shape);
    unknown = i;
    to[i] = 1;
  }
  const Index known = checked_numel(to);
  if (unknown >= 0) {
    check(known > 0 && x.numel() % known == 0, "reshape: ", x.shape(), " does not fit ", shape);
    to[unknown] = x.numel() / known;
  } else {
    check(known == x.numel(), "reshape: ", x.shape(), " does not fit ", shape);
  }
  const Tensor source = contiguous(x);
  return apply<Reshape>(alias(source, to, contiguous_strides(to)), {source});
}

Tensor flatten(const Tensor& x) {
  return reshape(x, {x.numel()});
}

Tensor permute(const Tensor& x, const Axes& order) {
  check(order.rank() == x.rank(), "permute: order ", order, " for shape ", x.shape());
  Axes axes = order;
  Shape shape = x.shape();
  Strides strides = x.strides();
  unsigned seen = 0;
  for (int i = 0; i < axes.rank(); ++i) {
    const int axis = normalize_axis(order[i], x.rank(), "permute");
    check(!(seen >> axis & 1U), "permute: axis ", axis, " twice in ", order);
    seen |= 1U << axis;
    axes[i] = axis;
    shape[i] = x.shape()[axis];
    strides[i] = x.strides()[axis];
  }
  return apply<Permute>(alias(x, shape, strides), {x}, axes);
}

Tensor transpose(const Tensor& x, Index axis_a, Index axis_b) {
  Axes order;
  for (int i = 0; i < x.rank(); ++i) order.push_back(i);
  std::swap(order[normalize_axis(axis_a, x.rank(), "transpose")],
            order[normalize_axis(axis_b, x.rank(), "transpose")]);
  return permute(x, order);
}

Tensor expand(const Tensor& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  check(broadcast_shapes(x.shape(), shape, "expand") == shape && checked_numel(shape) >= 0,
        "expand: ", x.shape(), " does not broadcast to ", shape);
  Strides strides = Dims::filled(shape.rank(), 0);
  const int shift = shape.rank() - x.rank();
  for (int i = 0; i < x.rank(); ++i) {
    if (x.shape()[i] == shape[i + shift]) strides[i + shift] = x.strides()[i];
  }
  return apply<Expand>(alias(x, shape, strides), {x});
}

Tensor squeeze(const Tensor& x, Index axis) {
  Shape shape = x.shape();
  const int at = normalize_axis(axis, x.rank(), "squeeze");
  check(shape[at] == 1, "squeeze: axis ", at, " of ", shape, " has size ", shape[at], ", not 1");
  shape.erase(at);
  Strides strides = x.strides();
  strides.erase(at);
  return apply<Reshape>(alias(x, shape, strides), {x});
}

Tensor unsqueeze(const Tensor& x, Index axis) {
  Shape shape = x.shape();
  const int at = normalize_axis(axis, x.rank() + 1, "unsqueeze");
  shape.insert(at, 1);
  Strides strides = x.strides();
  strides.insert(at, 0);
  return apply<Reshape>(alias(x, shape, strides), {x});
}

Tensor slice(const Tensor& x, Index axis, Index start, Index stop, Index step) {
  check(step != 0, "slice: the step is zero");
  const int at = normalize_axis(axis, x.rank(), "slice");
  const Index size = x.shape()[at];
  // A step of the size picks one element, as do all beyond.
  step = std::clamp(step, -std::max<Index>(size, 1), std::max<Index>(size, 1));
  const auto bound = [&](Index i, Index lowest, Index highest) {
    if (i < 0 && i > -kEnd) i += size;
    return std::clamp(i, lowest, highest);
  };
  // A negative step walks from `first` down; position -1 is then one before the beginning.
  const Index lowest = step > 0 ? 0 : -1;
  const Index highest = step > 0 ? size : size - 1;
  const Index first = bound(start, lowest, highest);
  const Index last = bound(stop == kEnd && step < 0 ? -kEnd : stop, lowest, highest);
  const Index span = step > 0 ? last - first : first - last;
  const Index stride = step > 0 ? step : -step;
  return pick(x, {at, first, span > 0 ? (span + stride - 1) / stride : 0, step});
}

Tensor select(const Tensor& x, Index axis, Index at) {
  const int along = normalize_axis(axis, x.rank(), "select");
  const Index size = x.shape()[along];
  check(at >= -size && at < size, "select: position ", at, " on an axis of size ", size);
  return squeeze(pick(x, {along, at < 0 ? at + size : at, 1, 1}), along);
}

Tensor concatenate(std::span<const Tensor> parts, Index axis) {
  check(!parts.empty(), "concatenate: no tensors");
  const int at = normalize_axis(axis, parts[0].rank(), "concatenate");
  Shape shape = parts[0].shape();
  shape[at] = 0;
  for (const Tensor& x : parts) {
    Shape expected = shape;
    if (x.rank() == shape.rank()) expected[at] = x.shape()[at];
    check(x.shape() == expected && x.dtype() == parts[0].dtype(), "concatenate along axis ", at,
          ": ", x.dtype(), x.shape(), " does not match ", parts[0].dtype(), parts[0].shape());
    shape[at] += x.shape()[at];
  }
  const Tensor y = empty(shape, parts[0].dtype());
  Index start = 0;
  for (const Tensor& x : parts) {
    write_window(y, {at, start, x.shape()[at], 1}, x);
    start += x.shape()[at];
  }
  return apply<Concatenate>(y, parts, at);
}

Tensor stack(std::span<const Tensor> parts, Index axis) {
  std::vector<Tensor> rows;
  for (const Tensor& x : parts) rows.push_back(unsqueeze(x, axis));
  check(!rows.empty(), "stack: no tensors");
  return concatenate(rows, normalize_axis(axis, rows[0].rank(), "stack"));
}

std::vector<Tensor> split(const Tensor& x, Index size, Index axis) {
  check(size > 0, "split: the size of a piece must be positive, got ", size);
  std::vector<Tensor> parts;
  for (Index start = 0; start < x.size(axis); start += size) {
    parts.push_back(slice(x, axis, start, start + size));
  }
  return parts;
}

}  // namespace ito
