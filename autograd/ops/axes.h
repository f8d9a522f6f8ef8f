// Sets of axes as bit masks; for the ops that reduce, scan or normalise along axes.
#pragma once

#include "autograd/tensor.h"

namespace ito::detail {

using AxisMask = unsigned;

inline bool has_axis(AxisMask mask, int axis) {
  return (mask >> axis & 1U) != 0;
}
inline AxisMask all_axes(int rank) {
  return (1U << rank) - 1;
}

// Throws naming `op` if an axis is out of range or named twice.
inline AxisMask axis_mask(const Tensor& x, const Axes& axes, const char* op) {
  AxisMask mask = 0;
  for (Index axis : axes) {
    const int at = normalize_axis(axis, x.rank(), op);
    check(!has_axis(mask, at), op, ": axis ", axis, " twice in ", axes);
    mask |= 1U << at;
  }
  return mask;
}

// `shape` with the axes of the mask removed, or of size 1 with keep_dims.
inline Shape without_axes(const Shape& shape, AxisMask mask, bool keep_dims) {
  Shape out;
  for (int i = 0; i < shape.rank(); ++i) {
    if (!has_axis(mask, i)) {
      out.push_back(shape[i]);
    } else if (keep_dims) {
      out.push_back(1);
    }
  }
  return out;
}

// The number of elements that one result of a reduction over the mask comes from.
inline Index count_along(const Shape& shape, AxisMask mask) {
  Index n = 1;
  for (int i = 0; i < shape.rank(); ++i) n *= has_axis(mask, i) ? shape[i] : 1;
  return n;
}

// Contiguous memory seen as [outer, len, inner].
struct Fold {
  Index outer = 1, len = 1, inner = 1;
};

// The axes [begin, end) of a contiguous `shape` as the middle dimension.
inline Fold fold(const Shape& shape, int begin, int end) {
  Fold f;
  for (int i = 0; i < shape.rank(); ++i) {
    (i < begin ? f.outer : i < end ? f.len : f.inner) *= shape[i];
  }
  return f;
}

}  // namespace ito::detail
