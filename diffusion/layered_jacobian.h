// The Jacobian of a network made of linear layers and elementwise functions, kept as the product
// that it is, and its trace.
#pragma once

#include <optional>
#include <vector>

#include "autograd/tensor.h"

namespace ito::diffusion {

// Of row b: a matrix W [out, in] that all rows share, or diag(d[b]).
struct LayerFactor {
  bool diagonal;
  Tensor value;  // W, or d [n] or [B, n]
};

// Where the columns of a matrix stand among others that do not depend on x.
struct Columns {
  Index first = 0;
  Index count = 0;
  Index width = 0;  // of the whole; 0: there are no others
};

// The product of the factors, the first applied first, times scale[b]; the identity if empty.
struct LayerProduct {
  std::vector<LayerFactor> factors = {};
  Tensor scale = {};  // [] or [B, 1]; 1 if undefined
  Columns columns = {};
};

// A sum of products, one for each way from input to output; zero if empty.
using LayeredJacobian = std::vector<LayerProduct>;

// dy/dx row by row, read off the graph that was recorded from x [B, n] to y [B, n'], whose rows
// must not depend on each other. The ops' own rules make the diagonals; they are recorded if
// recording is on. Nothing if an op on the way is neither
//   linear in x with weights that do not depend on x (linear, matmul, gated_linear), nor
//   elementwise, nor a concatenation of columns,
// or if the sum has so many terms that pushing tangents through the network costs less.
std::optional<LayeredJacobian> layered_jacobian(const Tensor& y, const Tensor& x);

// sum_i dy_i/dx_i of each row, [B], for x and y [B, n]; differentiable in the factors. With r
// diagonals between matrices W_1, ..., W_L, cyclically, and the matrices between them multiplied:
//   r = 1   d_1 . diag(W_1 W_2): the two layers of a perceptron; next to nothing;
//   r = 2   d_2' [W_2 o (W_1 W_3)'] d_1: one product of weights, one of the batch;
//   r > 2   the tangents of all directions of the narrowest layer. The first tangent is a matrix of
//           weights, and of the last only the diagonal is computed.
Tensor trace(const LayeredJacobian& jacobian, const Tensor& x);

}  // namespace ito::diffusion
