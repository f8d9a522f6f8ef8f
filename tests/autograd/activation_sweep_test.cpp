// Activation functions made of other functions, in f32, over all floats: relative errors as those
// of the kernels below them.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/ops.h"
#include "tests/autograd/kernels/ulp.h"

namespace ito {
namespace {

constexpr std::uint32_t kStep = 10'007;

struct Activation {
  const char* name;
  Tensor (*f)(const Tensor&);
  double (*reference)(double);
  // ULPs allowed at x.
  double (*bound)(double) = [](double) { return 4.0; };
};

double elu_of(double x, double alpha) {
  return x > 0 ? x : alpha * std::expm1(x);
}

// The exponent of gelu by tanh, y = x / (1 + e^-z).
double gelu_exponent(double x) {
  return std::sqrt(8 / std::numbers::pi) * (x + 0.044715 * x * x * x);
}

class ActivationSweep : public testing::TestWithParam<Activation> {};

TEST_P(ActivationSweep, IsAccurateOnAllFloats) {
  const Activation& a = GetParam();
  const std::vector<float> x = kernels::sweep(kStep);
  const std::vector<float> y = a.f(from(x, {static_cast<Index>(x.size())})).to_vector<float>();
  double worst = 0;
  std::size_t at = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double v = static_cast<double>(x[i]);
    const double error = kernels::ulp_error(y[i], a.reference(v)) / a.bound(v);
    if (!(error <= worst)) worst = error, at = i;
  }
  RecordProperty(a.name, std::to_string(worst));
  EXPECT_LE(worst, 1) << a.name << "(" << x[at] << ") = " << y[at] << ", exact "
                      << a.reference(static_cast<double>(x[at]));
}

INSTANTIATE_TEST_SUITE_P(
    Composed, ActivationSweep,
    testing::Values(
        Activation{"leaky_relu", [](const Tensor& x) { return leaky_relu(x, 0.25); },
                   [](double x) { return x > 0 ? x : 0.25 * x; }},
        Activation{"elu", [](const Tensor& x) { return elu(x); },
                   [](double x) { return elu_of(x, 1); }},
        Activation{
            "selu", selu,
            [](double x) { return 1.0507009873554804934 * elu_of(x, 1.6732632423543772848); }},
        Activation{"mish", mish,
                   [](double x) {
                     if (std::isinf(x)) return x > 0 ? x : std::nan("");  // -inf times 0
                     return x * std::tanh(std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))));
                   },
                   // Where softplus is subnormal, its last place counts |x| of mish's.
                   [](double x) { return x < -87 ? 4 - x : 4; }},
        Activation{"clamp", [](const Tensor& x) { return clamp(x, -1.5, 2.5); },
                   [](double x) { return std::isnan(x) ? x : std::clamp(x, -1.5, 2.5); }},
        // The exponent z has seven roundings, each worth up to an ULP of it, |z| of the result.
        Activation{"gelu_tanh", gelu_tanh,
                   [](double x) {
                     if (std::isinf(x)) return x > 0 ? x : std::nan("");  // -inf times 0
                     return x / (1 + std::exp(-gelu_exponent(x)));
                   },
                   [](double x) {
                     return 4 + (x < 0 ? 7 * std::min(std::abs(gelu_exponent(x)), 110.0) : 0);
                   }}),
    [](const auto& a) { return std::string(a.param.name); });

}  // namespace
}  // namespace ito
