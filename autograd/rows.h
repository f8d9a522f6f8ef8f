// Copying rows of matrices. Nothing is recorded.
#pragma once

#include <vector>

#include "autograd/tensor.h"

namespace ito::diffusion {

// Rows of x [N, n]: [rows.size(), n].
Tensor gather_rows(const Tensor& x, const std::vector<Index>& rows);

// out[rows[i]] = x[i] for x [rows.size(), n] and out [N, n], contiguous and seen by nobody else.
void scatter_rows(const Tensor& x, const std::vector<Index>& rows, Tensor& out);

}  // namespace ito::diffusion
