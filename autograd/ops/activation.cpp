#include "autograd/ops/activation.h"

#include "autograd/graph/op.h"
#include "autograd/ops/binary.h"
#include "autograd/ops/unary.h"

namespace ito {
namespace {

void check_operand(const Tensor& x, const char* op) {
  check(x.defined(), op, ": the operand has no value");
  check(is_floating(x.dtype()), op, ": needs a floating dtype, got ", x.dtype());
}

struct Clamp final : Op {
  static constexpr const char* kName = "clamp";
  Clamp(double lower, double upper) : low(lower), high(upper) {}
  const char* name() const override { return kName; }
  Tensor inside(const Tensor& x) const { return greater_equal(x, low) * less_equal(x, high); }
  Tensor vjp(const Call& c, const Tensor& g, int) const override { return g * inside(c.in[0]); }
  Tangent jvp(const Call& c, Tangents t) const override { return t[0] * inside(c.in[0]); }
  double low, high;
};

}  // namespace

Tensor leaky_relu(const Tensor& x, double slope) {
  check_operand(x, "leaky_relu");
  return where(greater(x, 0.0), x, slope * x);
}

Tensor elu(const Tensor& x, double alpha) {
  check_operand(x, "elu");
  const Tensor positive = greater(x, 0.0);
  // The exponential sees no positive argument, whose overflow would be multiplied by zero.
  return where(positive, x, alpha * expm1(where(positive, scalar(0, x.dtype()), x)));
}

Tensor selu(const Tensor& x) {
  check_operand(x, "selu");
  constexpr double kAlpha = 1.6732632423543772848;
  constexpr double kScale = 1.0507009873554804934;
  return kScale * elu(x, kAlpha);
}

Tensor clamp(const Tensor& x, double low, double high) {
  check_operand(x, "clamp");
  check(low <= high, "clamp: the bounds ", low, " and ", high, " are not in order");
  return apply<Clamp>(minimum(maximum(x.detach(), low), high), {x}, low, high);
}

}  // namespace ito
