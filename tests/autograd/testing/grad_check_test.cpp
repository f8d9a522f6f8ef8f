// The checker is checked on rules that are wrong in one way each.
#include "autograd/testing/grad_check.h"

#include <gtest/gtest.h>

#include "autograd/grad_mode.h"
#include "autograd/graph/op.h"
#include "autograd/ops.h"

namespace ito {
namespace {

enum class Fault { none, vjp, jvp, leaves_graph, second_input };

// y = a^2 b, with one of its rules broken.
template <Fault kFault>
struct SquareTimes final : Op {
  static constexpr const char* kName = "test_square_times";
  const char* name() const override { return kName; }
  Tensor vjp(const Call& c, const Tensor& g, int i) const override {
    const Tensor &a = c.in[0], &b = c.in[1];
    if (i == 1) {
      // Off by a millionth part.
      return kFault == Fault::second_input ? (1 + 1e-6) * g * a * a : g * a * a;
    }
    const double factor = kFault == Fault::vjp ? 1.9 : 2;
    if (kFault == Fault::leaves_graph) return g * (factor * a * b).detach();
    return factor * (g * a * b);
  }
  Tangent jvp(const Call& c, Tangents t) const override {
    const Tensor &a = c.in[0], &b = c.in[1];
    const double factor = kFault == Fault::jvp ? 1.9 : 2;
    return factor * (t[0] * (a * b)) + t[1] * (a * a);
  }
};

template <Fault kFault>
Tensor square_times(std::span<const Tensor> in) {
  Tensor y;
  {
    NoGrad guard;
    y = in[0] * in[0] * in[1];
  }
  return apply<SquareTimes<kFault>>(y, {in[0], in[1]});
}

std::vector<Tensor> inputs() {
  return {tensor({0.3, -1.2, 0.8}, DType::f64), tensor({1.1, 0.4, -0.7}, DType::f64)};
}

template <Fault kFault>
GradCheckResult check_order(int order) {
  return grad_check(square_times<kFault>, inputs(), {.order = order});
}

bool mentions(const GradCheckResult& r, const char* text) {
  return r.message.find(text) != std::string::npos;
}

TEST(GradCheck, AcceptsRightRulesToThirdOrder) {
  const GradCheckResult r = check_order<Fault::none>(3);
  EXPECT_TRUE(r.passed) << r.message;
  EXPECT_EQ(r.message, "");
  ASSERT_EQ(r.orders.size(), 3U);
  // A cubic has no truncation error: what is left is eps / h, some 1e-13 times the conditioning.
  for (const auto& e : r.orders) {
    EXPECT_LT(e.vjp, 1e-10);
    EXPECT_LT(e.jvp, 1e-10);
    EXPECT_LT(e.dot, 1e-14);
  }
}

TEST(GradCheck, FindsAWrongVjp) {
  const GradCheckResult r = check_order<Fault::vjp>(1);
  EXPECT_FALSE(r.passed);
  EXPECT_GT(r.orders[0].vjp, 1e-3);
  EXPECT_LT(r.orders[0].jvp, 1e-10);
  EXPECT_GT(r.orders[0].dot, 1e-3);
  EXPECT_TRUE(mentions(r, "order 1, f: vjp differs from finite differences in input 0"))
      << r.message;
}

TEST(GradCheck, FindsAWrongJvp) {
  const GradCheckResult r = check_order<Fault::jvp>(1);
  EXPECT_FALSE(r.passed);
  EXPECT_LT(r.orders[0].vjp, 1e-10);
  EXPECT_GT(r.orders[0].jvp, 1e-3);
  EXPECT_TRUE(mentions(r, "order 1, f: jvp differs from finite differences in input 0"))
      << r.message;
}

TEST(GradCheck, FindsARuleThatLeavesTheGraph) {
  EXPECT_TRUE(check_order<Fault::leaves_graph>(1).passed);
  const GradCheckResult r = check_order<Fault::leaves_graph>(2);
  EXPECT_FALSE(r.passed);
  EXPECT_GT(r.orders[1].vjp, 1e-3);
  EXPECT_TRUE(mentions(r, "order 2, vjp of f")) << r.message;
  EXPECT_FALSE(mentions(r, "order 1,")) << r.message;
}

TEST(GradCheck, FindsASmallErrorInOneOfSeveralInputs) {
  const GradCheckResult r = check_order<Fault::second_input>(1);
  EXPECT_FALSE(r.passed);
  EXPECT_TRUE(mentions(r, "vjp differs from finite differences in input 1")) << r.message;
  EXPECT_FALSE(mentions(r, "differs from finite differences in input 0:")) << r.message;
}

TEST(GradCheck, RefusesInputsItCannotDifference) {
  const auto f = [](std::span<const Tensor> in) { return in[0]; };
  EXPECT_THROW(grad_check(f, {ones({2})}), Error);
  EXPECT_THROW(grad_check(f, std::span<const Tensor>{}), Error);
  EXPECT_THROW(grad_check(f, {ones({2}, DType::f64)}, {.order = 0}), Error);
}

TEST(GradCheck, ReportsNanAsAnError) {
  const auto f = [](std::span<const Tensor> in) { return sqrt(in[0]); };
  EXPECT_FALSE(grad_check(f, {tensor({-1.0}, DType::f64)}).passed);
}

TEST(DotProductTest, NeedsNoDifferencesAndAnyFloatingType) {
  const auto f = [](std::span<const Tensor> in) { return relu(in[0]) * in[1]; };
  const std::vector<Tensor> in{tensor({0, -1, 2}), tensor({1, 2, 3})};
  // f32: a few roundings of 6e-8.
  EXPECT_TRUE(dot_product_test(f, in, {.dot_rtol = 1e-6}).passed);
  EXPECT_NO_THROW(assert_dot_product_test(f, in, {.dot_rtol = 1e-6}));
  EXPECT_THROW(dot_product_test(f, in, {.directions = 0}), Error);
}

TEST(DotProductTest, FindsModesThatDisagree) {
  EXPECT_FALSE(dot_product_test(square_times<Fault::vjp>, inputs()).passed);
  EXPECT_FALSE(dot_product_test(square_times<Fault::jvp>, inputs()).passed);
  EXPECT_TRUE(dot_product_test(square_times<Fault::none>, inputs()).passed);
  EXPECT_THROW(assert_dot_product_test(square_times<Fault::jvp>, inputs()), Error);
}

}  // namespace
}  // namespace ito
