// Layers against their formulas, and the gradients of their parameters.
#include <cmath>
#include <numbers>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/grad_mode.h"
#include "autograd/ops.h"
#include "nn/dropout.h"
#include "nn/embedding.h"
#include "nn/film.h"
#include "nn/mlp.h"
#include "nn/norm.h"
#include "nn/sequential.h"
#include "nn/time_embedding.h"
#include "tests/nn/parameter_gradients.h"

namespace ito::nn {
namespace {

constexpr DType kF64 = DType::f64;

// Values without the zeros and ones of initialisation, which would hide mistakes.
void randomise(const Module& module) {
  Generator rng(31);
  NoGrad guard;
  for (Tensor p : module.parameters()) p.copy_(0.5 + 0.3 * randn(p.shape(), rng, p.dtype()));
}

// A function of all outputs that treats no two alike.
Tensor mixed(const Tensor& y) {
  Generator rng(32);
  return mean(y * randn(y.shape(), rng, y.dtype()));
}

void expect_near(const Tensor& got, const std::vector<double>& wanted, double tolerance = 1e-14) {
  const std::vector<double> values = got.to_vector<double>();
  ASSERT_EQ(values.size(), wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_NEAR(values[i], wanted[i], tolerance) << i;
  }
}

TEST(LayerNorm, NormalisesScalesAndShifts) {
  Generator rng(1);
  LayerNorm layer(4, {.eps = 0.1, .dtype = kF64});
  randomise(layer);
  const Tensor x = randn({3, 4}, rng, kF64);
  const std::vector<double> in = x.to_vector<double>();
  const std::vector<double> weight = layer.parameters()[0].to_vector<double>();
  const std::vector<double> bias = layer.parameters()[1].to_vector<double>();
  std::vector<double> wanted;
  for (std::size_t b = 0; b < 3; ++b) {
    double mean = 0, variance = 0;
    for (std::size_t j = 0; j < 4; ++j) mean += in[4 * b + j] / 4;
    for (std::size_t j = 0; j < 4; ++j) variance += std::pow(in[4 * b + j] - mean, 2) / 4;
    for (std::size_t j = 0; j < 4; ++j) {
      wanted.push_back((in[4 * b + j] - mean) / std::sqrt(variance + 0.1) * weight[j] + bias[j]);
    }
  }
  expect_near(layer.forward(x), wanted);
  expect_parameter_gradients(layer, [&] { return mixed(layer.forward(x)); });
  EXPECT_TRUE(LayerNorm(4, {.affine = false}).named_parameters().empty());
  EXPECT_THROW(layer.forward(zeros({3, 5}, kF64)), Error);
}

TEST(RMSNorm, DividesByTheRootMeanSquare) {
  RMSNorm layer(2, {.eps = 0.5, .dtype = kF64});
  randomise(layer);
  const std::vector<double> weight = layer.parameters()[0].to_vector<double>();
  const Tensor x = tensor({{1, 3}}, kF64);
  expect_near(layer.forward(x), {weight[0] / std::sqrt(5.5), 3 * weight[1] / std::sqrt(5.5)});
  expect_parameter_gradients(layer, [&] { return mixed(layer.forward(x)); });
  EXPECT_THROW(layer.forward(zeros({1}, kF64)), Error);
}

TEST(Dropout, DropsTheGivenShareAndKeepsTheMean) {
  Generator rng(2);
  const Dropout dropout(0.25);
  const std::vector<double> y = dropout.forward(ones({100000}), rng).to_vector<double>();
  double dropped = 0;
  for (const double v : y) {
    if (v == 0) {
      ++dropped;
    } else {
      ASSERT_FLOAT_EQ(static_cast<float>(v), 1 / 0.75f);
    }
  }
  EXPECT_NEAR(dropped / 1e5, 0.25, 5 * std::sqrt(0.25 * 0.75 / 1e5));  // five standard errors
  const Tensor x = ones({3});
  EXPECT_TRUE(dropout.forward(x).same_as(x));
  EXPECT_TRUE(Dropout(0).forward(x, rng).same_as(x));
  EXPECT_THROW(Dropout(1), Error);
}

TEST(Embedding, LooksRowsUpAndAddsTheirGradients) {
  Generator rng(3);
  Embedding embedding(4, 2, rng, {.dtype = kF64});
  const Tensor index = tensor({{3, 0}, {3, 1}}, DType::i64);
  const Tensor y = embedding.forward(index);
  EXPECT_EQ(y.shape(), (Shape{2, 2, 2}));
  const std::vector<double> w = embedding.weight().to_vector<double>();
  expect_near(y, {w[6], w[7], w[0], w[1], w[6], w[7], w[2], w[3]}, 0);
  sum(y).backward();
  expect_near(embedding.weight().grad(), {1, 1, 1, 1, 0, 0, 2, 2}, 0);
  EXPECT_THROW(embedding.forward(ones({2})), Error);
}

TEST(FiLM, StartsAsTheIdentityThenScalesAndShifts) {
  Generator rng(4);
  FiLM film(3, 2, rng, kF64);
  const Tensor x = randn({4, 2}, rng, kF64), c = randn({4, 3}, rng, kF64);
  expect_near(film.forward(x, c), x.to_vector<double>(), 0);
  randomise(film);
  const Tensor both = linear(c, film.parameters()[0], film.parameters()[1]);
  const Tensor wanted = x + slice(both, 1, 0, 2) * x + slice(both, 1, 2, 4);
  expect_near(film.forward(x, c), wanted.to_vector<double>());
  expect_parameter_gradients(film, [&] { return mixed(film.forward(x, c)); });
  EXPECT_THROW(film.forward(c, c), Error);
}

TEST(Mlp, IsLayersWithActivationsBetween) {
  Generator rng(5);
  Mlp mlp({2, 3, 4, 1}, rng, {.activation = Activation::tanh, .dtype = kF64});
  const std::vector<Tensor> p = mlp.parameters();
  ASSERT_EQ(p.size(), 6u);
  EXPECT_EQ(mlp.named_parameters()[2].name, "1.weight");
  const Tensor x = randn({5, 2}, rng, kF64);
  const Tensor wanted = linear(tanh(linear(tanh(linear(x, p[0], p[1])), p[2], p[3])), p[4], p[5]);
  expect_near(mlp.forward(x), wanted.to_vector<double>());
  expect_parameter_gradients(mlp, [&] { return mixed(mlp.forward(x)); });
  EXPECT_THROW(Mlp({2}, rng), Error);
}

TEST(GatedMlp, MultipliesByItsGate) {
  Generator rng(6);
  GatedMlp mlp(2, 3, 1, rng, {.activation = Activation::silu, .dtype = kF64});
  const std::vector<Tensor> p = mlp.parameters();
  ASSERT_EQ(p.size(), 3u);
  const Tensor x = randn({5, 2}, rng, kF64);
  const Tensor wanted = linear(silu(linear(x, p[0])) * linear(x, p[1]), p[2]);
  expect_near(mlp.forward(x), wanted.to_vector<double>());
  expect_parameter_gradients(mlp, [&] { return mixed(mlp.forward(x)); });
}

TEST(ResidualMlp, StartsAsALinearMapOfItsNormalisedInput) {
  Generator rng(7);
  const ResidualMlp net({.in = 2, .width = 4, .out = 3, .blocks = 5, .dtype = kF64}, rng);
  const Tensor x = randn({6, 2}, rng, kF64);
  const StateDict state = net.state_dict();
  const auto get = [&](const std::string& name) {
    for (const NamedTensor& entry : state) {
      if (entry.name == name) return entry.value;
    }
    ADD_FAILURE() << name;
    return Tensor();
  };
  const Tensor h = linear(x, get("input.weight"), get("input.bias"));
  const Tensor wanted =
      linear(LayerNorm(4, {.dtype = kF64}).forward(h), get("output.weight"), get("output.bias"));
  expect_near(net.forward(x), wanted.to_vector<double>());
}

TEST(ResidualMlp, ConditionReachesEveryParameter) {
  Generator rng(8);
  ResidualMlp net({.in = 2, .width = 3, .out = 2, .blocks = 2, .condition = 2, .dtype = kF64}, rng);
  randomise(net);
  const Tensor x = randn({4, 2}, rng, kF64), c = randn({4, 2}, rng, kF64);
  expect_parameter_gradients(net, [&] { return mixed(net.forward(x, c)); });
  EXPECT_NE(net.forward(x, c).to_vector<double>(), net.forward(x, 2 * c).to_vector<double>());
  EXPECT_THROW(net.forward(x), Error);
}

TEST(Sequential, AppliesItsStepsInOrder) {
  Generator rng(9);
  Sequential net(
      Linear(2, 3, rng), Activation::relu, [](const Tensor& x) { return 2 * x; },
      Sequential(LayerNorm(3), Linear(3, 1, rng)));
  std::vector<std::string> names;
  for (const NamedTensor& p : net.named_parameters()) names.push_back(p.name);
  EXPECT_EQ(names, (std::vector<std::string>{"0.weight", "0.bias", "3.0.weight", "3.0.bias",
                                             "3.1.weight", "3.1.bias"}));
  const std::vector<Tensor> p = net.parameters();
  const Tensor x = randn({4, 2}, rng);
  const Tensor h = LayerNorm(3).forward(2 * relu(linear(x, p[0], p[1])));
  EXPECT_EQ(net.forward(x).to_vector<float>(), linear(h, p[4], p[5]).to_vector<float>());
  // The registered parameters are the ones that are used.
  {
    NoGrad guard;
    for (Tensor q : net.parameters()) q.fill_(0);
  }
  EXPECT_EQ(net.forward(x).to_vector<float>(), std::vector<float>(4, 0));
  EXPECT_EQ(net.size(), 4u);
}

TEST(FourierTimeEmbedding, ListsCosinesThenSines) {
  const FourierTimeEmbedding embedding(3, kF64);
  const double a = 0.7;
  EXPECT_EQ(embedding.features(), 6);
  expect_near(embedding.forward(tensor({a}, kF64)),
              {1, std::cos(a), std::cos(2 * a), 0, std::sin(a), std::sin(2 * a)});
  EXPECT_THROW(embedding.forward(ones({1, 1}, kF64)), Error);
  EXPECT_THROW(FourierTimeEmbedding(0), Error);
}

TEST(SinusoidalEmbedding, HasGeometricFrequencies) {
  const SinusoidalEmbedding embedding(4, 100, kF64);
  expect_near(embedding.forward(tensor({5}, kF64)),
              {std::cos(5.0), std::cos(0.5), std::sin(5.0), std::sin(0.5)});
  EXPECT_THROW(SinusoidalEmbedding(3), Error);
}

TEST(RandomFourierEmbedding, SavesItsFrequenciesButDoesNotTrainThem) {
  Generator rng(10);
  RandomFourierEmbedding embedding(6, 16, rng, kF64);
  EXPECT_TRUE(embedding.named_parameters().empty());
  const StateDict state = embedding.state_dict();
  ASSERT_EQ(state.size(), 1u);
  EXPECT_EQ(state[0].name, "frequencies");
  const std::vector<double> w = state[0].value.to_vector<double>();
  std::vector<double> wanted;
  for (const double f : w) wanted.push_back(std::cos(2 * std::numbers::pi * f * 0.3));
  for (const double f : w) wanted.push_back(std::sin(2 * std::numbers::pi * f * 0.3));
  expect_near(embedding.forward(tensor({0.3}, kF64)), wanted, 1e-13);  // angles up to 100
}

}  // namespace
}  // namespace ito::nn
