// Products of several tensors by index letters.
#pragma once

#include <span>
#include <string>

#include "autograd/tensor.h"

namespace ito {

// Einstein summation, as NumPy's: einsum("bij,bjk->bik", {a, b}). Letters that the output lacks are
// summed over; a letter twice in one operand takes a diagonal; "..." stands for leading axes, which
// broadcast. Without "->" the output has the letters that occur once, in alphabetical order.
// Operands are contracted from left to right, each pair by one (batched) matmul.
Tensor einsum(const std::string& equation, std::span<const Tensor> operands);
inline Tensor einsum(const std::string& equation, std::initializer_list<Tensor> operands) {
  return einsum(equation, std::span(operands.begin(), operands.size()));
}

// <a, b> of two vectors of the same length.
Tensor dot(const Tensor& a, const Tensor& b);

// a b': [m] x [n] -> [m, n].
Tensor outer(const Tensor& a, const Tensor& b);

}  // namespace ito
