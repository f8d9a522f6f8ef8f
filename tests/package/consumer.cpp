#include <iostream>

#include "autograd/ops.h"
#include "autograd/transforms.h"

int main() {
  using namespace ito;
  Generator rng(/*seed=*/1);
  Tensor w = randn({4, 3}, rng, DType::f64).set_requires_grad();
  const Tensor x = randn({8, 3}, rng, DType::f64);

  const Tensor loss = sum(square(tanh(linear(x, w))));
  const Tensor slope = grad(loss, w, {.create_graph = true});      // reverse mode
  const Tensor curved = grad(sum(square(slope)), w);               // and once more
  const Tensor pushed = jvp(tanh(linear(x, w)), w, ones_like(w));  // forward mode
  std::cout << slope << '\n' << curved << '\n' << pushed << '\n';
}
