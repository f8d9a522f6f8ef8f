#include "autograd/ops/binary.h"

#include "autograd/grad_mode.h"
#include "autograd/graph/op.h"
#include "autograd/kernels/strided.h"
#include "autograd/kernels/where.h"
#include "autograd/ops/convert.h"
#include "autograd/ops/unary.h"
#include "autograd/ops/view.h"

namespace ito {
namespace {

using kernels::BinaryFn;

// Strides of x seen in the broadcast shape `to`: zero where it stretches.
Strides broadcast_strides(const Tensor& x, const Shape& to) {
  Strides s = Dims::filled(to.rank(), 0);
  const int shift = to.rank() - x.rank();
  for (int i = 0; i < x.rank(); ++i) s[i + shift] = x.shape()[i] == 1 ? 0 : x.strides()[i];
  return s;
}

Tensor evaluate(BinaryFn f, const Tensor& a, const Tensor& b) {
  const char* op = kernels::name(f);
  check(a.defined() && b.defined(), op, ": an operand has no value");
  check(a.dtype() == b.dtype(), op, ": dtypes differ: ", a.dtype(), a.shape(), " and ", b.dtype(),
        b.shape(), "; convert one of them");
  const bool same = a.shape() == b.shape();
  Tensor y = empty(same ? a.shape() : broadcast_shapes(a.shape(), b.shape(), op), a.dtype());
  const Index n = y.numel();
  const auto flat = [&](const Tensor& x) { return x.is_contiguous() && (same || x.numel() == n); };
  const bool flat_a = flat(a), flat_b = flat(b);
  visit(a.dtype(), [&]<class T>(T) {
    const T* pa = a.data<T>();
    const T* pb = b.data<T>();
    T* py = y.mutable_data<T>();
    if ((flat_a || a.numel() == 1) && (flat_b || b.numel() == 1)) {
      kernels::binary(f, pa, !flat_a, pb, !flat_b, py, n);
    } else {
      kernels::binary(f, pa, broadcast_strides(a, y.shape()), pb, broadcast_strides(b, y.shape()),
                      py, y.shape());
    }
  });
  return y;
}

template <class OpT>
Tensor record(BinaryFn f, const Tensor& a, const Tensor& b) {
  return apply<OpT>(evaluate(f, a, b), {a, b});
}

struct Add final : Op {
  static constexpr const char* kName = "add";
  const char* name() const override { return kName; }
  Tensor vjp(const Call&, const Tensor& g, int) const override { return g; }
  Tangent jvp(const Call&, Tangents t) const override { return t[0] + t[1]; }
};

struct Sub final : Op {
  static constexpr const char* kName = "sub";
  const char* name() const override { return kName; }
  Tensor vjp(const Call&, const Tensor& g, int i) const override { return i == 0 ? g : -g; }
  Tangent jvp(const Call&, Tangents t) const override { return t[0] - t[1]; }
};

struct Mul final : Op {
  static constexpr const char* kName = "mul";
  const char* name() const override { return kName; }
  Tensor vjp(const Call& c, const Tensor& g, int i) const override {
    return g * c.in[static_cast<std::size_t>(1 - i)];
  }
  Tangent jvp(const Call& c, Tangents t) const override { return t[0] * c.in[1] + c.in[0] * t[1]; }
};

struct Div final : Op {
  static constexpr const char* kName = "div";
  const char* name() const override { return kName; }
  Tensor vjp(const Call& c, const Tensor& g, int i) const override {
    return i == 0 ? g / c.in[1] : -(g * c.out) / c.in[1];
  }
  Tangent jvp(const Call& c, Tangents t) const override { return (t[0] - c.out * t[1]) / c.in[1]; }
};

// The rules of an op with partial derivatives of its own, OpT::slope(call, i), in both modes.
template <class OpT>
struct Sloped : Op {
  Tensor vjp(const Call& c, const Tensor& g, int i) const final {
    return g * OpT::slope(c, static_cast<std::size_t>(i));
  }
  Tangent jvp(const Call& c, Tangents t) const final {
    Tangent sum;
    for (std::size_t i = 0; i < 2; ++i) {
      if (t[i].defined()) sum = sum + t[i] * OpT::slope(c, i);
    }
    return sum;
  }
};

// d/da a^b = b a^(b-1), d/db a^b = a^b log a, taken as 0 at a = 0.
struct Pow final : Sloped<Pow> {
  static constexpr const char* kName = "pow";
  const char* name() const override { return kName; }
  static Tensor slope(const Call& c, std::size_t i) {
    const Tensor &a = c.in[0], &b = c.in[1];
    if (i == 0) {
      if (b.numel() == 1 && b.item() != 0) return b * pow(a, b - 1);
      // 0^0 = 1 is constant in a: its slope is 0, not 0 times the infinite 0^-1.
      const Tensor zero = scalar(0, a.dtype());
      return b * pow(a, where(equal(a, zero) * equal(b, zero), zero, b - 1));
    }
    const Tensor at_zero = equal(a, zeros_like(a));
    return where(at_zero, zeros_like(c.out), c.out * log(where(at_zero, ones_like(a), a)));
  }
};

// theta = atan2(y, x): dtheta = (x dy - y dx) / r^2, whose r^2 may leave the range where r does
// not.
struct Atan2 final : Sloped<Atan2> {
  static constexpr const char* kName = "atan2";
  const char* name() const override { return kName; }
  static Tensor slope(const Call& c, std::size_t i) {
    const Tensor &y = c.in[0], &x = c.in[1];
    const Tensor r = hypot(x, y);
    return i == 0 ? x / r / r : -y / r / r;
  }
};

struct Hypot final : Sloped<Hypot> {
  static constexpr const char* kName = "hypot";
  const char* name() const override { return kName; }
  static Tensor slope(const Call& c, std::size_t i) {
    const Tensor zero = scalar(0, c.out.dtype());
    const Tensor vanishes = equal(c.out, zero);
    return where(vanishes, zero, c.in[i] / where(vanishes, scalar(1, c.out.dtype()), c.out));
  }
};

// The share of input i in an extremum: 1 where it was chosen, 1/2 on a tie.
Tensor share(const Call& c, std::size_t i) {
  NoGrad guard;
  const Tensor tie = equal(c.in[0], c.in[1]);
  return equal(c.in[i], c.out) * (1 - 0.5 * tie);
}
struct Maximum final : Sloped<Maximum> {
  static constexpr const char* kName = "maximum";
  const char* name() const override { return kName; }
  static Tensor slope(const Call& c, std::size_t i) { return share(c, i); }
};
struct Minimum final : Sloped<Minimum> {
  static constexpr const char* kName = "minimum";
  const char* name() const override { return kName; }
  static Tensor slope(const Call& c, std::size_t i) { return share(c, i); }
};

// The condition is state, not an input: it has no derivative.
struct Where final : Op {
  static constexpr const char* kName = "where";
  explicit Where(Tensor chosen) : condition(std::move(chosen)) {}
  const char* name() const override { return kName; }
  Tensor vjp(const Call&, const Tensor& g, int i) const override {
    const Tensor zero = scalar(0, g.dtype());
    return i == 0 ? where(condition, g, zero) : where(condition, zero, g);
  }
  Tangent jvp(const Call& c, Tangents t) const override {
    const Tensor zero = scalar(0, c.out.dtype());
    if (!t[0].defined() && !t[1].defined()) return {};
    return where(condition, t[0].defined() ? t[0].value() : zero,
                 t[1].defined() ? t[1].value() : zero);
  }
  Tensor condition;
};

Tensor compare(BinaryFn f, const Tensor& a, const Tensor& b) {
  NoGrad guard;
  return evaluate(f, a, b);
}

}  // namespace

Tensor operator+(const Tensor& a, const Tensor& b) {
  return record<Add>(BinaryFn::add, a, b);
}
Tensor operator-(const Tensor& a, const Tensor& b) {
  return record<Sub>(BinaryFn::sub, a, b);
}
Tensor operator*(const Tensor& a, const Tensor& b) {
  return record<Mul>(BinaryFn::mul, a, b);
}
Tensor operator/(const Tensor& a, const Tensor& b) {
  return record<Div>(BinaryFn::div, a, b);
}
Tensor pow(const Tensor& a, const Tensor& b) {
  return record<Pow>(BinaryFn::pow, a, b);
}
Tensor atan2(const Tensor& y, const Tensor& x) {
  return record<Atan2>(BinaryFn::atan2, y, x);
}
Tensor hypot(const Tensor& a, const Tensor& b) {
  return record<Hypot>(BinaryFn::hypot, a, b);
}
Tensor maximum(const Tensor& a, const Tensor& b) {
  return record<Maximum>(BinaryFn::maximum, a, b);
}
Tensor minimum(const Tensor& a, const Tensor& b) {
  return record<Minimum>(BinaryFn::minimum, a, b);
}

Tensor equal(const Tensor& a, const Tensor& b) {
  return compare(BinaryFn::eq, a, b);
}
Tensor not_equal(const Tensor& a, const Tensor& b) {
  return compare(BinaryFn::ne, a, b);
}
Tensor less(const Tensor& a, const Tensor& b) {
  return compare(BinaryFn::lt, a, b);
}
Tensor less_equal(const Tensor& a, const Tensor& b) {
  return compare(BinaryFn::le, a, b);
}
Tensor greater(const Tensor& a, const Tensor& b) {
  return compare(BinaryFn::gt, a, b);
}
Tensor greater_equal(const Tensor& a, const Tensor& b) {
  return compare(BinaryFn::ge, a, b);
}

Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b) {
  check(condition.defined() && a.defined() && b.defined(), "where: an operand has no value");
  check(a.dtype() == b.dtype(), "where: dtypes differ: ", a.dtype(), a.shape(), " and ", b.dtype(),
        b.shape(), "; convert one of them");
  const Shape shape =
      broadcast_shapes(condition.shape(), broadcast_shapes(a.shape(), b.shape(), "where"), "where");
  Tensor y = empty(shape, a.dtype());
  // One value serves for all; anything else is laid out in the broadcast shape.
  const auto laid_out = [&](const Tensor& x) {
    return x.numel() == 1 ? x : contiguous(expand(x.detach(), shape));
  };
  // Converting the condition itself could round it to zero.
  Tensor c = condition.detach();
  if (c.dtype() != a.dtype()) c = convert(not_equal(c, scalar(0, c.dtype())), a.dtype());
  c = contiguous(expand(c, shape));
  const Tensor pa = laid_out(a), pb = laid_out(b);
  visit(a.dtype(), [&]<class T>(T) {
    kernels::where(c.data<T>(), pa.data<T>(), a.numel() == 1, pb.data<T>(), b.numel() == 1,
                   y.mutable_data<T>(), y.numel());
  });
  return apply<Where>(std::move(y), {a, b}, condition);
}

}  // namespace ito
