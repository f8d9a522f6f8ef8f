#include "diffusion/layered_jacobian.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/grad_mode.h"
#include "autograd/ops.h"
#include "autograd/testing/grad_check.h"
#include "autograd/transforms.h"
#include "diffusion/likelihood.h"
#include "diffusion/losses/score_matching.h"
#include "diffusion/preconditioning.h"
#include "diffusion/schedules/variance_preserving.h"
#include "nn/mlp.h"
#include "nn/norm.h"
#include "nn/sequential.h"
#include "nn/two_layer_denoiser.h"

namespace ito::diffusion {
namespace {

constexpr Index kRows = 6, kN = 4;

Tensor points(Index rows = kRows, Index n = kN) {
  Generator rng(3);
  return randn({rows, n}, rng, DType::f64);
}

struct Case {
  std::string name;
  Function f;
  std::vector<Tensor> parameters;
};

template <class M>
Case of_module(std::string name, const M& module) {
  return {std::move(name), [=](const Tensor& x) { return module.forward(x); }, module.parameters()};
}

// Networks whose structure shows, one for each rule and number of layers.
std::vector<Case> layered() {
  Generator rng(7);
  const nn::MlpOptions f64{.activation = nn::Activation::tanh, .dtype = DType::f64};
  std::vector<Case> cases;
  cases.push_back(of_module("one layer", nn::Mlp({kN, kN}, rng, f64)));
  cases.push_back(of_module("two layers", nn::Mlp({kN, 7, kN}, rng, f64)));
  cases.push_back(of_module("three layers", nn::Mlp({kN, 7, 5, kN}, rng, f64)));
  cases.push_back(of_module("four layers", nn::Mlp({kN, 7, 5, 6, kN}, rng, f64)));
  cases.push_back(of_module("a narrow layer", nn::Mlp({kN, 7, 2, 5, 6, kN}, rng, f64)));
  const nn::Linear a(kN, 5, rng, {.dtype = DType::f64}), b(5, kN, rng, {.dtype = DType::f64});
  cases.push_back(of_module("products without slopes", nn::Sequential(a, b)));
  cases.push_back(of_module(
      "silu behind the last layer",
      nn::Sequential(nn::Activation::gelu, a, nn::Activation::silu, b, nn::Activation::softplus)));

  for (const auto form : {nn::Parametrisation::plain, nn::Parametrisation::corrected}) {
    const nn::TwoLayerDenoiser net(
        {.n = kN, .hidden = 5, .parametrisation = form, .dtype = DType::f64}, rng);
    const Tensor alpha = 0.2 + rand({kRows}, rng, DType::f64);
    cases.push_back({"a gate and an angle for each row",
                     [=](const Tensor& x) { return net.forward(x, alpha); }, net.parameters()});
  }

  const nn::Mlp timed({kN + 3, 7, kN}, rng, f64);
  const Tensor before = randn({kRows, 1}, rng, DType::f64),
               after = randn({kRows, 2}, rng, DType::f64);
  cases.push_back({"columns of time",
                   [=](const Tensor& x) {
                     return timed.forward(sin(concatenate({before, 2.0 * x, after}, 1)));
                   },
                   timed.parameters()});

  const nn::Mlp mlp({kN, 7, kN}, rng, f64);
  const Tensor gain = randn({kN}, rng, DType::f64).set_requires_grad();
  std::vector<Tensor> parameters = mlp.parameters();
  parameters.push_back(gain);
  cases.push_back({"sums, products and powers of what depends on x",
                   [=](const Tensor& x) {
                     const Tensor y = mlp.forward(x * gain);
                     return x / (1.0 + square(y)) - 0.5 * y * x + (3.0 - x);
                   },
                   parameters});
  const Tensor matrix = randn({kN, kN}, rng, DType::f64).set_requires_grad();
  cases.push_back(
      {"matmul", [=](const Tensor& x) { return x + tanh(matmul(x, matrix)); }, {matrix}});
  cases.push_back({"activations without a module",
                   [=](const Tensor& x) { return mish(matmul(gelu_tanh(x), matrix)); },
                   {matrix}});
  cases.push_back({"elementwise", [=](const Tensor& x) { return x * x * x * gain; }, {gain}});
  return cases;
}

double difference(const Tensor& a, const Tensor& b) {
  EXPECT_EQ(a.shape(), b.shape());
  return max(abs(a.detach() - b.detach())).item();
}

Function counting(const Function& f, int& calls) {
  return [&f, &calls](const Tensor& x) {
    ++calls;
    EXPECT_EQ(x.size(0), kRows);
    return f(x);
  };
}

TEST(LayeredJacobian, TraceIsTheDivergenceOfTangents) {
  for (const Case& c : layered()) {
    SCOPED_TRACE(c.name);
    const Tensor x = points();
    int calls = 0;
    const Divergence fast = divergence(counting(c.f, calls), x);
    EXPECT_EQ(calls, 1) << "the structure was not seen";
    const Divergence dense =
        divergence(c.f, x, {.method = DivergenceMethod::exact_forward, .chunk = 1});
    // Sums of a hundred products of order one, in f64.
    EXPECT_LT(difference(fast.divergence, dense.divergence), 1e-12);
    EXPECT_LT(difference(fast.value, dense.value), 1e-12);
    for (const Tensor& p : c.parameters) {
      const auto gradient = [&](const Divergence& d) {
        return grad(sum(d.divergence * sum(d.value, {1})), p,
                    {.retain_graph = true, .allow_unused = true});
      };
      EXPECT_LT(difference(gradient(fast), gradient(dense)), 1e-12);
    }
  }
}

TEST(LayeredJacobian, DerivativesOfTheTraceAreFiniteDifferences) {
  for (const Case& c : layered()) {
    SCOPED_TRACE(c.name);
    const Tensor x = points();
    // The parameters are read where they are; grad_check moves their values. Order 1, since higher
    // ones need the parameters as arguments; gradients of gradients are those of public ops.
    const GradCheckResult r =
        grad_check([&](std::span<const Tensor>) { return divergence(c.f, x).divergence; },
                   c.parameters, {.order = 1});
    EXPECT_TRUE(r.passed) << r.message;
  }
}

TEST(LayeredJacobian, DifferentiatesInThePoint) {
  for (const Case& c : layered()) {
    SCOPED_TRACE(c.name);
    Tensor x = points();
    x.set_requires_grad();
    const auto gradient = [&](DivergenceMethod method) {
      const Tensor d = divergence(c.f, x, {.method = method, .chunk = 1}).divergence;
      const Tensor g = d.requires_grad() ? grad(sum(d), x, {.allow_unused = true}) : Tensor();
      return g.defined() ? g : zeros_like(x);
    };
    EXPECT_LT(
        difference(gradient(DivergenceMethod::exact), gradient(DivergenceMethod::exact_forward)),
        1e-12);
  }
}

TEST(LayeredJacobian, NoGradientReachesAPointThatAskedForNone) {
  const Case c = layered()[1];
  const Tensor x = points();
  sum(divergence(c.f, x).divergence).backward();
  EXPECT_FALSE(x.grad().defined());
  const NoGrad guard;
  EXPECT_FALSE(divergence(c.f, x).divergence.requires_grad());
}

TEST(LayeredJacobian, EveryOtherNetworkFallsBackToTangents) {
  Generator rng(9);
  const nn::LayerNorm norm(kN, {.dtype = DType::f64});
  const nn::Mlp deep({kN, 5, 5, 5, kN}, rng, {.dtype = DType::f64});
  const Case others[] = {of_module("rows that mix within", norm),
                         // Weights that depend on x.
                         {"attention", [](const Tensor& x) { return x * sum(x, {1}, true); }, {}},
                         // More products of many layers than tangents cost.
                         {"residual blocks",
                          [=](const Tensor& x) {
                            const Tensor h = x + deep.forward(x);
                            return h + deep.forward(h);
                          },
                          deep.parameters()}};
  for (const Case& c : others) {
    SCOPED_TRACE(c.name);
    const Tensor x = points();
    const Tensor dense = divergence(c.f, x, {.method = DivergenceMethod::exact_reverse}).divergence;
    EXPECT_LT(difference(divergence(c.f, x).divergence, dense), 1e-12);
    GradMode on(true);
    Tensor at = points();
    at.set_requires_grad();
    EXPECT_FALSE(layered_jacobian(c.f(at), at).has_value());
  }
}

TEST(LayeredJacobian, ChunksOfManyRowsSumToTheWhole) {
  // 5,000 rows: two directions at a time through the narrowest of five layers.
  Generator rng(9);
  const nn::Mlp deep({8, 9, 10, 9, 8}, rng, {.dtype = DType::f64});
  const Function f = [&](const Tensor& x) { return deep.forward(x); };
  const NoGrad guard;
  const Tensor x = points(5000, 8);
  const Tensor dense =
      divergence(f, x, {.method = DivergenceMethod::exact_forward, .chunk = 8}).divergence;
  EXPECT_LT(difference(divergence(f, x).divergence, dense), 1e-12);
}

TEST(LayeredJacobian, ServesTheLossAndTheLikelihood) {
  Generator rng(5);
  const nn::Mlp mlp({kN + 1, 7, kN}, rng, {.dtype = DType::f64});
  const auto path = std::make_shared<VpLinear>();
  const Network inner = [&](const Tensor& x, const Tensor& c) {
    return mlp.forward(concatenate({x, unsqueeze(c, 1)}, 1));
  };
  const Network network = precondition(inner, path, 1.0);
  int calls = 0;
  const Network counted = [&](const Tensor& x, const Tensor& t) {
    ++calls;
    EXPECT_EQ(x.size(0), kRows);
    return network(x, t);
  };
  const Likelihood fast = log_likelihood(counted, Prediction::x0, *path, points(), 0.01, 1.0, {});
  EXPECT_EQ(calls, fast.evaluations);
  LikelihoodOptions dense;
  dense.divergence.method = DivergenceMethod::exact_forward;
  const Likelihood slow =
      log_likelihood(network, Prediction::x0, *path, points(), 0.01, 1.0, dense);
  // The same adaptive steps but for rounding, which the tolerance of 1e-7 covers.
  EXPECT_LT(difference(fast.log_density, slow.log_density), 1e-6);

  const Function score = [&](const Tensor& x) {
    return network(x, full({x.size(0)}, 0.3, DType::f64));
  };
  EXPECT_NEAR(
      implicit_score_matching(score, points()).item(),
      implicit_score_matching(score, points(), {.method = DivergenceMethod::exact_forward}).item(),
      1e-12);
}

}  // namespace
}  // namespace ito::diffusion
