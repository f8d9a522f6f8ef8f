#include "autograd/ops/convert.h"

#include <algorithm>

#include "autograd/graph/op.h"
#include "autograd/kernels/strided.h"

namespace ito {
namespace {

struct Convert final : Op {
  static constexpr const char* kName = "convert";
  const char* name() const override { return kName; }
  Tensor vjp(const Call& c, const Tensor& g, int) const override {
    return convert(g, c.in[0].dtype());
  }
  Tangent jvp(const Call& c, Tangents t) const override {
    return map(t[0], [&](const Tensor& x) { return convert(x, c.out.dtype()); });
  }
};

struct Contiguous final : Op {
  static constexpr const char* kName = "contiguous";
  const char* name() const override { return kName; }
  Tensor vjp(const Call&, const Tensor& g, int) const override { return g; }
  Tangent jvp(const Call&, Tangents t) const override { return t[0]; }
};

Tensor packed(const Tensor& x) {
  Tensor y = empty(x.shape(), x.dtype());
  visit(x.dtype(), [&]<class T>(T) {
    kernels::copy(x.data<T>(), x.strides(), y.mutable_data<T>(), x.shape());
  });
  return y;
}

}  // namespace

Tensor contiguous(const Tensor& x) {
  return x.is_contiguous() ? x : apply<Contiguous>(packed(x), {x});
}

Tensor convert(const Tensor& x, DType dtype) {
  if (x.dtype() == dtype) return x;
  const Tensor source = x.is_contiguous() ? x : packed(x);
  Tensor y = empty(x.shape(), dtype);
  visit(x.dtype(), [&]<class From>(From) {
    visit(dtype, [&]<class To>(To) {
      const From* from = source.data<From>();
      std::transform(from, from + x.numel(), y.mutable_data<To>(),
                     [](From v) { return static_cast<To>(v); });
    });
  });
  if (!is_floating(dtype)) return y;
  return apply<Convert>(std::move(y), {x});
}

}  // namespace ito
