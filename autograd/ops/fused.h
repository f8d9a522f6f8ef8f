// Operations that a composition of others could express, fused where a measurement showed that it
// pays. Under create_graph their rules are the composition's, so every order exists.
#pragma once

#include "autograd/tensor.h"

namespace ito {

// A linear layer whose weights a gate mixes: with W [out, gates * in] seen as one matrix W_l a
// gate,
//   y[b] = sum_l gate[b, l] W_l x[b] + bias,
// which equals linear(flatten(outer(gate, x)), W, bias) without the outer product.
// Shapes: gate [B, gates], x [B, in], weight [out, gates * in], bias [out] or undefined ->
// [B, out].
Tensor gated_linear(const Tensor& gate, const Tensor& x, const Tensor& weight,
                    const Tensor& bias = {});

// The diagonal of a b, [n], for a [n, k] and b [k, n], without their product: as
// einsum("ij,ji->i", {a, b}), but reading each of them once.
Tensor diagonal_of_product(const Tensor& a, const Tensor& b);

// |a - b|^2, 0-dim, for a and b of one shape: as sum(square(a - b)), without writing the squares.
Tensor squared_distance(const Tensor& a, const Tensor& b);

}  // namespace ito
