#include "autograd/ops/unary.h"

#include <cmath>
#include <numbers>

#include "autograd/grad_mode.h"
#include "autograd/graph/op.h"
#include "autograd/kernels/strided.h"
#include "autograd/ops/binary.h"
#include "autograd/ops/convert.h"
#include "autograd/ops/view.h"

namespace ito {
namespace {

using K = kernels::UnaryFn;

Tensor evaluate(K f, const Tensor& x) {
  const char* op = kernels::name(f);
  check(x.defined(), op, ": the operand has no value");
  Tensor y = empty(x.shape(), x.dtype());
  visit_floating(x.dtype(), op, [&]<class T>(T) {
    if (x.is_contiguous()) {
      kernels::unary(f, x.data<T>(), y.mutable_data<T>(), x.numel());
    } else {
      kernels::unary(f, x.data<T>(), x.strides(), y.mutable_data<T>(), x.shape());
    }
  });
  return y;
}

// True if all elements of x are one in memory.
bool is_one_value(const Tensor& x) {
  for (int i = 0; i < x.rank(); ++i) {
    if (x.shape()[i] != 1 && x.strides()[i] != 0) return false;
  }
  return x.numel() > 0;
}

// g f'(x) in one pass, from z that slope_from names.
Tensor evaluate_backward(K f, const Tensor& g, const Tensor& z) {
  const Tensor flat_z = contiguous(z);
  const bool one = is_one_value(g);
  const Tensor flat_g = one ? g : contiguous(g);
  Tensor dx = empty(z.shape(), z.dtype());
  visit_floating(z.dtype(), kernels::name(f), [&]<class T>(T) {
    kernels::unary_backward(f, flat_g.data<T>(), one, flat_z.data<T>(), dx.mutable_data<T>(),
                            dx.numel());
  });
  return dx;
}

// A smooth unary op is a kernel and dy/dx as a function of (x, y); both modes follow.
template <K kFn, class Derivative>
struct Unary final : Op {
  static constexpr const char* kName = kernels::name(kFn);
  const char* name() const override { return kName; }
  Tensor vjp(const Call& c, const Tensor& g, int) const override {
    return g * Derivative{}(c.in[0], c.out);
  }
  void vjps(const Call& c, const Tensor& g, Gradients out) const override {
    constexpr kernels::SlopeFrom kFrom = kernels::slope_from(kFn);
    if (kFrom == kernels::SlopeFrom::neither || grad_enabled()) return Op::vjps(c, g, out);
    if (!out.wants(0)) return;
    out.set(0, evaluate_backward(kFn, g, kFrom == kernels::SlopeFrom::value ? c.out : c.in[0]));
  }
  Tangent jvp(const Call& c, Tangents t) const override {
    return t[0] * Derivative{}(c.in[0], c.out);
  }
  Tensor slope(const Call& c, int) const override { return Derivative{}(c.in[0], c.out); }
};
template <K kFn, class Derivative>
Tensor unary(const Tensor& x, Derivative) {
  return apply<Unary<kFn, Derivative>>(evaluate(kFn, x), {x});
}

struct Neg final : Op {
  static constexpr const char* kName = "neg";
  const char* name() const override { return kName; }
  Tensor vjp(const Call&, const Tensor& g, int) const override { return -g; }
  Tangent jvp(const Call&, Tangents t) const override { return -t[0]; }
};

Tensor step(const Tensor& x) {
  return greater(x, 0.0);
}

// The standard normal density.
Tensor normal_density(const Tensor& x) {
  return exp(-0.5 * square(x)) * (0.5 * std::numbers::inv_sqrtpi * std::numbers::sqrt2);
}

}  // namespace

Tensor operator-(const Tensor& a) {
  return apply<Neg>(evaluate(K::neg, a), {a});
}
Tensor abs(const Tensor& a) {
  return unary<K::abs>(a, [](const Tensor& x, const Tensor&) { return sign(x); });
}
Tensor sign(const Tensor& x) {
  NoGrad guard;
  return evaluate(K::sign, x);
}
Tensor square(const Tensor& a) {
  return unary<K::square>(a, [](const Tensor& x, const Tensor&) { return 2 * x; });
}
Tensor reciprocal(const Tensor& a) {
  return unary<K::reciprocal>(a, [](const Tensor&, const Tensor& y) { return -(y * y); });
}
Tensor sqrt(const Tensor& a) {
  return unary<K::sqrt>(a, [](const Tensor&, const Tensor& y) { return 0.5 / y; });
}
Tensor rsqrt(const Tensor& a) {
  return unary<K::rsqrt>(a, [](const Tensor& x, const Tensor& y) { return -0.5 * (y / x); });
}
Tensor exp(const Tensor& a) {
  return unary<K::exp>(a, [](const Tensor&, const Tensor& y) { return y; });
}
Tensor expm1(const Tensor& a) {
  return unary<K::expm1>(a, [](const Tensor&, const Tensor& y) { return y + 1; });
}
Tensor log(const Tensor& a) {
  return unary<K::log>(a, [](const Tensor& x, const Tensor&) { return reciprocal(x); });
}
Tensor log1p(const Tensor& a) {
  return unary<K::log1p>(a, [](const Tensor& x, const Tensor&) { return reciprocal(x + 1); });
}
Tensor sin(const Tensor& a) {
  return unary<K::sin>(a, [](const Tensor& x, const Tensor&) { return cos(x); });
}
Tensor cos(const Tensor& a) {
  return unary<K::cos>(a, [](const Tensor& x, const Tensor&) { return -sin(x); });
}
Tensor tan(const Tensor& a) {
  return unary<K::tan>(a, [](const Tensor&, const Tensor& y) { return 1 + y * y; });
}
Tensor atan(const Tensor& a) {
  return unary<K::atan>(a, [](const Tensor& x, const Tensor&) { return reciprocal(1 + x * x); });
}
Tensor sinh(const Tensor& a) {
  return unary<K::sinh>(a, [](const Tensor& x, const Tensor&) { return cosh(x); });
}
Tensor cosh(const Tensor& a) {
  return unary<K::cosh>(a, [](const Tensor& x, const Tensor&) { return sinh(x); });
}
// y = tanh x, dy/dx = 1 - y^2
Tensor tanh(const Tensor& a) {
  return unary<K::tanh>(a, [](const Tensor&, const Tensor& y) { return 1 - square(y); });
}
Tensor sigmoid(const Tensor& a) {
  return unary<K::sigmoid>(a, [](const Tensor&, const Tensor& y) { return y * (1 - y); });
}
Tensor log_sigmoid(const Tensor& a) {
  return unary<K::log_sigmoid>(a, [](const Tensor& x, const Tensor&) { return sigmoid(-x); });
}
Tensor softplus(const Tensor& a) {
  return unary<K::softplus>(a, [](const Tensor& x, const Tensor&) { return sigmoid(x); });
}
Tensor relu(const Tensor& a) {
  return unary<K::relu>(a, [](const Tensor& x, const Tensor&) { return step(x); });
}
// y = x s, s = sigmoid x, dy/dx = s + y (1 - s)
Tensor silu(const Tensor& a) {
  return unary<K::silu>(a, [](const Tensor& x, const Tensor& y) {
    const Tensor s = sigmoid(x);
    return s + y * (1 - s);
  });
}
Tensor erf(const Tensor& a) {
  return unary<K::erf>(a, [](const Tensor& x, const Tensor&) {
    return exp(-square(x)) * (2 * std::numbers::inv_sqrtpi);
  });
}
// y = x Phi(x), dy/dx = Phi(x) + x phi(x)
Tensor gelu(const Tensor& a) {
  return unary<K::gelu>(a, [](const Tensor& x, const Tensor&) {
    return 0.5 * (1 + erf(x * (0.5 * std::numbers::sqrt2))) + x * normal_density(x);
  });
}
// y = x s, s = sigmoid z, dy/dx = s + y (1 - s) dz/dx
Tensor gelu_tanh(const Tensor& a) {
  return unary<K::gelu_tanh>(a, [](const Tensor& x, const Tensor& y) {
    const double root = 2 * std::numbers::sqrt2 * std::numbers::inv_sqrtpi;  // sqrt(8 / pi)
    // Bounded where the sigmoid is 0 or 1 already: an infinity would meet the zero of 1 - s.
    const Tensor cubic = (root * 0.044715) * minimum(square(x), 1e3);
    const Tensor s = sigmoid(x * (cubic + root));
    return s + y * (1 - s) * (3 * cubic + root);
  });
}
// y = x t, t = tanh(log(1 + e^x)), dy/dx = t + x (1 - t^2) sigmoid x
Tensor mish(const Tensor& a) {
  return unary<K::mish>(a, [](const Tensor& x, const Tensor&) {
    const Tensor t = tanh(softplus(x));
    return t + x * (1 - square(t)) * sigmoid(x);
  });
}
Tensor pow(const Tensor& x, double exponent) {
  if (exponent == 2) return square(x);
  if (exponent == 0.5) return sqrt(x);
  if (exponent == -1) return reciprocal(x);
  return pow(x, scalar(exponent, x.dtype()));
}

}  // namespace ito
