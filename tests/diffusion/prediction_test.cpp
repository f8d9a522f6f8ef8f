#include "diffusion/prediction.h"

#include <cmath>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/ops.h"
#include "autograd/transforms.h"
#include "diffusion/distributions/gaussian_mixture.h"
#include "diffusion/preconditioning.h"
#include "diffusion/schedules/ornstein_uhlenbeck.h"
#include "diffusion/schedules/variance_exploding.h"
#include "diffusion/schedules/variance_preserving.h"

namespace ito::diffusion {
namespace {

constexpr Prediction kAll[] = {Prediction::score, Prediction::noise, Prediction::x0,
                               Prediction::velocity};

std::vector<SchedulePtr> schedules() {
  return {std::make_shared<OrnsteinUhlenbeck>(), std::make_shared<VpLinear>(),
          std::make_shared<VpCosine>(),          std::make_shared<SubVp>(),
          std::make_shared<VarianceExploding>(), std::make_shared<StochasticLocalization>()};
}

double inside(const Schedule& path, double share) {
  return path.t_min() + share * (std::min(path.t_max(), 50.0) - path.t_min());
}

TEST(Prediction, ConversionsAgreeWithTheOracle) {
  const GaussianMixture law({0.4, 0.6}, {1, -1, 0.5, 2}, {0.5, 1, 2, 0.3});
  Generator rng(2);
  const Tensor x = randn({5, 2}, rng, DType::f64);
  for (const SchedulePtr& path : schedules()) {
    for (double share : {0.05, 0.5, 0.9}) {
      const PathPoint p = path->point(inside(*path, share));
      const double r = std::hypot(p.a, p.s);
      const Tensor score = law.marginal(p.a, p.s).score(x);
      const Tensor m = law.posterior_mean(x, p.a, p.s), noise = score * -p.s;
      const Tensor truth[] = {score, noise, m, (p.a * noise - p.s * m) / r};
      for (Prediction from : kAll) {
        for (Prediction to : kAll) {
          const Tensor got = convert_prediction(truth[static_cast<int>(from)], x, from, to, p);
          const Tensor& want = truth[static_cast<int>(to)];
          // Rounding of the inputs, magnified by the coefficients of the conversion.
          const Conversion c = conversion(from, to, p);
          const double scale =
              std::abs(c.of_x) * 3 +
              std::abs(c.of_value) * max(abs(truth[static_cast<int>(from)])).item();
          EXPECT_LT(max(abs(got - want)).item(), 1e-13 * (1 + scale) * (1 + 1 / p.s + 1 / p.a));
        }
      }
    }
  }
}

TEST(Prediction, ConversionAndReverseCancelAlsoAtTheEnds) {
  for (const SchedulePtr& path : schedules()) {
    const double last = std::isinf(path->t_max()) ? 1e30 : path->t_max();
    for (double t : {path->t_min(), inside(*path, 1e-9), inside(*path, 0.5), last}) {
      for (Prediction from : kAll) {
        for (Prediction to : kAll) {
          const PathPoint p = path->point(t);
          const Conversion there = conversion(from, to, p), back = conversion(to, from, p);
          for (double c : {there.of_x, there.of_value}) EXPECT_TRUE(std::isfinite(c));
          EXPECT_NEAR(there.of_value * back.of_value, 1, 1e-14);
          EXPECT_NEAR(back.of_x + back.of_value * there.of_x, 0, 1e-14 * (1 + std::abs(back.of_x)));
        }
      }
    }
  }
}

TEST(Prediction, VelocityGivesBothEndsWithoutDividing) {
  // From v, no coefficient exceeds 1/r: the parametrisation that is safe at either end.
  for (double t : {0.0, 1e-12, 1.0}) {
    const VpLinear path;
    for (Prediction to : {Prediction::x0, Prediction::noise}) {
      const Conversion c = conversion(Prediction::velocity, to, path.point(t));
      EXPECT_LE(std::abs(c.of_x), 1 + 1e-15);
      EXPECT_LE(std::abs(c.of_value), 1 + 1e-15);
    }
  }
}

TEST(Prediction, NetworksConvertRowByRow) {
  const auto path = std::make_shared<VpLinear>();
  Tensor w = scalar(0.7, DType::f64).set_requires_grad();
  const Network network = [&](const Tensor& x, const Tensor& t) {
    return w * x * cos(unsqueeze(t, 1));
  };
  const Network converted = convert_network(network, Prediction::noise, Prediction::x0, path);
  Generator rng(1);
  const Tensor x = randn({3, 4}, rng, DType::f64);
  const Tensor all = converted(x, tensor({0.1, 0.5, 0.9}, DType::f64));
  const double times[] = {0.1, 0.5, 0.9};
  for (Index i = 0; i < 3; ++i) {
    const Tensor row = slice(x, 0, i, i + 1);
    const Tensor t = full({1}, times[i], DType::f64);
    const Tensor expected = convert_prediction(network(row, t), row, Prediction::noise,
                                               Prediction::x0, path->point(times[i]));
    EXPECT_LT(max(abs(slice(all, 0, i, i + 1) - expected)).item(), 1e-14);
  }
  EXPECT_NE(grad(sum(all), w).item(), 0);
  EXPECT_THROW((void)converted(x, zeros({2}, DType::f64)), Error);
}

TEST(Preconditioning, GivesUnitVarianceInAndOut) {
  // x_0 ~ N(0, sigma_data^2): c_in x has variance 1, and so has the target (x_0 - c_skip x)/c_out;
  // it is uncorrelated with x, which makes c_out the least.
  for (const SchedulePtr& path : schedules()) {
    for (double share : {1e-3, 0.3, 0.95}) {
      for (double data : {0.5, 3.0}) {
        const PathPoint p = path->point(inside(*path, share));
        const Preconditioning c = preconditioning(p, data);
        const double variance = p.a * p.a * data * data + p.s * p.s;
        EXPECT_NEAR(c.c_in * c.c_in * variance, 1, 1e-13);
        const double x0 = 1 - c.c_skip * p.a, z = -c.c_skip * p.s;
        EXPECT_NEAR((x0 * x0 * data * data + z * z) / (c.c_out * c.c_out), 1, 1e-8);
        EXPECT_NEAR((x0 * p.a * data * data + z * p.s) / variance, 0, 1e-14 / p.a + 1e-14);
        EXPECT_NEAR(c.c_noise, -p.log_snr / 8, 1e-14 * std::abs(p.log_snr));
      }
    }
  }
}

TEST(Preconditioning, IsThePapersOnVarianceExploding) {
  const double sigma = 0.8, data = 0.5;
  const Preconditioning c = preconditioning({1, sigma, -2 * std::log(sigma)}, data);
  const double total = sigma * sigma + data * data;
  EXPECT_NEAR(c.c_skip, data * data / total, 1e-15);
  EXPECT_NEAR(c.c_out, sigma * data / std::sqrt(total), 1e-15);
  EXPECT_NEAR(c.c_in, 1 / std::sqrt(total), 1e-15);
  EXPECT_NEAR(c.c_noise, std::log(sigma) / 4, 1e-15);
}

TEST(Preconditioning, IsTheCorrectedParametrisationOfLocalization) {
  for (double t : {1e-6, 0.3, 99.0}) {
    const double alpha = alpha_from_t(t);
    const Preconditioning c = preconditioning(StochasticLocalization().point(t), 1);
    EXPECT_NEAR(c.c_in * std::sqrt(t * (t + 1)), 1, 1e-14);
    EXPECT_NEAR(c.c_skip, std::pow(std::cos(alpha), 2), 1e-14);
    EXPECT_NEAR(c.c_out, std::cos(alpha), 1e-14);
  }
}

TEST(Preconditioning, WrapsANetworkAndIsFiniteAtTheEnds) {
  for (const SchedulePtr& path : schedules()) {
    const Network network =
        precondition([](const Tensor& x, const Tensor& t) { return x + unsqueeze(t, 1); }, path);
    const double last = std::isinf(path->t_max()) ? 1e30 : path->t_max();
    const Tensor t = tensor({path->t_min(), last}, DType::f64);
    const auto m = network(zeros({2, 3}, DType::f64), t).to_vector<double>();
    for (double v : m) EXPECT_TRUE(std::isfinite(v));
  }
}

}  // namespace
}  // namespace ito::diffusion
