// Rows of the functions of two tensors that broadcast.
#include <algorithm>
#include <cmath>

#include "tests/autograd/op_table/row.h"

namespace ito::op_table {
namespace {

struct Binary {
  const char* op;
  Tensor (*f)(const Tensor&, const Tensor&);
  long double (*reference)(long double, long double);
  double low_a, high_a, low_b, high_b;
  bool integers = false;
};

// Pairs of shapes: equal, stretched on either side or on both, 0-dim, empty.
const std::vector<std::pair<Shape, Shape>>& shape_pairs() {
  static const std::vector<std::pair<Shape, Shape>> pairs{
      {{}, {}},         {{5}, {5}},          {{3, 4}, {4}},          {{}, {2, 3}},
      {{2, 3}, {1}},    {{3, 1}, {1, 4}},    {{2, 1, 3}, {4, 1}},    {{0}, {0}},
      {{2, 0, 3}, {3}}, {{1, 3}, {2, 0, 1}}, {{2, 3, 4}, {2, 3, 4}},
  };
  return pairs;
}

// Index of the element of x that lands at `flat` of the broadcast shape.
std::size_t source_of(Index flat, const Shape& to, const Shape& x) {
  Index at = 0, stride = 1;
  for (int i = 1; i <= to.rank(); ++i) {
    const Index size = to[to.rank() - i];
    const Index position = flat % size;
    flat /= size;
    if (i > x.rank()) continue;
    const Index own = x[x.rank() - i];
    at += (own == 1 ? 0 : position) * stride;
    stride *= own;
  }
  return static_cast<std::size_t>(at);
}

template <class F>
Values broadcast_reference(std::span<const Tensor> in, F&& f) {
  const Shape shape = broadcast_shapes(in[0].shape(), in[1].shape(), "reference");
  const Values a = in[0].to_vector<double>(), b = in[1].to_vector<double>();
  Values y(static_cast<std::size_t>(numel(shape)));
  for (std::size_t i = 0; i < y.size(); ++i) {
    const auto flat = static_cast<Index>(i);
    y[i] =
        static_cast<double>(f(static_cast<long double>(a[source_of(flat, shape, in[0].shape())]),
                              static_cast<long double>(b[source_of(flat, shape, in[1].shape())])));
  }
  return y;
}

Row row_of(const Binary& b) {
  Row row;
  row.op = b.op;
  row.integers = b.integers;
  row.f = [f = b.f](std::span<const Tensor> in) { return f(in[0], in[1]); };
  for (const auto& [sa, sb] : shape_pairs()) {
    row.cases.push_back({spread(sa, b.low_a, b.high_a), spread(sb, b.low_b, b.high_b, 3)});
  }
  row.reference = [r = b.reference](std::span<const Tensor> in) {
    return broadcast_reference(in, r);
  };
  row.misuse = {
      [f = b.f] {
        f(zeros({2, 3}), zeros({2}));
      },
      [f = b.f] { f(zeros({3}), zeros({3}, DType::f64)); },
      [f = b.f] { f(zeros({3}), Tensor()); },
  };
  return row;
}

Row where_row() {
  Row row;
  row.op = "where";
  row.integers = true;
  const auto condition = [](const Tensor& a, const Tensor& b) {
    // Every third element of the broadcast shape.
    const Shape shape = broadcast_shapes(a.shape(), b.shape(), "where");
    std::vector<std::int64_t> c(static_cast<std::size_t>(numel(shape)));
    for (std::size_t i = 0; i < c.size(); ++i) c[i] = i % 3 == 0;
    return from(c, shape);
  };
  row.f = [condition](std::span<const Tensor> in) {
    return where(condition(in[0], in[1]), in[0], in[1]);
  };
  for (const auto& [sa, sb] : shape_pairs()) {
    row.cases.push_back({spread(sa, -1, 1), spread(sb, -1, 1, 3)});
  }
  row.reference = [](std::span<const Tensor> in) {
    std::size_t i = 0;
    return broadcast_reference(in,
                               [&](long double a, long double b) { return i++ % 3 == 0 ? a : b; });
  };
  row.misuse = {
      [] { where(zeros({2}), zeros({3}), zeros({3})); },
      [] { where(zeros({3}), zeros({3}), zeros({2})); },
      [] { where(zeros({3}), zeros({3}), zeros({3}, DType::f64)); },
  };
  return row;
}

}  // namespace

std::vector<Row> binary_rows() {
  using R = long double;
  const std::vector<Binary> table{
      {"add", [](const Tensor& a, const Tensor& b) { return a + b; },
       [](R a, R b) { return a + b; }, -2, 2, -2, 2, true},
      {"sub", [](const Tensor& a, const Tensor& b) { return a - b; },
       [](R a, R b) { return a - b; }, -2, 2, -2, 2, true},
      {"mul", [](const Tensor& a, const Tensor& b) { return a * b; },
       [](R a, R b) { return a * b; }, -2, 2, -2, 2, true},
      {"div", [](const Tensor& a, const Tensor& b) { return a / b; },
       [](R a, R b) { return a / b; }, -2, 2, 0.5, 2},
      {"pow", [](const Tensor& a, const Tensor& b) { return pow(a, b); },
       [](R a, R b) { return std::pow(a, b); }, 0.5, 2, -2, 2},
      {"atan2", atan2, [](R a, R b) { return std::atan2(a, b); }, 0.5, 2, -2, 2},
      {"hypot", hypot, [](R a, R b) { return std::hypot(a, b); }, 0.5, 2, -2, 2},
      // Where the two come close, finite differences see the kink; the fixed values do not.
      {"maximum", [](const Tensor& a, const Tensor& b) { return maximum(a, b); },
       [](R a, R b) { return std::max(a, b); }, -1, 1, -1, 1, true},
      {"minimum", [](const Tensor& a, const Tensor& b) { return minimum(a, b); },
       [](R a, R b) { return std::min(a, b); }, -1, 1, -1, 1, true},
  };
  std::vector<Row> rows;
  for (const Binary& b : table) rows.push_back(row_of(b));
  rows.push_back(where_row());
  return rows;
}

}  // namespace ito::op_table
