// Copying rows of tensors, the entries along the first axis. Nothing is recorded; index_select is
// the operation with derivatives.
#pragma once

#include <span>

#include "autograd/tensor.h"

namespace ito {

// Rows of x [N, ...]: [rows.size(), ...].
Tensor gather_rows(const Tensor& x, std::span<const Index> rows);

// out[rows[i]] = x[i] for x [rows.size(), ...] and out [N, ...], contiguous and seen by nobody
// else.
void scatter_rows(const Tensor& x, std::span<const Index> rows, Tensor& out);

}  // namespace ito
