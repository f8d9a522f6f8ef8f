#include "diffusion/distributions/normal_mixture_1d.h"

#include <cmath>

#include <gtest/gtest.h>

#include "autograd/error.h"
#include "diffusion/quadrature.h"

namespace ito::diffusion {
namespace {

const NormalMixture1d kLaw({0.7, 0.3}, {0.3, -0.7}, {0.0884, 0.2});

// 400 panels of 10 Gauss nodes: exact to rounding for functions this smooth.
template <class F>
double integral(double from, double to, F&& f) {
  const GaussLegendre rule(10);
  double total = 0;
  for (int i = 0; i < 400; ++i) {
    const double width = (to - from) / 400;
    total += rule.integrate(from + width * i, from + width * (i + 1), f);
  }
  return total;
}

TEST(NormalMixture1d, CdfIntegratesThePdf) {
  for (double u : {-2.0, -0.7, -0.2, 0.3, 0.9}) {
    EXPECT_NEAR(kLaw.cdf(u), integral(kLaw.lower(), u, [](double x) { return kLaw.pdf(x); }),
                1e-13);
    EXPECT_NEAR(kLaw.cdf(u) + kLaw.survival(u), 1, 1e-15);
  }
}

TEST(NormalMixture1d, AntiderivativesIntegrateTheCdf) {
  for (double u : {-2.0, -0.7, -0.2, 0.3, 0.9}) {
    EXPECT_NEAR(kLaw.integral_of_cdf(u),
                integral(kLaw.lower(), u, [](double x) { return kLaw.cdf(x); }), 1e-13);
    EXPECT_NEAR(kLaw.integral_of_survival(u),
                integral(u, kLaw.upper(), [](double x) { return kLaw.survival(x); }), 1e-13);
  }
}

TEST(NormalMixture1d, QuantileInvertsTheCdf) {
  for (double p : {1e-9, 0.01, 0.3, 0.5, 0.999}) {
    const double u = kLaw.quantile(p);
    // Neighbouring doubles of u move the cdf by pdf(u) ulp(u).
    EXPECT_NEAR(kLaw.cdf(u), p, 1e-15 + 4e-16 * kLaw.pdf(u));
  }
  EXPECT_EQ(kLaw.quantile(0), -INFINITY);
  EXPECT_EQ(kLaw.quantile(1), INFINITY);
  EXPECT_THROW((void)kLaw.quantile(1.5), Error);
}

TEST(NormalMixture1d, RejectsImpossibleParameters) {
  EXPECT_THROW(NormalMixture1d({1}, {0, 1}, {1, 1}), Error);
  EXPECT_THROW(NormalMixture1d({1, -1}, {0, 1}, {1, 1}), Error);
  EXPECT_THROW(NormalMixture1d({1, 1}, {0, 1}, {1, 0}), Error);
}

TEST(NormalMixture1d, StdsBelowTheRoundingOfTheMeans) {
  EXPECT_NEAR(NormalMixture1d({1}, {1}, {1e-18}).quantile(0.1), 1, 1e-15);
  EXPECT_THROW(NormalMixture1d({1}, {0}, {INFINITY}), Error);
  EXPECT_THROW(NormalMixture1d({INFINITY}, {0}, {1}), Error);
}

}  // namespace
}  // namespace ito::diffusion
