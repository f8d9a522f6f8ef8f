// Activation functions made of other functions, in f32, over all floats: relative errors as those
// of the kernels below them.
#include <algorithm>
#include <cmath>
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
};

double elu_of(double x, double alpha) {
  return x > 0 ? x : alpha * std::expm1(x);
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
    const double error = kernels::ulp_error(y[i], a.reference(v));
    if (!(error <= worst)) worst = error, at = i;
  }
  RecordProperty(a.name, std::to_string(worst));
  EXPECT_LE(worst, 4) << a.name << "(" << x[at] << ") = " << y[at] << ", exact "
                      << a.reference(static_cast<double>(x[at]));
}

INSTANTIATE_TEST_SUITE_P(
    Composed, ActivationSweep,
    testing::Values(Activation{"leaky_relu", [](const Tensor& x) { return leaky_relu(x, 0.25); },
                               [](double x) { return x > 0 ? x : 0.25 * x; }},
                    Activation{"elu", [](const Tensor& x) { return elu(x); },
                               [](double x) { return elu_of(x, 1); }},
                    Activation{"selu", selu,
                               [](double x) {
                                 return 1.0507009873554804934 * elu_of(x, 1.6732632423543772848);
                               }},
                    Activation{
                        "clamp", [](const Tensor& x) { return clamp(x, -1.5, 2.5); },
                        [](double x) { return std::isnan(x) ? x : std::clamp(x, -1.5, 2.5); }}),
    [](const auto& a) { return std::string(a.param.name); });

}  // namespace
}  // namespace ito
