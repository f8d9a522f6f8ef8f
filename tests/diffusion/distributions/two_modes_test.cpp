#include "diffusion/distributions/two_modes.h"

#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

#include "autograd/error.h"
#include "autograd/ops.h"
#include "diffusion/quadrature.h"

namespace ito::diffusion {
namespace {

// v(t) a second way: p E[1 - gamma | mode 0], log-odds N(logit p + d^2/2, d^2); the trapezoid rule
// on a step far below the scale 1/d of the logistic function.
double label_variance_by_conditioning(const TwoModes& law, double t) {
  const double d = std::sqrt(law.norm_squared() * t / (1 + t));
  double total = 0, mass = 0;
  for (int i = -200000; i <= 200000; ++i) {
    const double z = 12.0 * i / 200000;
    const double logit = std::log(law.p() / (1 - law.p())) + d * d / 2 + d * z;
    const double density = std::exp(-z * z / 2);
    total += density / (1 + std::exp(logit));
    mass += density;
  }
  return law.p() * total / mass;
}

TEST(TwoModes, LabelVarianceReproducesTheReferenceRatios) {
  // Half a unit of the last digit given.
  const TwoModes law = TwoModes::ones(128, 0.7);
  EXPECT_NEAR(law.label_variance(0), 0.21, 1e-15);
  EXPECT_NEAR(law.label_variance(0.03) / 0.21, 0.496, 5e-4);
  EXPECT_NEAR(law.label_variance(0.1) / 0.21, 0.141, 5e-4);
  EXPECT_NEAR(law.label_variance(0.3) / 0.21, 0.0109, 5e-5);
  EXPECT_NEAR(law.label_variance(1) / 0.21, 1e-4, 5e-5);
}

TEST(TwoModes, LabelVarianceEqualsTheConditionalForm) {
  for (double p : {0.5, 0.7, 0.999}) {
    for (double norm : {1e-3, 1.0, 11.3}) {
      const TwoModes law(p, {norm});
      for (double t : {0.01, 0.3, 1.0, 10.0}) {
        const double v = law.label_variance(t);
        // The conditional form cancels nothing, but its tail is cut at 12 stds: 1e-31 absolutely.
        EXPECT_NEAR(v, label_variance_by_conditioning(law, t), 1e-11 * v) << p << " " << norm;
      }
    }
  }
}

TEST(TwoModes, IntegratedLabelVarianceEqualsFinePanels) {
  const TwoModes law = TwoModes::ones(128, 0.7);
  const GaussLegendre rule(8);
  const auto integrand = [&](double t) { return law.label_variance(t) / ((1 + t) * (1 + t)); };
  double total = 0;
  for (int i = 0; i < 200; ++i) total += rule.integrate(i * 0.005, (i + 1) * 0.005, integrand);
  EXPECT_NEAR(law.integrated_label_variance(0, 1), total, 1e-10 * total);
  EXPECT_NEAR(law.integrated_label_variance(0, 0.4) + law.integrated_label_variance(0.4, 1), total,
              1e-10 * total);
}

TEST(TwoModes, GammaIsThePosteriorOfModeZero) {
  const TwoModes law(0.7, {1.0, -2.0, 0.5});
  const Tensor y = tensor({{0.3, -1.0, 2.0}, {-4.0, 5.0, 0.1}, {0, 0, 0}}, DType::f64);
  for (double t : {0.0, 0.2, 3.0, 1e4}) {
    const auto r = law.mixture()
                       .posterior_responsibilities(y, StochasticLocalization().observation(t))
                       .to_vector<double>();
    for (std::size_t i = 0; i < 3; ++i) {
      const auto row =
          slice(y, 0, static_cast<Index>(i), static_cast<Index>(i) + 1).to_vector<double>();
      const double dot = row[0] - 2 * row[1] + 0.5 * row[2];
      EXPECT_NEAR(r[2 * i], law.gamma(dot, t), 1e-14);
    }
  }
  EXPECT_NEAR(law.gamma(0, 0), 0.7, 1e-15);
}

TEST(TwoModes, BayesTrainingLossOfTheCaseStudy) {
  // The mean of mmse/n over alpha ~ U[0, pi/2 - 0.01], panels of 8 Gauss nodes.
  const TwoModes law = TwoModes::ones(128, 0.7);
  const double end = std::numbers::pi / 2 - 0.01;
  const GaussLegendre rule(8);
  double total = 0;
  for (int i = 0; i < 100; ++i) {
    total += rule.integrate(end * i / 100, end * (i + 1) / 100,
                            [&](double alpha) { return law.mmse(t_from_alpha(alpha)) / 128; });
  }
  EXPECT_NEAR(total / end, 0.52728, 5e-6);
}

TEST(TwoModes, ProjectionHasTheLawOfTheMixture) {
  const TwoModes law = TwoModes::ones(128, 0.7);
  const NormalMixture1d u = law.projection();
  EXPECT_DOUBLE_EQ(u.means()[0], 0.3);
  EXPECT_DOUBLE_EQ(u.means()[1], -0.7);
  EXPECT_NEAR(u.stds()[0], 0.0884, 5e-5);
  // The same through the mixture and through its marginal under x + sqrt(1/T) z.
  std::vector<double> direction(law.a().begin(), law.a().end());
  for (double& e : direction) e /= law.norm_squared();
  const NormalMixture1d convolved = law.mixture().marginal(1, std::sqrt(0.01)).project(direction);
  for (std::size_t k = 0; k < 2; ++k) {
    // Sums of 128 terms, each rounded: 128 * 1.1e-16.
    EXPECT_NEAR(convolved.means()[k], u.means()[k], 1.4e-14);
    EXPECT_NEAR(convolved.stds()[k], law.projection(0.01).stds()[k], 1.4e-14);
  }
}

TEST(TwoModes, RejectsImpossibleParameters) {
  EXPECT_THROW(TwoModes(0, {1.0}), Error);
  EXPECT_THROW(TwoModes(1, {1.0}), Error);
  EXPECT_THROW(TwoModes(0.5, {0.0, 0.0}), Error);
  EXPECT_THROW(TwoModes::ones(0, 0.5), Error);
}

TEST(TwoModes, LabelVarianceAtTheEndsOfItsRange) {
  const TwoModes far(0.7, {1e6});
  EXPECT_EQ(far.label_variance(1), 0);  // exp(-d^2/8) underflows
  const TwoModes law = TwoModes::ones(16, 0.7);
  const double whole = law.integrated_label_variance(0, INFINITY);
  // What lies beyond T is of order 1/T.
  EXPECT_NEAR(law.integrated_label_variance(0, 1e15), whole, 1e-14 * whole);
}

}  // namespace
}  // namespace ito::diffusion
