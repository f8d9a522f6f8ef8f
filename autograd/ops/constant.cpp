// Arithmetic with a constant: a number costs no tensor, and no derivative that nobody wants.
#include <cmath>

#include "autograd/graph/op.h"
#include "autograd/kernels/strided.h"
#include "autograd/ops/binary.h"
#include "autograd/ops/unary.h"

namespace ito {
namespace {

using kernels::BinaryFn;

enum class Side : bool { left, right };  // where the constant stands

void check_constant(BinaryFn f, const Tensor& x, double constant) {
  check(x.defined(), kernels::name(f), ": the operand has no value");
  const bool whole = constant == std::floor(constant) && std::abs(constant) < 0x1p63;
  check(is_floating(x.dtype()) || whole, kernels::name(f), ": the constant ", constant,
        " is no whole number of 64 bits, the tensor is ", x.dtype(), x.shape(), "; convert it");
}

// The constant as a tensor, for ops that have no rules of their own for one.
Tensor constant_like(BinaryFn f, const Tensor& x, double constant) {
  check_constant(f, x, constant);
  return scalar(constant, x.dtype());
}

Tensor evaluate(BinaryFn f, const Tensor& x, double constant, Side side) {
  check_constant(f, x, constant);
  Tensor y = empty(x.shape(), x.dtype());
  visit(x.dtype(), [&]<class T>(T) {
    const T c = static_cast<T>(constant);
    const bool left = side == Side::left;
    T* out = static_cast<T*>(y.node()->data);
    if (x.is_contiguous()) {
      const T* px = x.data<T>();
      kernels::binary(f, left ? &c : px, left, left ? px : &c, !left, out, y.numel());
    } else {
      const Strides none = Dims::filled(x.rank(), 0);
      const T* px = x.data<T>();
      kernels::binary(f, left ? &c : px, left ? none : x.strides(), left ? px : &c,
                      left ? x.strides() : none, out, y.shape());
    }
  });
  return y;
}

// y = x + c
struct AddConstant final : Op {
  static constexpr const char* kName = "add_constant";
  const char* name() const override { return kName; }
  Tensor vjp(const Call&, const Tensor& g, int) const override { return g; }
  Tangent jvp(const Call&, Tangents t) const override { return t[0]; }
};

// y = c - x
struct SubtractFromConstant final : Op {
  static constexpr const char* kName = "subtract_from_constant";
  const char* name() const override { return kName; }
  Tensor vjp(const Call&, const Tensor& g, int) const override { return -g; }
  Tangent jvp(const Call&, Tangents t) const override { return -t[0]; }
};

// y = x c
struct MultiplyConstant final : Op {
  static constexpr const char* kName = "multiply_constant";
  explicit MultiplyConstant(double c) : factor(c) {}
  const char* name() const override { return kName; }
  Tensor vjp(const Call&, const Tensor& g, int) const override { return factor * g; }
  Tangent jvp(const Call&, Tangents t) const override { return factor * t[0]; }
  double factor;
};

// y = x / c
struct DivideConstant final : Op {
  static constexpr const char* kName = "divide_constant";
  explicit DivideConstant(double c) : divisor(c) {}
  const char* name() const override { return kName; }
  Tensor vjp(const Call&, const Tensor& g, int) const override { return g / divisor; }
  Tangent jvp(const Call&, Tangents t) const override {
    return map(t[0], [&](const Tensor& x) { return x / divisor; });
  }
  double divisor;
};

}  // namespace

Tensor operator+(const Tensor& a, double b) {
  return apply<AddConstant>(evaluate(BinaryFn::add, a, b, Side::right), {a});
}
Tensor operator-(const Tensor& a, double b) {
  return apply<AddConstant>(evaluate(BinaryFn::sub, a, b, Side::right), {a});
}
Tensor operator-(double a, const Tensor& b) {
  return apply<SubtractFromConstant>(evaluate(BinaryFn::sub, b, a, Side::left), {b});
}
Tensor operator*(const Tensor& a, double b) {
  return apply<MultiplyConstant>(evaluate(BinaryFn::mul, a, b, Side::right), {a}, b);
}
Tensor operator/(const Tensor& a, double b) {
  return apply<DivideConstant>(evaluate(BinaryFn::div, a, b, Side::right), {a}, b);
}
Tensor operator/(double a, const Tensor& b) {
  return constant_like(BinaryFn::div, b, a) / b;
}

Tensor maximum(const Tensor& a, double b) {
  return maximum(a, constant_like(BinaryFn::maximum, a, b));
}
Tensor minimum(const Tensor& a, double b) {
  return minimum(a, constant_like(BinaryFn::minimum, a, b));
}

Tensor less(const Tensor& a, double b) {
  return evaluate(BinaryFn::lt, a, b, Side::right);
}
Tensor less_equal(const Tensor& a, double b) {
  return evaluate(BinaryFn::le, a, b, Side::right);
}
Tensor greater(const Tensor& a, double b) {
  return evaluate(BinaryFn::gt, a, b, Side::right);
}
Tensor greater_equal(const Tensor& a, double b) {
  return evaluate(BinaryFn::ge, a, b, Side::right);
}

}  // namespace ito
