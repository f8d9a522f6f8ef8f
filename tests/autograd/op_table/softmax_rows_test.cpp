// Rows of normalised exponentials: over the last axis, a middle one, and two that are apart.
#include <cmath>

#include "tests/autograd/op_table/naive.h"

namespace ito::op_table {
namespace {

// log sum e^x over the axes that `gone` marks, at every element.
Array log_sums(const Array& x, const std::vector<bool>& gone) {
  Array y(x.shape, 0);
  for_each_index(x.shape, [&](const Indices& i) {
    long double s = 0;
    for_each_index(x.shape, [&](const Indices& j) {
      bool together = true;
      for (std::size_t k = 0; k < gone.size(); ++k)
        together = together && (gone[k] || i[k] == j[k]);
      if (together) s += std::exp(static_cast<long double>(x.at(j)));
    });
    y.at(i) = static_cast<double>(std::log(s));
  });
  return y;
}

const std::vector<Axes>& axes_of(int rank) {
  static const std::vector<Axes> vector{{-1}};
  static const std::vector<Axes> array{{-1}, {1}, {0, 2}, {0, 1, 2}};
  return rank == 1 ? vector : array;
}

Row row_of(const char* op, Tensor (*f)(const Tensor&, const Axes&),
           double (*reference)(double x, double log_sum)) {
  Row row;
  row.op = op;
  row.f = [f](std::span<const Tensor> in) {
    std::vector<Tensor> parts;
    for (const Axes& axes : axes_of(in[0].rank())) parts.push_back(f(in[0], axes));
    return stack(parts);
  };
  row.reference = [reference](std::span<const Tensor> in) {
    const Array x(in[0]);
    Values y;
    for (const Axes& axes : axes_of(x.shape.rank())) {
      std::vector<bool> gone(static_cast<std::size_t>(x.shape.rank()));
      for (Index a : axes) gone[static_cast<std::size_t>(a < 0 ? a + x.shape.rank() : a)] = true;
      const Array sums = log_sums(x, gone);
      for (std::size_t i = 0; i < x.values.size(); ++i) {
        y.push_back(reference(x.values[i], sums.values[i]));
      }
    }
    return y;
  };
  row.cases = {{spread({5}, -2, 2)},
               {spread({2, 3, 4}, -2, 2)},
               {spread({1}, -2, 2)},
               {spread({2, 0, 3}, -2, 2)}};
  row.misuse = {[f] {
                  f(ones({2, 3}), {2});
                },
                [f] {
                  f(ones({2, 3}), {1, -1});
                },
                [f] { f(arange(3, DType::i64), {0}); }};
  return row;
}

}  // namespace

std::vector<Row> softmax_rows() {
  std::vector<Row> rows{
      row_of("softmax", softmax, [](double x, double s) { return std::exp(x - s); }),
      row_of("log_softmax", log_softmax, [](double x, double s) { return x - s; }),
      row_of(
          "logsumexp",
          [](const Tensor& x, const Axes& axes) {
            return expand(logsumexp(x, axes, true), x.shape());
          },
          [](double, double s) { return s; }),
  };
  rows[1].composed = true;
  return rows;
}

}  // namespace ito::op_table
