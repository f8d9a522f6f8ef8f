#include "nn/two_layer_denoiser.h"

#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

#include "autograd/grad_mode.h"
#include "autograd/ops.h"
#include "nn/loss.h"
#include "tests/nn/parameter_gradients.h"

namespace ito::nn {
namespace {

constexpr TwoLayerDenoiserOptions kSmall{.n = 5,
                                         .hidden = 4,
                                         .time_features = 3,
                                         .frequencies = 6,
                                         .activation = Activation::tanh,
                                         .dtype = DType::f64};

// One sample at a time, straight from Algorithm 1.
std::vector<double> reference(const TwoLayerDenoiser& net, const std::vector<double>& y,
                              double alpha) {
  const TwoLayerDenoiserOptions& o = net.options();
  const StateDict state = net.state_dict();
  const auto get = [&](const char* name) {
    for (const NamedTensor& entry : state) {
      if (entry.name == name) return entry.value.to_vector<double>();
    }
    ADD_FAILURE() << "no parameter " << name;
    return std::vector<double>();
  };
  const auto dense = [&](const char* weight, const char* bias, const std::vector<double>& x) {
    const std::vector<double> w = get(weight);
    std::vector<double> out = get(bias);
    for (std::size_t r = 0; r < out.size(); ++r) {
      for (std::size_t c = 0; c < x.size(); ++c) out[r] += w[r * x.size() + c] * x[c];
    }
    return out;
  };

  std::vector<double> phi;
  for (Index i = 0; i < o.frequencies; ++i) phi.push_back(std::cos(static_cast<double>(i) * alpha));
  for (Index i = 0; i < o.frequencies; ++i) phi.push_back(std::sin(static_cast<double>(i) * alpha));
  const std::vector<double> s = dense("time.weight", "time.bias", phi);

  const bool corrected = o.parametrisation == Parametrisation::corrected;
  std::vector<double> x = y;
  if (corrected) {
    const double t = std::tan(alpha) * std::tan(alpha);
    for (double& value : x) value = t > 0 ? value / std::sqrt(t * (t + 1)) : 0;
  }
  std::vector<double> x1 = dense("input.weight", "input.bias", x);
  for (double& value : x1) {
    value = o.activation == Activation::relu ? std::max(value, 0.0) : std::tanh(value);
  }
  std::vector<double> gated;  // column l m + j
  for (const double gate : s) {
    for (const double feature : x1) gated.push_back(gate * feature);
  }
  std::vector<double> out = dense("output.weight", "output.bias", gated);
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = (corrected ? std::cos(alpha) : 1) * out[i] + std::pow(std::cos(alpha), 2) * y[i];
  }
  return out;
}

class TwoLayerDenoiserTest
    : public ::testing::TestWithParam<std::tuple<Activation, Parametrisation>> {
 protected:
  TwoLayerDenoiserOptions options() const {
    TwoLayerDenoiserOptions o = kSmall;
    std::tie(o.activation, o.parametrisation) = GetParam();
    return o;
  }
};

TEST_P(TwoLayerDenoiserTest, ForwardIsAlgorithm1) {
  Generator rng(3);
  const TwoLayerDenoiser net(options(), rng);
  const std::vector<double> alphas{0, 0.1, 0.8, std::numbers::pi / 2 - 0.01};
  Tensor y = randn({4, 5}, rng, DType::f64);
  for (Index j = 0; j < 5; ++j) y.mutable_data<double>()[j] = 0;  // the path starts at y = 0
  const std::vector<double> out = net.forward(y, from(alphas, {4})).to_vector<double>();
  const std::vector<double> flat = y.to_vector<double>();
  for (std::size_t b = 0; b < 4; ++b) {
    const std::vector<double> row(flat.begin() + static_cast<long>(5 * b),
                                  flat.begin() + static_cast<long>(5 * b + 5));
    const std::vector<double> expected = reference(net, row, alphas[b]);
    for (std::size_t j = 0; j < 5; ++j) {
      // Sums of a few dozen terms of order ten at the most.
      EXPECT_NEAR(out[5 * b + j], expected[j], 1e-12) << "sample " << b << ", component " << j;
    }
  }
}

TEST_P(TwoLayerDenoiserTest, AtOneAngleIsForward) {
  Generator rng(8);
  const TwoLayerDenoiser net(options(), rng);
  // More rows than one tile, and the start, where the corrected input is a limit.
  const Tensor y = randn({600, 5}, rng, DType::f64);
  for (const double alpha : {0.0, 0.1, 0.8, std::numbers::pi / 2 - 0.01}) {
    const Tensor expected = net.forward(alpha == 0 ? 0.0 * y : y, full({600}, alpha, DType::f64));
    const Tensor got = net.at(alpha)(alpha == 0 ? 0.0 * y : y);
    EXPECT_FALSE(got.requires_grad());
    // Sums of a few dozen terms of order ten at the most.
    EXPECT_LT(max(abs(got - expected.detach())).item(), 1e-12) << alpha;
  }
}

TEST_P(TwoLayerDenoiserTest, AtKeepsTheParametersOfItsMoment) {
  Generator rng(9);
  TwoLayerDenoiser net(options(), rng);
  const Tensor y = randn({3, 5}, rng, DType::f64);
  const auto frozen = net.at(0.5);
  const std::vector<double> before = frozen(y).to_vector<double>();
  {
    const NoGrad guard;
    for (Tensor& parameter : net.parameters()) parameter.fill_(0.25);
  }
  EXPECT_EQ(frozen(y).to_vector<double>(), before);
  EXPECT_NE(net.at(0.5)(y).to_vector<double>(), before);
}

TEST_P(TwoLayerDenoiserTest, GradientsAreCentralDifferences) {
  Generator rng(4);
  TwoLayerDenoiser net(options(), rng);
  const Tensor y = randn({6, 5}, rng, DType::f64);
  const Tensor target = randn({6, 5}, rng, DType::f64);
  const Tensor alpha = 0.2 + 1.2 * rand({6}, rng, DType::f64);
  // ReLU is linear between its kinks, and no pre-activation lies within a step of one.
  expect_parameter_gradients(net, [&] { return mse_loss(net.forward(y, alpha), target); });
}

std::string variant_name(
    const ::testing::TestParamInfo<std::tuple<Activation, Parametrisation>>& variant) {
  const bool plain = std::get<1>(variant.param) == Parametrisation::plain;
  return std::string(name(std::get<0>(variant.param))) + (plain ? "_plain" : "_corrected");
}

INSTANTIATE_TEST_SUITE_P(All, TwoLayerDenoiserTest,
                         ::testing::Combine(::testing::Values(Activation::tanh, Activation::relu),
                                            ::testing::Values(Parametrisation::plain,
                                                              Parametrisation::corrected)),
                         variant_name);

TEST(TwoLayerDenoiser, CorrectedIsFiniteWithGradientsAtZero) {
  Generator rng(5);
  TwoLayerDenoiserOptions o = kSmall;
  o.parametrisation = Parametrisation::corrected;
  const TwoLayerDenoiser net(o, rng);
  Tensor alpha = zeros({2}, DType::f64);
  alpha.set_requires_grad();
  sum(net.forward(zeros({2, 5}, DType::f64), alpha)).backward();
  for (const double g : alpha.grad().to_vector<double>()) EXPECT_TRUE(std::isfinite(g));
}

TEST(TwoLayerDenoiser, HasTheParametersOfTheCaseStudy) {
  Generator rng(6);
  const TwoLayerDenoiser net({}, rng);
  EXPECT_EQ(net.parameter_count(), (42 * 3 + 3) + (128 * 256 + 256) + (768 * 128 + 128));
  EXPECT_EQ(net.forward(zeros({7, 128}), zeros({7})).shape(), (Shape{7, 128}));
}

TEST(TwoLayerDenoiser, NamesBadShapes) {
  Generator rng(6);
  const TwoLayerDenoiser net(kSmall, rng);
  EXPECT_THROW(net.forward(zeros({2, 4}, DType::f64), zeros({2}, DType::f64)), Error);
  EXPECT_THROW(net.forward(zeros({2, 5}, DType::f64), zeros({3}, DType::f64)), Error);
}

}  // namespace
}  // namespace ito::nn
