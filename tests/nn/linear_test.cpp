#include "nn/linear.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "autograd/ops.h"
#include "nn/activation.h"

namespace ito::nn {
namespace {

TEST(Linear, MatchesAPlainLoop) {
  Generator rng(2);
  const Linear layer(3, 2, rng, {.dtype = DType::f64});
  const Tensor x = randn({4, 3}, rng, DType::f64);
  const std::vector<double> w = layer.weight().to_vector<double>();
  const std::vector<double> b = layer.bias().to_vector<double>();
  const std::vector<double> in = x.to_vector<double>();
  const std::vector<double> out = layer.forward(x).to_vector<double>();
  for (std::size_t r = 0; r < 4; ++r) {
    for (std::size_t o = 0; o < 2; ++o) {
      double y = b[o];
      for (std::size_t i = 0; i < 3; ++i) y += w[o * 3 + i] * in[r * 3 + i];
      EXPECT_NEAR(out[r * 2 + o], y, 1e-14);  // three products of order one
    }
  }
  EXPECT_EQ(layer.in_features(), 3);
  EXPECT_EQ(layer.out_features(), 2);
}

TEST(Linear, DefaultsAreUniformWithinOneOverSqrtOfFanIn) {
  Generator rng(2);
  const Linear layer(400, 300, rng);
  const std::vector<double> w = layer.weight().to_vector<double>();
  const double bound = 1.0 / 20;
  double square = 0;
  for (const double value : w) {
    ASSERT_LE(std::abs(value), bound);
    square += value * value;
  }
  // Variance bound^2/3; the relative standard error of the mean square of N uniforms is
  // sqrt((9/5 - 1)/N) = 0.0026 for N = 120,000: five of them.
  EXPECT_NEAR(square / static_cast<double>(w.size()) / (bound * bound / 3), 1, 0.013);
  for (const double value : layer.bias().to_vector<double>()) ASSERT_LE(std::abs(value), bound);
  const std::vector<double> bias = layer.bias().to_vector<double>();
  EXPECT_GT(*std::max_element(bias.begin(), bias.end()), 0.8 * bound);
}

TEST(Linear, OptionsLeaveOutTheBiasOrChooseTheInitialiser) {
  Generator rng(2);
  const Linear bare(3, 2, rng, {.bias = false});
  EXPECT_FALSE(bare.bias().defined());
  EXPECT_EQ(bare.named_parameters().size(), 1u);
  const Linear chosen(3, 2, rng, {.init = [](const Shape& shape, Generator&, DType dtype) {
                        return full(shape, 0.5, dtype);
                      }});
  EXPECT_EQ(chosen.forward(ones({1, 3})).to_vector<double>(), (std::vector<double>{1.5, 1.5}));
  EXPECT_THROW(Linear(0, 2, rng), Error);
}

TEST(Activation, NamesGoThereAndBack) {
  for (const char* text : {"identity", "relu", "tanh", "sigmoid", "silu", "gelu", "softplus"}) {
    EXPECT_STREQ(name(activation_from_name(text)), text);
  }
  EXPECT_THROW(activation_from_name("tanhh"), Error);
  const Tensor x = tensor({-1, 2}, DType::f64);
  EXPECT_EQ(activate(Activation::relu, x).to_vector<double>(), (std::vector<double>{0, 2}));
  EXPECT_EQ(activate(Activation::identity, x).to_vector<double>(), x.to_vector<double>());
  EXPECT_NEAR(activate(Activation::tanh, x).to_vector<double>()[1], std::tanh(2.0), 1e-15);
}

}  // namespace
}  // namespace ito::nn
