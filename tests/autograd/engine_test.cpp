#include "autograd/graph/engine.h"

#include <array>
#include <cmath>
#include <span>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/checkpoint.h"
#include "autograd/grad_mode.h"
#include "autograd/graph/op.h"
#include "autograd/ops.h"
#include "autograd/transforms.h"

namespace ito {
namespace {

Tensor leaf(const NestedList& values) {
  return tensor(values, DType::f64).set_requires_grad();
}

TEST(Backward, AccumulatesIntoLeaves) {
  const Tensor x = leaf({1, 2, 3});
  sum(x * x).backward();
  EXPECT_EQ(x.grad().to_vector<double>(), (std::vector<double>{2, 4, 6}));
  sum(3 * x).backward();
  EXPECT_EQ(x.grad().to_vector<double>(), (std::vector<double>{5, 7, 9}));
  Tensor(x).zero_grad();
  EXPECT_FALSE(x.grad().defined());
}

TEST(Backward, SumsOverEveryPath) {
  const Tensor x = leaf(3);
  const Tensor a = x * x, b = a + x;
  // d/dx (a b) = d/dx (x^4 + x^3) = 4 x^3 + 3 x^2
  (a * b).backward();
  EXPECT_EQ(x.grad().item(), 4 * 27 + 3 * 9);
}

TEST(Backward, SumsBroadcastGradients) {
  const Tensor x = leaf({1, 2}), y = leaf(5);
  sum(unsqueeze(x, 1) * expand(y, {3})).backward();
  EXPECT_EQ(x.grad().to_vector<double>(), (std::vector<double>{15, 15}));
  EXPECT_EQ(y.grad().item(), 9);
}

TEST(Backward, OfALeafIsOne) {
  const Tensor x = leaf(3);
  x.backward();
  EXPECT_EQ(x.grad().item(), 1);
}

TEST(Backward, NeedsOneElementAndAGraph) {
  const Tensor x = leaf({1, 2});
  EXPECT_THROW((x * x).backward(), Error);
  EXPECT_THROW(scalar(1).backward(), Error);
  NoGrad guard;
  EXPECT_THROW(sum(x).backward(), Error);
}

TEST(Backward, ThroughAFreedGraphSaysWhatToDo) {
  const Tensor x = leaf(2);
  const Tensor y = x * x;
  y.backward();
  try {
    y.backward();
    FAIL() << "a freed graph was differentiated";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("retain_graph"), std::string::npos);
  }
  const Tensor z = x * x;
  z.backward({.retain_graph = true});
  z.backward();
  EXPECT_EQ(x.grad().item(), 12);
}

TEST(Backward, OfAFreedNodeIsNoLeaf) {
  const Tensor x = leaf(3);
  const Tensor h = x * x;
  (h * 2).backward();
  EXPECT_EQ(grad(h * x, h).item(), 3);  // nothing behind h is asked for
  EXPECT_THROW(grad(h * x, {h, x}), Error);
  EXPECT_THROW(grad(h * x, x), Error);
}

TEST(Backward, NoticesWhatAPassInsideARuleFreed) {
  const Tensor x = leaf(5), p = leaf(1);
  const Tensor h = p * 2;
  // The segment's gradient is the first, and frees h, which the segment must not have captured.
  const Tensor y = h * 3 + checkpoint([&](std::span<const Tensor> in) { return in[0] * h; }, {x});
  EXPECT_THROW(y.backward(), Error);
}

TEST(Backward, FreesWhatTheGraphHeld) {
  const Tensor x = leaf(2);
  (x * x).backward();  // the gradient's own memory
  Tensor y = exp(x);
  const Tensor z = y * y;
  const std::size_t before = pool_stats().bytes_live;
  y = {};
  z.backward();
  EXPECT_LT(pool_stats().bytes_live, before);
  EXPECT_FALSE(z.is_leaf());
  EXPECT_TRUE(z.requires_grad());
}

TEST(Hooks, SeeTheCompleteGradientAndMayReplaceIt) {
  const Tensor x = leaf(2);
  Tensor y = x * x;
  std::vector<double> seen;
  y.register_hook([&](const Tensor& g) {
    seen.push_back(g.item());
    return Tensor();
  });
  y.register_hook([](const Tensor& g) { return 10 * g; });
  (y + 2 * y).backward();
  EXPECT_EQ(seen, std::vector<double>{3});
  EXPECT_EQ(x.grad().item(), 3 * 10 * 4);
  EXPECT_THROW(scalar(1).register_hook([](const Tensor& g) { return g; }), Error);
}

TEST(Hooks, MustReturnAGradientThatFits) {
  for (const Tensor& wrong : {ones({3}, DType::f64), ones({2})}) {
    Tensor x = leaf({1, 2});
    x.register_hook([=](const Tensor&) { return wrong; });
    try {
      sum(x * x).backward();
      FAIL() << "took " << wrong.dtype() << wrong.shape();
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find("register_hook"), std::string::npos) << e.what();
    }
  }
}

TEST(Hooks, OfLeavesAndAskedInputsApply) {
  Tensor x = leaf(2);
  x.register_hook([](const Tensor& g) { return -g; });
  EXPECT_EQ(grad(x * x, x).item(), -4);
  (x * x).backward();
  EXPECT_EQ(x.grad().item(), -4);
}

TEST(Grad, OfNonLeavesStopsThere) {
  const Tensor x = leaf(2);
  const Tensor y = x * x, z = y * y * x;
  const auto g = grad(z, {y, x});
  EXPECT_EQ(g[0].item(), 2 * 4 * 2);
  EXPECT_EQ(g[1].item(), 5 * 16);  // z = x^5
  EXPECT_FALSE(x.grad().defined());
}

TEST(Grad, OfAnOutputByItselfIsOne) {
  const Tensor x = leaf(2);
  const Tensor y = x * x;
  EXPECT_EQ(grad(y, y).item(), 1);
}

TEST(Grad, KeepsTheGraphBehindItsInputs) {
  const Tensor x = leaf(3);
  const Tensor h = x * x;
  EXPECT_EQ(grad(h * 2, h).item(), 2);
  EXPECT_EQ(grad(h, x).item(), 6);
}

TEST(Grad, ReportsUnusedInputs) {
  const Tensor x = leaf(2), unused = leaf(1);
  EXPECT_THROW(grad(x * x, {x, unused}), Error);
  const auto g = grad(x * x, {x, unused}, {.allow_unused = true});
  EXPECT_EQ(g[0].item(), 4);
  EXPECT_FALSE(g[1].defined());
  EXPECT_THROW(grad(x * x, scalar(1)), Error);
}

TEST(Grad, DoesNotVisitWhatIsNotAskedFor) {
  const Tensor x = leaf(2), other = leaf(3);
  Tensor side = other * other;
  bool visited = false;
  side.register_hook([&](const Tensor&) {
    visited = true;
    return Tensor();
  });
  EXPECT_EQ(grad(x * side, x).item(), 9);
  EXPECT_FALSE(visited);
}

TEST(Grad, WithoutCreateGraphRecordsNothing) {
  const Tensor x = leaf(2);
  EXPECT_FALSE(grad(x * x, x).requires_grad());
  EXPECT_TRUE(grad(x * x, x, {.create_graph = true}).requires_grad());
}

// Small integers: every sum is exact.
TEST(AddVjp, AddsInPlaceWhatEveryPassGives) {
  const Tensor x = tensor({{1, 2}, {3, -1}}, DType::f64), gate = tensor({{2}, {5}}, DType::f64);
  const Tensor w = leaf({{1, -2}, {0, 3}, {4, 1}}), b = leaf({1, 2, 3}), unused = leaf(7);
  const auto outputs = [&] {
    return std::array{linear(x, w, b), gated_linear(gate, x, w, b), square(matmul(w, x))};
  };
  const std::vector<Tensor> inputs{w, b, unused};
  std::vector<Tensor> expected(2), sums(3);
  sums[2] = scalar(9, DType::f64);
  const double* at = nullptr;
  for (int pass = 0; pass < 2; ++pass) {
    for (const Tensor& y : outputs()) {
      const Tensor v = full(y.shape(), 2, DType::f64);
      const auto g = vjp({&y, 1}, {&v, 1}, std::span(inputs).first(2),
                         {.retain_graph = true, .allow_unused = true});
      for (std::size_t i = 0; i < 2; ++i) {
        if (g[i].defined()) expected[i] = expected[i].defined() ? expected[i] + g[i] : g[i];
      }
      add_vjp({&y, 1}, {&v, 1}, inputs, sums);
      EXPECT_EQ(sums[0].to_vector<double>(), expected[0].to_vector<double>());
      EXPECT_EQ(sums[1].to_vector<double>(), expected[1].to_vector<double>());
      EXPECT_TRUE(!at || sums[0].data<double>() == at);
      at = sums[0].data<double>();
    }
  }
  EXPECT_EQ(sums[2].item(), 9);
}

TEST(AddVjp, LeavesAloneWhatOthersSee) {
  const Tensor x = ones({1, 2}, DType::f64), w = leaf({{1, 2}});
  const Tensor y = linear(x, w), v = ones({1, 1}, DType::f64);
  std::vector<Tensor> sums{tensor({{3, 4}}, DType::f64)};
  const Tensor held = sums[0];
  add_vjp({&y, 1}, {&v, 1}, {&w, 1}, sums);
  EXPECT_EQ(held.to_vector<double>(), (std::vector<double>{3, 4}));
  EXPECT_EQ(sums[0].to_vector<double>(), (std::vector<double>{4, 5}));
}

TEST(AddVjp, ShowsHooksAndInputsBehindOnlyThisPass) {
  Tensor x = leaf(2);
  x.register_hook([](const Tensor& g) { return -g; });
  const Tensor h = 3 * x, y = h * h, one = ones({}, DType::f64);
  const std::vector<Tensor> inputs{h, x};
  std::vector<Tensor> sums{scalar(100, DType::f64), scalar(1000, DType::f64)};
  add_vjp({&y, 1}, {&one, 1}, inputs, sums);
  EXPECT_EQ(sums[0].item(), 100 + 12);
  EXPECT_EQ(sums[1].item(), 1000 - 36);
}

TEST(AddVjp, NamesWhatDoesNotFit) {
  const Tensor x = leaf(2), one = ones({}, DType::f64);
  const auto refuses = [&](std::vector<Tensor> inputs, std::vector<Tensor> sums) {
    const Tensor y = x * x;
    EXPECT_THROW(add_vjp({&y, 1}, {&one, 1}, inputs, sums), Error);
  };
  refuses({x}, {});
  refuses({x}, {ones({2}, DType::f64)});
  refuses({x}, {scalar(1, DType::f32)});
  refuses({x, x}, {Tensor(), Tensor()});
  refuses({scalar(1, DType::f64)}, {Tensor()});
}

TEST(HigherOrders, ThirdDerivativeOfTanhMatchesItsClosedForm) {
  for (double at : {-1.3, -0.2, 0.0, 0.4, 2.1}) {
    const Tensor x = leaf(at);
    const Tensor first = grad(tanh(x), x, {.create_graph = true});
    const Tensor second = grad(first, x, {.create_graph = true});
    const Tensor third = grad(second, x, {.create_graph = true});
    const double t = std::tanh(at), d = 1 - t * t;
    // Some ten operations of 2 eps each on values of order one.
    EXPECT_NEAR(first.item(), d, 1e-14);
    EXPECT_NEAR(second.item(), -2 * t * d, 1e-14);
    EXPECT_NEAR(third.item(), -2 * d * (1 - 3 * t * t), 1e-14);
    EXPECT_NEAR(jvp(second, x, ones_like(x)).item(), third.item(), 1e-14);
  }
}

TEST(Jvp, VisitsSharedSubgraphsOnce) {
  // 60 doublings: a walk over paths instead of nodes would not end.
  const Tensor x = leaf(1);
  Tensor y = x;
  for (int i = 0; i < 60; ++i) y = y + y;
  EXPECT_EQ(jvp(y, x, ones_like(x)).item(), std::pow(2, 60));
  EXPECT_EQ(grad(y, x).item(), std::pow(2, 60));
}

TEST(Jvp, OfSeveralOutputsAndInputs) {
  const Tensor x = leaf(2), y = leaf(3);
  const std::vector<Tensor> out{x * y, x + y, scalar(1, DType::f64) * x};
  const auto t =
      jvp(out, std::vector{x, y}, std::vector{scalar(10, DType::f64), scalar(100, DType::f64)});
  EXPECT_EQ(t[0].item(), 230);
  EXPECT_EQ(t[1].item(), 110);
  EXPECT_EQ(t[2].item(), 10);
}

TEST(Jvp, AddsTheTangentsOfAnInputNamedTwice) {
  const Tensor x = leaf(3), one = scalar(1, DType::f64), two = scalar(2, DType::f64);
  const Tensor y = 2 * x;
  EXPECT_EQ(jvp({&y, 1}, std::vector{x, x}, std::vector{one, two})[0].item(), 6);
}

TEST(Jvp, OfAnIndependentOutputIsZero) {
  const Tensor x = leaf({1, 2}), y = leaf(3);
  EXPECT_EQ(jvp(x * x, y, ones_like(y)).to_vector<double>(), (std::vector<double>{0, 0}));
  EXPECT_THROW(jvp(x, scalar(1, DType::f64), scalar(1, DType::f64)), Error);
  EXPECT_THROW(jvp(x, x, scalar(1, DType::f64)), Error);
}

// f(x) = W2 tanh(W1 x), and L = <u, J(x) v> by forward mode, differentiated by W1:
//   J v = W2 diag(1 - h^2) W1 v, so with h = tanh(W1 x), q = W1 v, r = W2' u:
//   dL/dW1 = (r (1 - h^2)) v' - (2 r q h (1 - h^2)) x'.
TEST(HigherOrders, ReverseOverForwardOfATwoLayerNetMatchesItsClosedForm) {
  Generator rng(7);
  const Index n = 5, m = 4;
  const Tensor w1 = randn({m, n}, rng, DType::f64).set_requires_grad();
  const Tensor w2 = randn({n, m}, rng, DType::f64).set_requires_grad();
  const Tensor x = randn({n, 1}, rng, DType::f64).set_requires_grad();
  const Tensor v = randn({n, 1}, rng, DType::f64), u = randn({n, 1}, rng, DType::f64);

  const Tensor y = matmul(w2, tanh(matmul(w1, x)));
  const Tensor loss = sum(u * jvp(y, x, v));
  const auto g = grad(loss, {w1, w2});

  NoGrad guard;
  const Tensor h = tanh(matmul(w1, x)), d = 1 - h * h, q = matmul(w1, v);
  const Tensor r = matmul(transpose(w2), u);
  const Tensor g1 = matmul(r * d, transpose(v)) - matmul(2 * r * q * h * d, transpose(x));
  const Tensor g2 = matmul(u, transpose(d * q));
  EXPECT_LE(max(abs(g[0] - g1)).item(), 1e-13 * max(abs(g1)).item());
  EXPECT_LE(max(abs(g[1] - g2)).item(), 1e-13 * max(abs(g2)).item());
}

TEST(Hvp, IsTheHessianTimesAVector) {
  const auto f = [](const Tensor& x) { return sum(x * x * x); };
  const Tensor x = tensor({1, 2, 3}, DType::f64), v = tensor({1, 0, -1}, DType::f64);
  EXPECT_EQ(hvp(f, x, v).to_vector<double>(), (std::vector<double>{6, 0, -18}));
}

TEST(Threads, MayDifferentiateGraphsThatShareLeaves) {
  const Tensor x = tensor({1, 2, 3}, DType::f64).set_requires_grad();
  const Tensor shared = exp(x);
  const auto work = [&](double factor, double* worst) {
    for (int i = 0; i < 2000; ++i) {
      const Tensor g = grad(sum(factor * shared * shared), x, {.retain_graph = true});
      for (Index k = 0; k < 3; ++k) {
        const double e = std::exp(2 * x.data<double>()[k]) * 2 * factor;
        *worst = std::max(*worst, std::abs(g.data<double>()[k] / e - 1));
      }
    }
  };
  double a = 0, b = 0;
  std::thread other(work, 2.0, &a);
  work(3.0, &b);
  other.join();
  // exp within 4 ULP twice, and two products.
  EXPECT_LE(std::max(a, b), 4e-15);
}

TEST(InPlace, OnlyLeavesUnderNoGrad) {
  Tensor x = leaf({1, 2});
  Tensor y = x * x;
  EXPECT_THROW(x.mutable_data<double>(), Error);
  EXPECT_THROW(x.fill_(0), Error);
  EXPECT_THROW(y.set_requires_grad(), Error);
  NoGrad guard;
  EXPECT_THROW(y.fill_(0), Error);
  EXPECT_THROW(y.mutable_data<double>(), Error);
  x.copy_(tensor({3.0}, DType::f64));
  EXPECT_EQ(x.to_vector<double>(), (std::vector<double>{3, 3}));
  EXPECT_EQ(y.to_vector<double>(), (std::vector<double>{1, 4}));
  EXPECT_THROW(arange(3, DType::i64).set_requires_grad(), Error);
}

// An op whose rules return the wrong dtype.
struct WrongDtype final : Op {
  static constexpr const char* kName = "test_wrong_dtype";
  const char* name() const override { return kName; }
  Tensor vjp(const Call&, const Tensor& g, int) const override { return convert(g, DType::f32); }
  Tangent jvp(const Call&, Tangents t) const override {
    return map(t[0], [](const Tensor& x) { return convert(x, DType::f32); });
  }
};
// An op that does not give a gradient: zero.
struct NoRule final : Op {
  static constexpr const char* kName = "test_no_rule";
  const char* name() const override { return kName; }
  Tensor vjp(const Call&, const Tensor&, int) const override { return {}; }
  Tangent jvp(const Call&, Tangents) const override { return {}; }
};

TEST(CustomOps, WrongDtypesAreNamed) {
  const Tensor x = leaf(1);
  const Tensor y = apply<WrongDtype>(scalar(1, DType::f64), {x});
  EXPECT_THROW(grad(y, x, {.retain_graph = true}), Error);
  EXPECT_THROW(jvp(y, x, ones_like(x)), Error);
}

TEST(CustomOps, UndefinedMeansZero) {
  const Tensor x = leaf(1);
  const Tensor y = apply<NoRule>(scalar(1, DType::f64), {x});
  EXPECT_FALSE(grad(y, x, {.retain_graph = true, .allow_unused = true}).defined());
  EXPECT_EQ(jvp(y, x, ones_like(x)).item(), 0);
}

}  // namespace
}  // namespace ito
