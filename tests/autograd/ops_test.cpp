// What the op table does not see: ops without derivatives, ties, special values, layouts of views.
#include "autograd/ops.h"

#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "autograd/transforms.h"

namespace ito {
namespace {

using List = std::vector<double>;
using Ints = std::vector<std::int64_t>;

Tensor leaf(const NestedList& values) {
  return tensor(values, DType::f64).set_requires_grad();
}
List values(const Tensor& x) {
  return x.to_vector<double>();
}
constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

TEST(Comparisons, GiveZeroOrOneAndNoGraph) {
  const Tensor a = leaf({1, 2, 3}), b = leaf({2, 2, 2});
  EXPECT_EQ(values(equal(a, b)), List({0, 1, 0}));
  EXPECT_EQ(values(not_equal(a, b)), List({1, 0, 1}));
  EXPECT_EQ(values(less(a, b)), List({1, 0, 0}));
  EXPECT_EQ(values(less_equal(a, b)), List({1, 1, 0}));
  EXPECT_EQ(values(greater(a, 2)), List({0, 0, 1}));
  EXPECT_EQ(values(greater_equal(a, 2)), List({0, 1, 1}));
  EXPECT_FALSE(greater(a, b).requires_grad());
  EXPECT_THROW(less(a, ones({3})), Error);
  EXPECT_THROW(less(a, zeros({2}, DType::f64)), Error);
}

TEST(Sign, HasNoDerivative) {
  const Tensor x = leaf({-2, 0, 3});
  EXPECT_EQ(values(sign(x)), List({-1, 0, 1}));
  EXPECT_FALSE(sign(x).requires_grad());
}

TEST(Kinks, TakeTheirDocumentedSide) {
  const Tensor x = leaf({-1, 0, 1});
  EXPECT_EQ(values(grad(sum(relu(x)), x)), List({0, 0, 1}));
  EXPECT_EQ(values(grad(sum(abs(x)), x)), List({-1, 0, 1}));
  EXPECT_EQ(values(grad(sum(clamp(x, -1, 0.5)), x)), List({1, 1, 0}));
  EXPECT_EQ(values(grad(norm(0 * x), x)), List({0, 0, 0}));
  EXPECT_EQ(values(grad(stddev(0 * x + 1), x)), List({0, 0, 0}));
  const Tensor y = leaf({0, 3, -2});
  EXPECT_EQ(values(grad(sum(hypot(y, 0 * y)), y)), List({0, 1, -1}));
}

TEST(Kinks, OfEluLieOnTheLeft) {
  const Tensor x = leaf({0, 1});
  // alpha e^x for x <= 0, as in PyTorch.
  EXPECT_EQ(values(grad(sum(elu(x, 0.5)), x)), List({0.5, 1}));
  EXPECT_EQ(values(jvp(elu(x, 0.5), x, ones_like(x))), List({0.5, 1}));
  const double scale = 1.0507009873554804934;
  EXPECT_EQ(values(grad(sum(selu(x)), x)), List({scale * 1.6732632423543772848, scale}));
}

// Where squares over- or underflow, slopes need not.
TEST(Slopes, HoldAtTheEndsOfTheRange) {
  const Tensor x = tensor({1e20, -1e20}).set_requires_grad();
  EXPECT_EQ(values(grad(sum(gelu_tanh(x)), x)), List({1, 0}));
  const Tensor a = tensor({1e-25, 1e30}).set_requires_grad();
  const Tensor b = tensor({1e-25, 1.0}).set_requires_grad();
  const auto g = grad(sum(atan2(a, b)), {a, b});
  // b/r^2 and -a/r^2 with r^2 = 2e-50 and 1e60; a handful of roundings of 6e-8.
  EXPECT_NEAR(values(g[0])[0] / 5e24, 1, 1e-6);
  EXPECT_NEAR(values(g[1])[0] / -5e24, 1, 1e-6);
  EXPECT_NEAR(values(g[1])[1] / -1e-30, 1, 1e-6);
}

TEST(Ties, SplitTheGradientEvenly) {
  const Tensor a = leaf({1, 2}), b = leaf({1, 3});
  const auto g = grad(sum(maximum(a, b)), {a, b});
  EXPECT_EQ(values(g[0]), List({0.5, 0}));
  EXPECT_EQ(values(g[1]), List({0.5, 1}));
  const Tensor x = leaf({2, 1, 2, 2});
  EXPECT_EQ(values(grad(max(x), x)), List({1.0 / 3, 0, 1.0 / 3, 1.0 / 3}));
  EXPECT_EQ(values(grad(min(x), x)), List({0, 1, 0, 0}));
}

TEST(Where, PassesNothingToWhatItDidNotChoose) {
  const Tensor x = leaf({0, 4});
  // sqrt has no derivative at 0; not chosen, it does not spoil the sum.
  const Tensor y = sum(where(greater(x, 0), sqrt(where(greater(x, 0), x, ones_like(x))), 2 * x));
  EXPECT_EQ(values(grad(y, x)), List({2, 0.25}));
  // Conditions of any dtype, none rounded away.
  const Tensor tiny = tensor({1e-300, 0.0}, DType::f64);
  EXPECT_EQ(values(where(tiny, ones({2}), zeros({2}))), List({1, 0}));
  EXPECT_EQ(values(where(tiny, arange(2, DType::i64) + 5, zeros({2}, DType::i64))), List({5, 0}));
}

TEST(Pow, HandlesZeroAndNegativeBases) {
  const Tensor x = leaf({-2, 0, 3});
  EXPECT_EQ(values(pow(x, 3.0)), List({-8, 0, 27}));
  EXPECT_EQ(values(grad(sum(pow(x, 3.0)), x)), List({12, 0, 27}));
  EXPECT_EQ(values(grad(sum(pow(x, 2.0)), x)), List({-4, 0, 6}));
  EXPECT_EQ(values(pow(tensor({4.0}), 0.5)), List({2}));
  EXPECT_EQ(values(pow(tensor({4.0}), -1.0)), List({0.25}));
  // 0^0 = 1: polynomials at 0 to the order where they vanish.
  const Tensor zero = leaf(0);
  for (const auto& [exponent, factorial] : {std::pair{0, 0}, {1, 1}, {3, 6}}) {
    Tensor d = pow(zero, scalar(exponent, DType::f64));
    for (int order = 1; order <= 5; ++order) {
      d = grad(d, zero, {.create_graph = true});
      EXPECT_EQ(d.item(), order == exponent ? factorial : 0) << exponent << ' ' << order;
    }
  }
  const Tensor e = leaf({2, 3});
  EXPECT_EQ(values(grad(sum(pow(zeros({2}, DType::f64), e)), e)), List({0, 0}));
}

TEST(Prod, IsDifferentiableAtZeros) {
  const Tensor x = leaf({2, 0, 5}), y = leaf({0, 0, 5});
  EXPECT_EQ(values(grad(prod(x), x)), List({0, 10, 0}));
  EXPECT_EQ(values(grad(prod(y), y)), List({0, 0, 0}));
}

TEST(Reductions, OfNothing) {
  const Tensor x = zeros({0, 2});
  EXPECT_EQ(values(sum(x, {0})), List({0, 0}));
  EXPECT_EQ(values(prod(x, {0})), List({1, 1}));
  const Tensor nothing = zeros({0}).set_requires_grad();
  EXPECT_EQ(grad(prod(nothing), nothing).shape(), Shape({0}));
  EXPECT_EQ(values(max(x, {0})), List({-kInf, -kInf}));
  EXPECT_EQ(values(min(x, {0})), List({kInf, kInf}));
  EXPECT_TRUE(std::isnan(mean(x).item()));
  EXPECT_EQ(any(x).item(), 0);
  EXPECT_EQ(all(x).item(), 1);
  EXPECT_EQ(values(logsumexp(x, {0})), List({-kInf, -kInf}));
  EXPECT_THROW(argmax(x), Error);
}

TEST(Argmax, FindsTheFirst) {
  const Tensor x = tensor({{1, 5, 5}, {7, 0, 2}});
  EXPECT_EQ(argmax(x).item(), 3);
  EXPECT_EQ(argmin(x).item(), 4);
  EXPECT_EQ(argmax(x, 1).to_vector<std::int64_t>(), Ints({1, 0}));
  EXPECT_EQ(argmin(x, 0).to_vector<std::int64_t>(), Ints({0, 1, 1}));
  EXPECT_EQ(argmax(transpose(x), -2).to_vector<std::int64_t>(), Ints({1, 0}));
  EXPECT_EQ(argmax(x, 1, true).shape(), Shape({2, 1}));
  EXPECT_EQ(argmax(tensor({1, kNaN, 3, kNaN})).item(), 1);
  EXPECT_THROW(argmax(x, 2), Error);
  EXPECT_THROW(argmax(arange(3, DType::i64)), Error);
}

TEST(AnyAll, OverAxes) {
  const Tensor x = tensor({{0, 1}, {0, 0}, {0, kNaN}});
  EXPECT_EQ(values(any(x, {1})), List({1, 0, 1}));
  EXPECT_EQ(values(all(x, {0})), List({0, 0}));
  EXPECT_EQ(any(x).item(), 1);
  EXPECT_EQ(all(x, {0}, true).shape(), Shape({1, 2}));
  EXPECT_THROW(any(x, {2}), Error);
  EXPECT_THROW(all(arange(2, DType::i64)), Error);
}

TEST(Softmax, SurvivesHugeArguments) {
  const Tensor x = tensor({1000, 1000, -1000}, DType::f64);
  EXPECT_EQ(values(softmax(x)), List({0.5, 0.5, 0}));
  EXPECT_DOUBLE_EQ(logsumexp(x, {0}).item(), 1000 + std::log(2.0));
  EXPECT_EQ(values(log_softmax(x))[2], -2000 - std::log(2.0));
  // -inf marks what a mask excludes: probability and gradient 0.
  const Tensor masked = leaf({1, -kInf, 1});
  EXPECT_EQ(values(softmax(masked)), List({0.5, 0, 0.5}));
  EXPECT_EQ(values(grad(logsumexp(masked, {0}), masked)), List({0.5, 0, 0.5}));
}

TEST(Variance, DividesByTheCorrectedCount) {
  const Tensor x = tensor({1, 2, 3, 6}, DType::f64);
  EXPECT_DOUBLE_EQ(var(x).item(), 3.5);
  EXPECT_DOUBLE_EQ(var(x, {0}, {.correction = 1}).item(), 14.0 / 3);
  EXPECT_DOUBLE_EQ(stddev(x).item(), std::sqrt(3.5));
}

TEST(Positions, AreThoseOfTheCallWhenDifferentiated) {
  const Tensor x = leaf({{1, 2, 3}, {4, 5, 6}}), source = leaf({{7}, {8}});
  Tensor flat = from(Ints{2}, {1}), column = from(Ints{1, 0}, {2, 1});
  const Tensor a = sum(index_select(x, 1, flat)), b = sum(gather(x, 1, column));
  const Tensor c = sum(scatter_add(x.detach(), 1, column, source) * x.detach());
  flat.fill_(1e9);
  column.fill_(1e9);
  EXPECT_EQ(values(grad(a, x)), List({0, 0, 1, 0, 0, 1}));
  EXPECT_EQ(values(grad(b, x)), List({0, 1, 0, 1, 0, 0}));
  EXPECT_EQ(values(grad(c, source)), List({2, 4}));
}

TEST(GatedLinear, WithoutGatesPassesNothing) {
  const Tensor gate = zeros({4, 0}, DType::f64).set_requires_grad();
  const Tensor x = ones({4, 3}, DType::f64).set_requires_grad();
  const Tensor weight = zeros({5, 0}, DType::f64).set_requires_grad();
  const Tensor y = sum(gated_linear(gate, x, weight));
  EXPECT_EQ(y.item(), 0);
  // The pool hands this memory out again.
  { const Tensor rubbish = full({4, 3}, 7, DType::f64); }
  const auto g = grad(y, {gate, x, weight});
  EXPECT_EQ(values(g[1]), List(12, 0));
  EXPECT_EQ(g[0].numel() + g[2].numel(), 0);
}

// The fused backward passes, on their own and against the rules they stand for.
template <class F>
void expect_same_bytes_with_create_graph(const char* what, const F& f) {
  for (const DType dtype : {DType::f32, DType::f64}) {
    const Tensor a = (4 * linspace(-1, 1, 49, dtype)).set_requires_grad();
    const Tensor wide = reshape(a, {7, 7});
    const Tensor v = linspace(2, -3, 49, dtype);
    for (const Tensor& x : {wide, transpose(wide)}) {
      const Tensor y = f(x);
      for (const Tensor& u : {reshape(v, x.shape()), expand(scalar(0.3, dtype), x.shape()),
                              expand(slice(reshape(v, x.shape()), 1, 0, 1), x.shape())}) {
        const Tensor loss = y.rank() == 0 ? y : sum(y * u);
        const Tensor plain = grad(loss, a, {.retain_graph = true});
        const Tensor ruled = grad(loss, a, {.retain_graph = true, .create_graph = true});
        EXPECT_EQ(values(plain), values(ruled)) << what << ", " << dtype << x.shape();
      }
    }
  }
}
TEST(FusedBackward, HasTheBytesOfTheRules) {
  expect_same_bytes_with_create_graph("square", [](const Tensor& x) { return square(x); });
  expect_same_bytes_with_create_graph("relu", [](const Tensor& x) { return relu(x); });
  expect_same_bytes_with_create_graph("tanh", [](const Tensor& x) { return tanh(x); });
  expect_same_bytes_with_create_graph("sigmoid", [](const Tensor& x) { return sigmoid(x); });
  expect_same_bytes_with_create_graph(
      "squared_distance", [](const Tensor& x) { return 0.7 * squared_distance(x, cos(x)); });
}

TEST(FusedBackward, OfLinearAddsToWhatOtherUsesLeft) {
  const auto tied = [](const Tensor& x) { return linear(tanh(linear(x, x)), x); };
  const auto residual = [](const Tensor& x) { return x + linear(x, x) + linear(x, cos(x)); };
  const auto twice = [](const Tensor& x) { return linear(x, sin(x)) + linear(square(x), sin(x)); };
  expect_same_bytes_with_create_graph("tied", tied);
  expect_same_bytes_with_create_graph("residual", residual);
  expect_same_bytes_with_create_graph("twice", twice);
}

TEST(SquaredDistance, HasTheBytesOfTheSumOfSquares) {
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (const Index n : {0, 1, 17, 64, 1024, 1025, 5003}) {
      const Tensor a = sin(linspace(0, 50, n, dtype)).detach().set_requires_grad();
      const Tensor b = cos(linspace(0, 90, n, dtype)).detach().set_requires_grad();
      const Tensor fused = squared_distance(a, b), plain = sum(square(a - b));
      EXPECT_EQ(fused.item(), plain.item()) << dtype << ", n = " << n;
      const auto g = grad(0.3 * fused, {a, b}), h = grad(0.3 * plain, {a, b});
      for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(values(g[i]), values(h[i])) << "n = " << n;
    }
  }
}

TEST(OneHot, MarksTheClass) {
  const Tensor at = from(Ints{2, 0}, {2});
  EXPECT_EQ(values(one_hot(at, 3)), List({0, 0, 1, 1, 0, 0}));
  EXPECT_EQ(one_hot(at, 3, DType::i64).dtype(), DType::i64);
  EXPECT_THROW(one_hot(at, 2), Error);
  EXPECT_THROW(one_hot(ones({2}), 2), Error);
}

TEST(Views, ShareMemory) {
  const Tensor x = reshape(arange(24), {2, 3, 4});
  const float* first = x.data<float>();
  EXPECT_EQ(reshape(x, {6, 4}).data<float>(), first);
  EXPECT_EQ(transpose(x).data<float>(), first);
  EXPECT_EQ(select(x, 0, 1).data<float>(), first + 12);
  EXPECT_EQ(slice(x, 2, 3, kEnd, -1).data<float>(), first + 3);
  EXPECT_EQ(diagonal(x).data<float>(), first);
  EXPECT_EQ(expand(select(x, 0, 0), {5, 3, 4}).strides(), Strides({0, 4, 1}));
  EXPECT_EQ(flip(x, {0, 1, 2}).data<float>(), first + 23);
}

TEST(Slice, FollowsPython) {
  const Tensor x = arange(6);
  EXPECT_EQ(values(slice(x, 0, 1, 4)), List({1, 2, 3}));
  EXPECT_EQ(values(slice(x, 0, -2)), List({4, 5}));
  EXPECT_EQ(values(slice(x, 0, 0, -4)), List({0, 1}));
  EXPECT_EQ(values(slice(x, 0, 0, 100, 4)), List({0, 4}));
  EXPECT_EQ(values(slice(x, 0, kEnd, -kEnd, -2)), List({5, 3, 1}));
  EXPECT_EQ(values(slice(x, 0, 4, 1, -1)), List({4, 3, 2}));
  EXPECT_EQ(slice(x, 0, 4, 1).numel(), 0);
  EXPECT_EQ(values(slice(x, 0, 0, kEnd, kEnd)), List({0}));
  EXPECT_EQ(values(slice(x, 0, kEnd, -kEnd, -kEnd - 1)), List({5}));
  EXPECT_EQ(values(slice(x, 0, -100, 2)), List({0, 1}));
  EXPECT_EQ(select(x, 0, -1).item(), 5);
  EXPECT_THROW(select(x, 0, 6), Error);
}

TEST(Squeeze, RemovesOnlyOnes) {
  EXPECT_EQ(squeeze(ones({2, 1, 3}), 1).shape(), Shape({2, 3}));
  EXPECT_EQ(unsqueeze(ones({2, 3}), -1).shape(), Shape({2, 3, 1}));
  EXPECT_THROW(squeeze(ones({2, 3}), 0), Error);
  EXPECT_THROW(unsqueeze(ones({2}), 3), Error);
}

TEST(Constants, OfIntegersAreWhole) {
  const Tensor x = arange(3, DType::i64);
  EXPECT_EQ(values(maximum(x, 1)), List({1, 1, 2}));
  EXPECT_EQ(values(minimum(x, 1)), List({0, 1, 1}));
  EXPECT_THROW(x + 0.5, Error);
  EXPECT_THROW(maximum(x, 0.5), Error);
  EXPECT_THROW(minimum(x, 0.5), Error);
  EXPECT_THROW(0.5 / (x + 1), Error);
}

TEST(Convert, BetweenAllTypes) {
  const Tensor x = tensor({1.75, -2.25}, DType::f64);
  EXPECT_EQ(values(convert(x, DType::i64)), List({1, -2}));
  EXPECT_EQ(values(convert(transpose(tensor({{1, 2}, {3, 4}})), DType::f64)), List({1, 3, 2, 4}));
  EXPECT_TRUE(convert(x, DType::f64).same_as(x));
}

// The op that was called is named, not one that it is made of.
TEST(Errors, NameTheOp) {
  const auto message = [](const auto& f) -> std::string {
    try {
      f();
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  };
  const Tensor integers = arange(2, DType::i64);
  EXPECT_TRUE(message([&] { any(integers); }).starts_with("any:"));
  EXPECT_TRUE(message([&] { all(integers); }).starts_with("all:"));
  EXPECT_TRUE(message([&] { stddev(integers); }).starts_with("stddev:"));
  EXPECT_TRUE(message([&] { inverse(zeros({2, 2})); }).starts_with("inverse:"));
}

TEST(Linalg, FailuresNameTheMatrix) {
  EXPECT_THROW(cholesky(-eye(2)), Error);
  EXPECT_THROW(cholesky(tensor({{1, 0}, {kNaN, 1}})), Error);
  EXPECT_THROW(cholesky(tensor({{kNaN, 0}, {0, 1}}, DType::f64)), Error);
  EXPECT_THROW(inverse(zeros({2, 2})), Error);
  EXPECT_EQ(logdet(zeros({2, 2})).item(), -kInf);
  EXPECT_NEAR(logdet(-2 * eye(3, DType::f64)).item(), 3 * std::log(2.0), 1e-15);
}

TEST(Eigh, OfEqualEigenvaluesHasFiniteDerivatives) {
  const Tensor a = eye(3, DType::f64).set_requires_grad();
  const auto [w, v] = eigh(a);
  // tr(A^2) by the eigenvalues: derivative 2 A.
  EXPECT_EQ(values(grad(sum(w * w), a)), values(2 * eye(3, DType::f64)));
}

TEST(PowerIteration, ConvergesToTheDominantPair) {
  const Tensor a = tensor({{2, 1}, {1, 3}}, DType::f64);
  const auto [value, vector] = power_iteration(a, ones({2}, DType::f64), 60);
  const auto [w, v] = eigh(a);
  // The ratio of the eigenvalues, 0.382, to the power 2 * 60 is below rounding.
  EXPECT_NEAR(value.item(), w.data<double>()[1], 1e-14);
  EXPECT_NEAR(std::abs(dot(vector, select(contiguous(v), 1, 1)).item()), 1, 1e-14);
  EXPECT_THROW(power_iteration(zeros({2, 2}), ones({2}), 1), Error);
}

}  // namespace
}  // namespace ito
