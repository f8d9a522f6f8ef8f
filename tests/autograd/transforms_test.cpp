#include "autograd/transforms.h"

#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "autograd/anomaly.h"
#include "autograd/checkpoint.h"
#include "autograd/grad_mode.h"
#include "autograd/graph/dot.h"
#include "autograd/graph/op.h"
#include "autograd/jacobian.h"
#include "autograd/ops.h"
#include "autograd/testing/grad_check.h"

namespace ito {
namespace {

using List = std::vector<double>;

double gap(const Tensor& a, const Tensor& b) {
  NoGrad guard;
  return max(abs(a - b)).item();
}

// f(x) = W2 tanh(W1 x) for vectors and for batches of them.
struct Net {
  Tensor w1, w2;
  explicit Net(Generator& rng)
      : w1(randn({4, 3}, rng, DType::f64)), w2(randn({5, 4}, rng, DType::f64)) {}
  Tensor operator()(const Tensor& x) const { return linear(tanh(linear(x, w1)), w2); }
  Tensor exact(const Tensor& x) const {  // W2 diag(1 - h^2) W1
    const Tensor h = tanh(matmul(w1, x));
    return matmul(w2 * (1 - h * h), w1);
  }
};

TEST(Jacobian, MatchesTheClosedFormInEveryModeAndChunk) {
  Generator rng(3);
  const Net net(rng);
  const Tensor x = randn({3}, rng, DType::f64);
  for (DerivativeMode mode : {DerivativeMode::forward, DerivativeMode::reverse}) {
    for (Index chunk : {1, 2, 3, 7}) {
      const Tensor j = jacobian(net, x, {.mode = mode, .chunk = chunk});
      EXPECT_EQ(j.shape(), Shape({5, 3}));
      EXPECT_FALSE(j.requires_grad());
      // Sums of four products of values of order one.
      EXPECT_LT(gap(j, net.exact(x)), 1e-14) << chunk;
    }
  }
}

TEST(Jacobian, OfArraysHasBothShapes) {
  const auto f = [](const Tensor& x) { return matmul(x, transpose(x)); };
  const Tensor x = tensor({{1, 2, 3}, {4, 5, 6}}, DType::f64);
  const Tensor j = jacobian(f, x);
  EXPECT_EQ(j.shape(), Shape({2, 2, 2, 3}));
  EXPECT_LT(gap(j, jacobian(f, x, {.mode = DerivativeMode::forward})), 1e-15);
  // d (x x')[0, 1] / d x[0, :] = x[1, :]
  EXPECT_EQ(select(select(select(j, 0, 0), 0, 1), 0, 0).to_vector<double>(), List({4, 5, 6}));
}

TEST(Jacobian, OfConstantsAndNothing) {
  const Tensor x = tensor({1, 2}, DType::f64);
  const auto constant = [](const Tensor&) { return ones({3}, DType::f64); };
  EXPECT_EQ(jacobian(constant, x).to_vector<double>(), List(6, 0));
  EXPECT_EQ(jacobian([](const Tensor& v) { return v; }, zeros({0})).shape(), Shape({0, 0}));
  const auto not_batched = [](const Tensor&) { return ones({3}, DType::f64); };
  EXPECT_THROW(jacobian(not_batched, x, {.chunk = 2}), Error);
  EXPECT_THROW(jacobian(constant, x, {.chunk = 0}), Error);
  EXPECT_THROW(jacobian(constant, arange(2, DType::i64)), Error);
}

TEST(Jacobian, OfAFunctionThatConverts) {
  const auto f = [](const Tensor& x) { return convert(x * x, DType::f32); };
  const Tensor x = tensor({1, 2}, DType::f64);
  for (Index chunk : {1, 3}) {
    const Tensor reverse = jacobian(f, x, {.chunk = chunk});
    const Tensor forward = jacobian(f, x, {.mode = DerivativeMode::forward, .chunk = chunk});
    EXPECT_EQ(reverse.dtype(), DType::f64);
    EXPECT_EQ(forward.dtype(), DType::f32);
    // The square is elementwise, so it maps batches as well.
    EXPECT_EQ(reverse.to_vector<double>(), List({2, 0, 0, 4}));
    EXPECT_EQ(forward.to_vector<double>(), List({2, 0, 0, 4}));
  }
}

TEST(Jacobian, CanBeDifferentiated) {
  Generator rng(4);
  const Net net(rng);
  const Tensor x = randn({3}, rng, DType::f64);
  for (DerivativeMode mode : {DerivativeMode::forward, DerivativeMode::reverse}) {
    for (Index chunk : {1, 2}) {
      const auto f = [&](std::span<const Tensor> in) {
        return jacobian(net, in[0], {.mode = mode, .chunk = chunk, .create_graph = true});
      };
      const GradCheckResult r = grad_check(f, {x}, {.order = 1});
      EXPECT_TRUE(r.passed) << r.message;
    }
  }
}

TEST(Hessian, MatchesTheClosedForm) {
  // f = sum_i x_i^3 + (sum x)^2: H = diag(6 x) + 2.
  const Tensor x = tensor({0.5, -1, 2}, DType::f64);
  const Tensor exact = diagonal_embed(6 * x) + 2;
  const auto f = [](const Tensor& v) { return sum(v * v * v, {-1}) + square(sum(v, {-1})); };
  for (DerivativeMode mode : {DerivativeMode::forward, DerivativeMode::reverse}) {
    for (Index chunk : {1, 2, 3, 5}) {
      EXPECT_LT(gap(hessian(f, x, {.mode = mode, .chunk = chunk}), exact), 1e-14) << chunk;
    }
  }
  EXPECT_THROW(hessian([](const Tensor& v) { return v; }, x), Error);
}

TEST(Hvp, OfAConstantIsZero) {
  const Tensor x = tensor({1, 2}, DType::f64);
  EXPECT_EQ(hvp([](const Tensor&) { return scalar(3); }, x, x).to_vector<double>(), List({0, 0}));
  EXPECT_EQ(hvp([](const Tensor& v) { return sum(v); }, x, x).to_vector<double>(), List({0, 0}));
}

TEST(Checkpoint, GivesTheSameDerivativesOfEveryOrder) {
  Generator rng(5);
  const Tensor w = randn({3, 3}, rng, DType::f64);
  const auto segment = [](std::span<const Tensor> in) {
    return tanh(matmul(in[0], in[1])) * in[0];
  };
  const auto f = [&](std::span<const Tensor> in) {
    // The second segment's inputs depend on the first's and on its inputs.
    const Tensor h = checkpoint(segment, in);
    return checkpoint(segment, {h + in[0], in[1]});
  };
  const GradCheckResult r = grad_check(f, {randn({2, 3}, rng, DType::f64), w});
  EXPECT_TRUE(r.passed) << r.message;
}

TEST(Checkpoint, FindsCapturedParameters) {
  const Tensor w = tensor({2, 3}, DType::f64).set_requires_grad();
  const Tensor x = tensor({5, 7}, DType::f64).set_requires_grad();
  // w is captured, and also an ancestor of the input.
  const auto segment = [&](std::span<const Tensor> in) { return w * in[0] * in[0]; };
  const auto loss = [&](bool saving) {
    const std::vector<Tensor> in{w * x};
    return sum(saving ? checkpoint(segment, in) : segment(in));
  };
  const auto saved = grad(loss(true), {w, x}), plain = grad(loss(false), {w, x});
  EXPECT_EQ(saved[0].to_vector<double>(), plain[0].to_vector<double>());
  EXPECT_EQ(saved[1].to_vector<double>(), plain[1].to_vector<double>());
  // The same through a recorded derivative, and with the captured leaf as an input too.
  const auto both = [&](std::span<const Tensor> in) { return w * in[0] * in[0]; };
  const Tensor y = sum(checkpoint(both, {w}));
  const Tensor g = grad(y, w, {.create_graph = true});  // 3 w^2
  EXPECT_EQ(g.to_vector<double>(), List({12, 27}));
  EXPECT_EQ(grad(sum(g), w).to_vector<double>(), List({12, 18}));
  EXPECT_EQ(jvp(y, w, ones_like(w)).item(), 39);
}

TEST(Checkpoint, DrawsTheSameNumbersAgain) {
  const Tensor x = ones({4}, DType::f64).set_requires_grad();
  const auto noisy = [](std::span<const Tensor> in, Generator& rng) {
    return in[0] * randn(in[0].shape(), rng, DType::f64);
  };
  Generator rng(9), twin(9);
  const Tensor y = checkpoint(noisy, std::vector{x}, rng);
  const Tensor noise = randn({4}, twin, DType::f64);
  EXPECT_EQ(rng, twin);
  EXPECT_EQ(y.to_vector<double>(), noise.to_vector<double>());
  EXPECT_EQ(grad(sum(y), x).to_vector<double>(), noise.to_vector<double>());
  EXPECT_EQ(rng, twin);
}

TEST(Checkpoint, KeepsNothingInBetween) {
  const Tensor x = ones({1000}).set_requires_grad();
  const auto deep = [](std::span<const Tensor> in) {
    Tensor y = in[0];
    for (int i = 0; i < 50; ++i) y = tanh(y);
    return y;
  };
  const std::vector<Tensor> in{x};
  const std::size_t before = pool_stats().bytes_live;
  const Tensor plain = deep(in);
  const std::size_t middle = pool_stats().bytes_live;
  const Tensor saved = checkpoint(deep, in);
  const std::size_t after = pool_stats().bytes_live;
  EXPECT_GE(middle - before, 50U * 4000);
  EXPECT_LE(after - middle, 2U * 4000);
  EXPECT_EQ(grad(sum(saved), x).to_vector<float>(), grad(sum(plain), x).to_vector<float>());
}

std::string message_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}
bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

TEST(Anomaly, NamesTheFirstOpThatLeavesTheFiniteNumbers) {
  const Tensor x = tensor({1, 0, 2}, DType::f64);
  EXPECT_NO_THROW(exp(log(x)));
  const AnomalyMode mode;
  const std::string m = message_of([&] { exp(log(x)); });
  EXPECT_TRUE(contains(m, "log gave -inf at element 1 of f64[3]")) << m;
  EXPECT_FALSE(contains(m, "which holds")) << m;
}

TEST(Anomaly, SaysWhenAnInputWasBad) {
  const Tensor x = tensor({1, std::numeric_limits<double>::quiet_NaN()});
  const AnomalyMode mode;
  EXPECT_TRUE(contains(message_of([&] { x + x; }), "add gave nan")) << message_of([&] { x + x; });
  EXPECT_TRUE(contains(message_of([&] { x + x; }), "(which holds nan)"));
}

TEST(Anomaly, InADerivativeNamesTheOpAndWhereItWasCreated) {
  const Tensor x = tensor({0, 1}, DType::f64).set_requires_grad();
  const AnomalyMode mode;
  const Tensor y = sum(sqrt(x));  // 1 / sqrt(0) in the derivative
  const std::string m = message_of([&] { y.backward(); });
  EXPECT_TRUE(contains(m, "while differentiating sqrt of f64[2], created at")) << m;
}

TEST(Anomaly, EndsWithTheScope) {
  { const AnomalyMode mode; }
  EXPECT_NO_THROW(log(zeros({1})));
}

TEST(ToDot, ShowsOpsShapesAndBytes) {
  const Tensor x = ones({2, 3}).set_requires_grad();
  const std::string dot = to_dot(sum(tanh(x) * scalar(2)));
  EXPECT_TRUE(contains(dot, "digraph {"));
  EXPECT_TRUE(contains(dot, "tanh\\nf32[2, 3]\\n24 B")) << dot;
  EXPECT_TRUE(contains(dot, "variable\\nf32[2, 3]")) << dot;
  EXPECT_TRUE(contains(dot, "constant\\nf32[]\\n4 B")) << dot;
  EXPECT_TRUE(contains(dot, "sum\\nf32[]")) << dot;
  EXPECT_TRUE(contains(dot, "5 nodes, 80 bytes")) << dot;
  EXPECT_THROW(to_dot(Tensor()), Error);
}

}  // namespace
}  // namespace ito
