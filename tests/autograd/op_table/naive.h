// Naive twins of tensor functions, for the references of the op table: loops over all indices.
#pragma once

#include <vector>

#include "tests/autograd/op_table/row.h"

namespace ito::op_table {

using Indices = std::vector<Index>;

// A row-major array.
struct Array {
  Shape shape;
  Values values;

  Array(const Shape& s, double fill) : shape(s), values(static_cast<std::size_t>(numel(s)), fill) {}
  explicit Array(const Tensor& x) : shape(x.shape()), values(x.to_vector<double>()) {}
  double& at(const Indices& i) { return values[offset(i)]; }
  double at(const Indices& i) const { return values[offset(i)]; }

 private:
  std::size_t offset(const Indices& i) const {
    Index flat = 0;
    for (int k = 0; k < shape.rank(); ++k) flat = flat * shape[k] + i[static_cast<std::size_t>(k)];
    return static_cast<std::size_t>(flat);
  }
};

// Calls f with every index tuple of `shape`, in row-major order.
template <class F>
void for_each_index(const Shape& shape, F&& f) {
  Indices i(static_cast<std::size_t>(shape.rank()), 0);
  for (Index count = numel(shape); count > 0; --count) {
    f(i);
    for (int k = shape.rank() - 1; k >= 0; --k) {
      Index& digit = i[static_cast<std::size_t>(k)];
      if (++digit < shape[k]) break;
      digit = 0;
    }
  }
}

// y[i] = x[source(i)] for every index of `shape`.
template <class F>
Values picked(const Tensor& x, const Shape& shape, F&& source) {
  const Array from(x);
  Array to(shape, 0);
  for_each_index(shape, [&](const Indices& i) { to.at(i) = from.at(source(i)); });
  return to.values;
}

}  // namespace ito::op_table
