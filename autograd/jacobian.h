// Jacobians and Hessians of functions, as whole tensors.
#pragma once

#include "autograd/transforms.h"

namespace ito {

enum class DerivativeMode : std::uint8_t { forward, reverse };

struct JacobianOptions {
  // Forward costs a pass a column (an element of x), reverse one a row (an element of f(x)).
  DerivativeMode mode = DerivativeMode::reverse;
  // Rows or columns a pass. Above 1, f must map a batch [chunk, shape of x] to [chunk, shape of
  // f(x)], each member from its own alone, as networks and samplers do: the batch takes the place
  // of a vectorising transform.
  Index chunk = 1;
  bool create_graph = false;  // record, so that the result can be differentiated
};

// d f(x) / d x: [shape of f(x), shape of x]. Where f converts, forward gives the dtype of f(x) and
// reverse that of x.
Tensor jacobian(const Function& f, const Tensor& x, JacobianOptions options = {});

// The second derivatives of a scalar f at x: [shape of x, shape of x]. `mode` says how the gradient
// (always by reverse mode) is differentiated. With chunk > 1, f maps [chunk, shape of x] to
// [chunk].
Tensor hessian(const Function& f, const Tensor& x,
               JacobianOptions options = {.mode = DerivativeMode::forward});

}  // namespace ito
