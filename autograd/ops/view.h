// Views: other shapes and strides over the same values, without a copy unless said.
// Axes may be negative and then count from the last.
#pragma once

#include <limits>
#include <span>
#include <vector>

#include "autograd/tensor.h"

namespace ito {

// One entry of `shape` may be -1 and is inferred. Copies if x is not contiguous.
Tensor reshape(const Tensor& x, const Shape& shape);
Tensor flatten(const Tensor& x);  // to one dimension

Tensor permute(const Tensor& x, const Axes& order);
Tensor transpose(const Tensor& x, Index axis_a = -2, Index axis_b = -1);  // swaps two axes

Tensor expand(const Tensor& x, const Shape& shape);  // broadcasting made explicit
Tensor squeeze(const Tensor& x, Index axis);         // removes an axis of size 1
Tensor unsqueeze(const Tensor& x, Index axis);       // inserts an axis of size 1

inline constexpr Index kEnd = std::numeric_limits<Index>::max();
// Elements start, start + step, ... before stop, as Python's x[start:stop:step]: negative bounds
// count from the end, bounds are clamped. A negative step runs backwards, by default from the last
// element (start = kEnd) to the first (stop = -kEnd).
Tensor slice(const Tensor& x, Index axis, Index start, Index stop = kEnd, Index step = 1);
Tensor select(const Tensor& x, Index axis, Index at);  // one position; the axis disappears

Tensor concatenate(std::span<const Tensor> parts, Index axis);
inline Tensor concatenate(std::initializer_list<Tensor> parts, Index axis) {
  return concatenate(std::span(parts.begin(), parts.size()), axis);
}
Tensor stack(std::span<const Tensor> parts, Index axis = 0);  // along a new axis
inline Tensor stack(std::initializer_list<Tensor> parts, Index axis = 0) {
  return stack(std::span(parts.begin(), parts.size()), axis);
}
// Consecutive pieces of `size` along the axis; the last may be shorter.
std::vector<Tensor> split(const Tensor& x, Index size, Index axis = 0);

}  // namespace ito
