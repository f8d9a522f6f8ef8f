// Elementwise kernels and copies over strided memory. Strides count elements and may be zero
// (broadcast) or negative (flip); pointers address the element with all indices zero.
//
// Results are contiguous (row-major in `shape`) and the same bits as the contiguous kernels give
// on a contiguous copy of the inputs. An input that is itself contiguous may equal the output.
#pragma once

#include <cstdint>

#include "autograd/kernels/binary.h"
#include "autograd/kernels/unary.h"
#include "autograd/shape.h"

namespace ito::kernels {

// True if `strides` are row-major for `shape`; dimensions of size 1 do not count.
inline bool is_contiguous(const Shape& shape, const Strides& strides) {
  Index expected = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    if (shape[i] != 1 && strides[i] != expected) return false;
    expected *= shape[i];
  }
  return true;
}

// y = f(x); T is float or double.
template <class T>
void unary(UnaryFn f, const T* x, const Strides& sx, T* y, const Shape& shape);

// y = f(a, b), with both strides already broadcast to `shape`; T as in binary.h.
template <class T>
void binary(BinaryFn f, const T* a, const Strides& sa, const T* b, const Strides& sb, T* y,
            const Shape& shape);

// y (contiguous) = x (strided); T is float, double or std::int64_t.
template <class T>
void copy(const T* x, const Strides& sx, T* y, const Shape& shape);

// y (strided) = x (contiguous). Where zero strides make elements of y coincide, one of the values
// written to it stays.
template <class T>
void scatter_copy(const T* x, T* y, const Strides& sy, const Shape& shape);

}  // namespace ito::kernels
