// Rows of ops that stand for several others.
#include <cmath>
#include <utility>

#include "autograd/checkpoint.h"
#include "tests/autograd/op_table/naive.h"

namespace ito::op_table {
namespace {

Row gated_linear_row() {
  Row row;
  row.op = "gated_linear";
  row.f = [](std::span<const Tensor> in) {
    return gated_linear(in[0], in[1], in[2], in.size() > 3 ? in[3] : Tensor());
  };
  row.cases = {{spread({4, 2}, -1, 1), spread({4, 3}, -1, 1, 1), spread({5, 6}, -1, 1, 2),
                spread({5}, -1, 1, 3)},
               {spread({3, 1}, -1, 1), spread({3, 2}, -1, 1, 1), spread({2, 2}, -1, 1, 2)},
               {spread({0, 2}, -1, 1), spread({0, 3}, -1, 1, 1), spread({5, 6}, -1, 1, 2)}};
  row.reference = [](std::span<const Tensor> in) {
    const Array gate(in[0]), x(in[1]), w(in[2]);
    Array y({x.shape[0], w.shape[0]}, 0);
    for_each_index(y.shape, [&](const Indices& i) {
      double& out = y.at(i);
      if (in.size() > 3) out = in[3].to_vector<double>()[static_cast<std::size_t>(i[1])];
      for (Index l = 0; l < gate.shape[1]; ++l) {
        for (Index j = 0; j < x.shape[1]; ++j) {
          out += gate.at({i[0], l}) * w.at({i[1], l * x.shape[1] + j}) * x.at({i[0], j});
        }
      }
    });
    return y.values;
  };
  row.misuse = {
      [] {
        gated_linear(ones({4, 2}), ones({4, 3}), ones({5, 5}));
      },
      [] {
        gated_linear(ones({4, 2}), ones({3, 3}), ones({5, 6}));
      },
      [] {
        gated_linear(ones({4, 2}), ones({4, 3}), ones({5, 6}, DType::f64));
      },
      [] {
        gated_linear(ones({4, 2}, DType::f64), ones({4, 3}), ones({5, 6}));
      },
  };
  return row;
}

Row diagonal_of_product_row() {
  Row row;
  row.op = "diagonal_of_product";
  row.f = [](std::span<const Tensor> in) { return diagonal_of_product(in[0], in[1]); };
  // The last is more than one tile of the kernel.
  for (const auto& [n, k] : {std::pair{3, 4}, {1, 1}, {0, 2}, {2, 0}, {35, 67}}) {
    row.cases.push_back({spread({n, k}, -1, 1), spread({k, n}, -1, 1, 2)});
  }
  row.reference = [](std::span<const Tensor> in) {
    const Array a(in[0]), b(in[1]);
    Values y(static_cast<std::size_t>(a.shape[0]));
    for (Index i = 0; i < a.shape[0]; ++i) {
      for (Index j = 0; j < a.shape[1]; ++j) {
        y[static_cast<std::size_t>(i)] += a.at({i, j}) * b.at({j, i});
      }
    }
    return y;
  };
  row.misuse = {[] {
                  diagonal_of_product(Tensor(), ones({2, 2}));
                },
                [] {
                  diagonal_of_product(ones({2, 3}), ones({2, 3}));
                },
                [] { diagonal_of_product(ones({2}), ones({2})); },
                [] {
                  diagonal_of_product(ones({2, 3}), ones({3, 2}, DType::f64));
                }};
  return row;
}

Row squared_distance_row() {
  Row row;
  row.op = "squared_distance";
  row.f = [](std::span<const Tensor> in) { return squared_distance(in[0], in[1]); };
  for (const Shape& s : awkward_shapes()) {
    row.cases.push_back({spread(s, -1, 1), spread(s, -1, 1, 2)});
  }
  row.reference = [](std::span<const Tensor> in) {
    const Values a = in[0].to_vector<double>(), b = in[1].to_vector<double>();
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
    return Values{sum};
  };
  row.misuse = {[] { squared_distance(ones({2}), Tensor()); },
                [] { squared_distance(ones({2}), ones({3})); },
                [] {
                  squared_distance(ones({2, 1}), ones({2, 2}));
                },
                [] { squared_distance(ones({2}), ones({2}, DType::f64)); }};
  return row;
}

Row checkpoint_row() {
  Row row;
  row.op = "checkpoint";
  const auto segment = [](std::span<const Tensor> in) { return tanh(in[0] * in[1]) + in[1]; };
  row.f = [segment](std::span<const Tensor> in) { return checkpoint(segment, in); };
  for (const Shape& s : awkward_shapes()) {
    row.cases.push_back({spread(s, -1, 1), spread({}, -1, 1, 2)});
  }
  row.reference = [](std::span<const Tensor> in) {
    Values v = in[0].to_vector<double>();
    const double b = in[1].item();
    for (double& e : v) e = std::tanh(e * b) + b;
    return v;
  };
  // Errors are those of the segment.
  row.error_name = "mul";
  row.integer_error = "tanh";
  row.misuse = {[segment] {
                  checkpoint(segment, {ones({2}), ones({3})});
                },
                [segment] {
                  checkpoint(segment, {ones({2}), ones({2}, DType::f64)});
                }};
  return row;
}

}  // namespace

std::vector<Row> fused_rows() {
  return {gated_linear_row(), diagonal_of_product_row(), squared_distance_row(), checkpoint_row()};
}

}  // namespace ito::op_table
