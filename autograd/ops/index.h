// Reading and adding at positions given by i64 tensors. Positions lie in [0, size of the axis);
// the order of additions is fixed, so results are the same in every run.
#pragma once

#include "autograd/tensor.h"

namespace ito {

// Slices at the positions index [k] along an axis, whose size becomes k.
Tensor index_select(const Tensor& x, Index axis, const Tensor& index);

// y[.., i, ..] = x[.., index[.., i, ..], ..]: index has x's rank, and its shape but for the axis;
// y has index's shape.
Tensor gather(const Tensor& x, Index axis, const Tensor& index);
// The same, where the axes besides `axis` broadcast.
Tensor take_along(const Tensor& x, const Tensor& index, Index axis);

// x, with source[.., i, ..] added at [.., index[.., i, ..], ..]: the transpose of gather.
Tensor scatter_add(const Tensor& x, Index axis, const Tensor& index, const Tensor& source);

// [...] -> [..., classes]: 1 at the index, 0 elsewhere.
Tensor one_hot(const Tensor& index, Index classes, DType dtype = DType::f32);

}  // namespace ito
