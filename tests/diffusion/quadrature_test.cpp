#include "diffusion/quadrature.h"

#include <cmath>

#include <gtest/gtest.h>

#include "autograd/error.h"

namespace ito::diffusion {
namespace {

TEST(GaussLegendre, IsExactForPolynomialsUpToItsDegree) {
  for (Index count : {1, 2, 5, 10, 64}) {
    const GaussLegendre rule(count);
    for (Index degree = 0; degree < 2 * count; ++degree) {
      const double power = static_cast<double>(degree + 1);
      const double value = rule.integrate(0, 1, [&](double x) { return std::pow(x, power - 1); });
      EXPECT_NEAR(value, 1 / power, 1e-14) << count << " nodes, degree " << degree;
    }
  }
}

TEST(GaussLegendre, IsNotExactBeyond) {
  // The error of two nodes on x^4 over [-1, 1] is 2/5 - 2/9.
  const GaussLegendre rule(2);
  const double value = rule.integrate(-1, 1, [](double x) { return x * x * x * x; });
  EXPECT_NEAR(value, 2.0 / 9, 1e-15);
}

TEST(GaussLegendre, NeedsANode) {
  EXPECT_THROW(GaussLegendre(0), Error);
  EXPECT_THROW(GaussLegendre(-1), Error);
}

}  // namespace
}  // namespace ito::diffusion
