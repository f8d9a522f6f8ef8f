// Reading and adding at given positions along the middle dimension of contiguous [outer, len,
// inner] memory. Positions are in [0, len); additions happen in the order of the source.
#pragma once

#include <cstdint>

#include "autograd/shape.h"

namespace ito::kernels {

// y [outer, count, inner]: slices of x [outer, len, inner] at index [count].
template <class T>
void index_select(const T* x, Index outer, Index len, Index inner, const std::int64_t* index,
                  Index count, T* y);

// y [outer, len, inner] += slices of x [outer, count, inner] at index [count].
template <class T>
void index_add(const T* x, Index outer, Index len, Index inner, const std::int64_t* index,
               Index count, T* y);

// y[o, k, i] = x[o, index[o, k, i], i], for x [outer, len, inner], y and index [outer, count,
// inner].
template <class T>
void gather(const T* x, Index outer, Index len, Index inner, const std::int64_t* index, Index count,
            T* y);

// y[o, index[o, k, i], i] += x[o, k, i], for y [outer, len, inner], x and index [outer, count,
// inner].
template <class T>
void scatter_add(const T* x, Index outer, Index len, Index inner, const std::int64_t* index,
                 Index count, T* y);

}  // namespace ito::kernels
