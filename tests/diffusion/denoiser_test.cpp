#include "diffusion/denoiser.h"

#include <cmath>
#include <functional>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/ops.h"
#include "diffusion/distributions/two_modes.h"
#include "diffusion/schedules/variance_preserving.h"

namespace ito::diffusion {
namespace {

// Answers x + offset.
DenoiserPtr shifted(double offset) {
  return std::make_shared<NetworkDenoiser>(
      [offset](const Tensor& y, const Tensor&) { return y + offset; });
}

TEST(Denoiser, OracleAnswersThePosteriorMean) {
  const GaussianMixture mixture = two_modes(0.7, {1.0, 2.0});
  const Tensor x = tensor({{0.5, -1}, {2, 3}}, DType::f64);
  const Tensor expected = mixture.posterior_mean(x, 2.0, std::sqrt(2.0));
  const auto got = OracleDenoiser(mixture).posterior_mean(x, 2.0, {0, 2}).to_vector<double>();
  const auto want = expected.to_vector<double>();
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(got[i], want[i], 1e-14);
}

TEST(Denoiser, NetworkSeesTheAngleAndRecordsNothing) {
  Tensor parameter = scalar(2.0).set_requires_grad();
  const NetworkDenoiser network([&](const Tensor& y, const Tensor& alpha) {
    EXPECT_EQ(alpha.shape(), Shape({3}));
    EXPECT_EQ(y.dtype(), DType::f32);
    return y * parameter + unsqueeze(alpha, 1);
  });
  const Tensor out = network.posterior_mean(zeros({3, 2}, DType::f64), 1.0, {0, 3});
  EXPECT_FALSE(out.requires_grad());
  EXPECT_EQ(out.dtype(), DType::f64);
  for (double v : out.to_vector<double>()) EXPECT_NEAR(v, std::atan(1.0), 1e-7);  // f32 rounding
}

TEST(Denoiser, NetworkOfTheWrongShapeIsNamed) {
  const NetworkDenoiser network([](const Tensor& y, const Tensor&) { return sum(y); });
  EXPECT_THROW((void)network.posterior_mean(zeros({3, 2}), 1.0, {0, 3}), Error);
}

TEST(Denoiser, PhaseSwitchChangesAtItsTime) {
  const PhaseSwitch phases(shifted(1), shifted(2), 0.5);
  const Tensor x = zeros({1, 1});
  EXPECT_EQ(phases.posterior_mean(x, 0.49, {0, 1}).item(), 1);
  EXPECT_EQ(phases.posterior_mean(x, 0.5, {0, 1}).item(), 2);
}

TEST(Denoiser, MixtureRoutingSendsEveryChainToItsOwnPart) {
  const MixtureRouting routing(shifted(10), shifted(20), 0.6, 42);
  Generator rng(1);
  const Tensor x = randn({50, 3}, rng);
  const ChainRange chains{17, 50};
  const auto out = (routing.posterior_mean(x, 0.1, chains) - x).to_vector<double>();
  const auto later = (routing.posterior_mean(x, 9.0, chains) - x).to_vector<double>();
  bool seen[2] = {false, false};
  for (Index i = 0; i < 50; ++i) {
    const int label = routing.label(17 + i);
    seen[label] = true;
    for (std::size_t j = 0; j < 3; ++j) {
      const std::size_t at = static_cast<std::size_t>(3 * i) + j;
      EXPECT_NEAR(out[at], label == 0 ? 10 : 20, 1e-5);  // f32 rounding of 20 + x
      EXPECT_EQ(out[at], later[at]);
    }
  }
  EXPECT_TRUE(seen[0] && seen[1]);
}

TEST(Denoiser, MixtureRoutingDrawsLabelsWithProbabilityQ) {
  const Index count = 20000;
  for (double q : {0.0, 0.3, 0.7, 1.0}) {
    const MixtureRouting routing(shifted(0), shifted(0), q, 7);
    double first = 0;
    for (Index i = 0; i < count; ++i) first += routing.label(i) == 0 ? 1 : 0;
    // 5 standard errors: 6e-7 a comparison. Exact at 0 and 1.
    EXPECT_NEAR(first / count, q, 5 * std::sqrt(q * (1 - q) / count));
  }
  EXPECT_THROW(MixtureRouting(shifted(0), shifted(0), 1.5, 0), Error);
  EXPECT_THROW(MixtureRouting(shifted(0), nullptr, 0.5, 0), Error);
}

TEST(Denoiser, AnswersEveryPredictionOfItsPath) {
  const auto path = std::make_shared<VpLinear>();
  const GaussianMixture mixture = two_modes(0.7, {1.0, 2.0});
  const OracleDenoiser oracle(mixture, path);
  const Tensor x = tensor({{0.5, -1}, {2, 3}}, DType::f64);
  const double t = 0.3, a = path->a(t), s = path->s(t);
  const Tensor m = oracle.posterior_mean(x, t, {0, 2});
  const Tensor score = mixture.marginal(a, s).score(x);
  const auto expect_equal = [&](Prediction prediction, const Tensor& want) {
    const Tensor got = oracle.predict(prediction, x, t, {0, 2});
    EXPECT_LT(max(abs(got - want)).item(), 1e-13);
  };
  expect_equal(Prediction::x0, m);
  expect_equal(Prediction::score, score);
  expect_equal(Prediction::noise, score * -s);
  expect_equal(Prediction::velocity, score * (-a * s) - m * s);
}

TEST(Denoiser, NetworksOfEveryPredictionGiveThePosteriorMean) {
  const auto path = std::make_shared<VpLinear>();
  const GaussianMixture mixture = two_modes(0.7, {1.0, 2.0});
  const OracleDenoiser oracle(mixture, path);
  const Tensor x = tensor({{0.5, -1}, {2, 3}}, DType::f64);
  for (const double t : {0.01, 0.3, 1.0}) {
    for (const Prediction p :
         {Prediction::score, Prediction::noise, Prediction::x0, Prediction::velocity}) {
      const NetworkDenoiser network(
          [&](const Tensor& at, const Tensor& time) {
            EXPECT_EQ(time.shape(), Shape({2}));
            EXPECT_EQ(time.to_vector<double>()[1], t);
            return oracle.predict(p, at, t, {0, 2});
          },
          path, p, DType::f64);
      const Tensor difference =
          network.posterior_mean(x, t, {0, 2}) - oracle.posterior_mean(x, t, {0, 2});
      // Rounding over a(1) = 0.0066.
      EXPECT_LT(max(abs(difference)).item(), 1e-11);
    }
  }
}

// Answers gain x + clock, by a function when one clock serves all rows.
struct Affine {
  Tensor forward(const Tensor& x, const Tensor& clock) const {
    return gain * x + unsqueeze(clock, 1);
  }
  std::function<Tensor(const Tensor&)> at(double clock) const {
    return [=, *this](const Tensor& x) { return gain * x + clock; };
  }
  double gain;
};
struct Unspecialised {
  Tensor forward(const Tensor& x, const Tensor&) const { return x; }
};

TEST(DenoiserAt, AnswersAsTheDenoiserItself) {
  const auto path = std::make_shared<VpLinear>();
  const auto affine = std::make_shared<NetworkDenoiser>(Affine{0.5}, DType::f64);
  const auto other = std::make_shared<NetworkDenoiser>(Affine{0.25}, DType::f64);
  const DenoiserPtr all[] = {
      affine, std::make_shared<NetworkDenoiser>(Affine{0.5}, path, Prediction::noise, DType::f64),
      std::make_shared<PhaseSwitch>(affine, other, 0.5),
      std::make_shared<MixtureRouting>(affine, other, 0.6, 42),
      // One part that specialises is enough.
      std::make_shared<MixtureRouting>(shifted(1), other, 0.6, 42)};
  Generator rng(2);
  const Tensor x = randn({40, 3}, rng, DType::f64);
  const ChainRange chains{17, 40};
  for (const DenoiserPtr& denoiser : all) {
    for (const double t : {0.2, 0.7}) {
      const DenoiserPtr special = denoiser->at(t);
      ASSERT_NE(special, nullptr);
      EXPECT_EQ(special->posterior_mean(x, t, chains).to_vector<double>(),
                denoiser->posterior_mean(x, t, chains).to_vector<double>());
      EXPECT_EQ(special->schedule().a(t), denoiser->schedule().a(t));
    }
  }
  EXPECT_THROW((void)affine->at(0.2)->posterior_mean(x, 0.3, chains), Error);
}

TEST(Denoiser, PartsFollowOnePath) {
  const GaussianMixture law = two_modes(0.7, {1.0, 2.0});
  const auto here = std::make_shared<OracleDenoiser>(law);
  const auto elsewhere = std::make_shared<OracleDenoiser>(law, std::make_shared<VpLinear>());
  EXPECT_THROW(MixtureRouting(here, elsewhere, 0.5, 1), Error);
  EXPECT_THROW(PhaseSwitch(here, elsewhere, 0.5), Error);
}

TEST(DenoiserAt, IsNullWhereThereIsNothingToGain) {
  const auto plain = std::make_shared<NetworkDenoiser>(Unspecialised{});
  EXPECT_EQ(plain->at(0.5), nullptr);
  EXPECT_EQ(shifted(1)->at(0.5), nullptr);
  EXPECT_EQ(MixtureRouting(plain, plain, 0.5, 1).at(0.5), nullptr);
  EXPECT_EQ(OracleDenoiser(two_modes(0.7, {1.0, 2.0})).at(0.5), nullptr);
  // A switch specialises in the phase that can.
  const PhaseSwitch phases(plain, std::make_shared<NetworkDenoiser>(Affine{2}), 0.5);
  EXPECT_EQ(phases.at(0.2), nullptr);
  EXPECT_NE(phases.at(0.7), nullptr);
}

}  // namespace
}  // namespace ito::diffusion
