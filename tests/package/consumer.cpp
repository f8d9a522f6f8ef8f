// A stranger's first program. It exits with 0 if the derivative is right.
#include <cmath>
#include <iostream>

#include "autograd/ops.h"
#include "autograd/transforms.h"

int main() {
  // d/dx sum(tanh x) = 1 - tanh(x)^2, recorded and differentiated by the installed library.
  ito::Tensor x = ito::full({3}, 0.5, ito::DType::f64);
  x.set_requires_grad();
  const ito::Tensor slope = ito::grad(ito::sum(ito::tanh(x)), x);

  const double expected = 3 * (1 - std::tanh(0.5) * std::tanh(0.5));
  const double computed = ito::sum(slope).item();
  std::cout << "slope " << computed << ", expected " << expected << '\n';
  return std::abs(computed - expected) < 1e-14 ? 0 : 1;
}
