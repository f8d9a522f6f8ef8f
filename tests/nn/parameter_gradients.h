// Central differences of a loss by the parameters of a module, which change in place.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/grad_mode.h"
#include "nn/module.h"

namespace ito::nn {

// For f64 losses whose values and third derivatives are of order one: truncation h^2/6 |f'''| and
// rounding eps/h |f| are both about 2e-11 for h = 1e-5; a hundred times that is allowed.
inline void expect_parameter_gradients(Module& module, const std::function<Tensor()>& loss) {
  constexpr double kStep = 1e-5;
  constexpr double kTolerance = 2e-9;
  module.zero_grad();
  loss().backward();
  for (const NamedTensor& p : module.named_parameters()) {
    ASSERT_TRUE(p.value.grad().defined()) << p.name;
    const std::vector<double> grad = p.value.grad().to_vector<double>();
    NoGrad guard;
    Tensor parameter = p.value;
    double* values = parameter.mutable_data<double>();
    for (std::size_t i = 0; i < grad.size(); ++i) {
      const double kept = values[i];
      values[i] = kept + kStep;
      const double above = loss().item();
      values[i] = kept - kStep;
      const double below = loss().item();
      values[i] = kept;
      const double difference = (above - below) / (2 * kStep);
      EXPECT_NEAR(grad[i], difference, kTolerance * std::max(1.0, std::abs(difference)))
          << p.name << '[' << i << ']';
    }
  }
}

}  // namespace ito::nn
