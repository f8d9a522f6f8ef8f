#include "autograd/rows.h"

#include <algorithm>

#include "autograd/ops/convert.h"

namespace ito {
namespace {

Index row_size(const Tensor& x) {
  Index n = 1;
  for (int i = 1; i < x.rank(); ++i) n *= x.shape()[i];
  return n;
}

}  // namespace

Tensor gather_rows(const Tensor& x, std::span<const Index> rows) {
  check(x.rank() >= 1, "gather_rows: a 0-dim tensor has no rows");
  Shape shape = x.shape();
  shape[0] = static_cast<Index>(rows.size());
  const Index width = row_size(x);
  const Tensor source = contiguous(x.detach());
  Tensor out = empty(shape, x.dtype());
  visit(x.dtype(), [&]<class T>(T) {
    const T* from = source.data<T>();
    T* to = out.mutable_data<T>();
    for (const Index row : rows) {
      check(row >= 0 && row < x.size(0), "gather_rows: row ", row, " of ", x.size(0));
      to = std::copy_n(from + row * width, width, to);
    }
  });
  return out;
}

void scatter_rows(const Tensor& x, std::span<const Index> rows, Tensor& out) {
  Shape expected = out.shape();
  check(!expected.empty(), "scatter_rows: a 0-dim tensor has no rows");
  expected[0] = static_cast<Index>(rows.size());
  check(x.shape() == expected && x.dtype() == out.dtype() && out.is_contiguous(),
        "scatter_rows: ", x.dtype(), x.shape(), " does not fit ", rows.size(), " rows of ",
        out.dtype(), out.shape());
  const Index width = row_size(x);
  const Tensor source = contiguous(x.detach());
  visit(x.dtype(), [&]<class T>(T) {
    const T* from = source.data<T>();
    T* to = out.mutable_data<T>();
    for (const Index row : rows) {
      check(row >= 0 && row < out.size(0), "scatter_rows: row ", row, " of ", out.size(0));
      std::copy_n(from, width, to + row * width);
      from += width;
    }
  });
}

}  // namespace ito
