// Checks of derivatives against finite differences, and of the two modes against each other. For
// the tests of one's own ops as much as for Ito's:
//
//   const GradCheckResult r = grad_check([](std::span<const Tensor> in) { return my_op(in[0]); },
//                                        {x});
//   EXPECT_TRUE(r.passed) << r.message;
#pragma once

#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "autograd/random.h"
#include "autograd/tensor.h"

namespace ito {

using TensorFunction = std::function<Tensor(std::span<const Tensor>)>;

// The step that balances the two errors of a fourth-order central difference of a function with
// values and derivatives of order one: truncation h^4/30 |f^(5)| and rounding 3/2 eps/h |f|.
// h = (45/4 eps)^(1/5); the relative error is then about 1e-12.
inline constexpr double kGradCheckStep = 1.2e-3;

struct GradCheckOptions {
  int order = 2;              // derivatives of order 1, ..., order
  int directions = 2;         // random directions for each input
  double first_rtol = 1e-7;   // order 1
  double higher_rtol = 1e-6;  // orders above
  double dot_rtol = 1e-12;    // <u, J v> against <J' u, v>
  double step = kGradCheckStep;
  Generator rng = Generator(0x17);
};

struct GradCheckResult {
  // The largest relative errors met at one order of differentiation.
  struct Errors {
    double vjp = 0;  // reverse mode against finite differences
    double jvp = 0;  // forward mode against finite differences
    double dot = 0;  // the two modes against each other
  };
  bool passed = true;
  std::vector<Errors> orders;  // orders[k - 1] belongs to derivatives of order k
  std::string message;         // every failure: order, mode, input, error and tolerance
};

// Checks f at the f64 `inputs`, and, for order k > 1, in the same way the functions (x, u) -> J' u
// and (x, v) -> J v of every order below: all mixtures of the two modes, in all their arguments.
// f must be smooth within 2 * step of the inputs, whose values change by at most that.
GradCheckResult grad_check(const TensorFunction& f, std::span<const Tensor> inputs,
                           GradCheckOptions options = {});
GradCheckResult grad_check(const TensorFunction& f, std::initializer_list<Tensor> inputs,
                           GradCheckOptions options = {});

// Only <u, J v> = <J' u, v>, for random u and v: exact up to rounding and without finite
// differences, so it serves large inputs and kinks as well. Any floating dtype.
GradCheckResult dot_product_test(const TensorFunction& f, std::span<const Tensor> inputs,
                                 GradCheckOptions options = {.order = 1});
// Throws Error with the message unless the test passes.
void assert_dot_product_test(const TensorFunction& f, std::span<const Tensor> inputs,
                             GradCheckOptions options = {.order = 1});

}  // namespace ito
