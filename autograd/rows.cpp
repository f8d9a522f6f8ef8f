#include "diffusion/rows.h"

#include <algorithm>

#include "autograd/grad_mode.h"
#include "autograd/ops.h"

namespace ito::diffusion {

Tensor gather_rows(const Tensor& x, const std::vector<Index>& rows) {
  check(x.rank() == 2, "gather_rows: needs a matrix, got ", x.shape());
  const Index columns = x.size(1);
  const Tensor source = contiguous(x.detach());
  Tensor out = empty({static_cast<Index>(rows.size()), columns}, x.dtype());
  visit(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* to = out.mutable_data<T>();
    for (Index row : rows) {
      check(row >= 0 && row < x.size(0), "gather_rows: row ", row, " of ", x.size(0));
      to = std::copy_n(source.data<T>() + row * columns, columns, to);
    }
  });
  return out;
}

void scatter_rows(const Tensor& x, const std::vector<Index>& rows, Tensor& out) {
  check(x.rank() == 2 && out.rank() == 2 && x.size(0) == static_cast<Index>(rows.size()) &&
            x.size(1) == out.size(1) && out.is_contiguous(),
        "scatter_rows: ", x.shape(), " does not fit ", rows.size(), " rows of ", out.shape());
  const Index columns = x.size(1);
  const Tensor source = contiguous(x.detach());
  visit(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* values = source.data<T>();
    T* to = out.mutable_data<T>();
    for (Index row : rows) {
      check(row >= 0 && row < out.size(0), "scatter_rows: row ", row, " of ", out.size(0));
      std::copy_n(values, columns, to + row * columns);
      values += columns;
    }
  });
}

}  // namespace ito::diffusion
