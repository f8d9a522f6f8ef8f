// Rows of reductions and scans.
#include <algorithm>
#include <cmath>

#include "tests/autograd/op_table/naive.h"

namespace ito::op_table {
namespace {

using List = std::vector<long double>;

// Groups the elements of x by what is left of their index without `axes`, and reduces each group.
template <class F>
Values reduced(const Tensor& x, const Axes& axes, F&& f) {
  const Array from(x);
  Shape kept;
  std::vector<int> kept_axes;
  for (int i = 0; i < x.rank(); ++i) {
    const bool gone = std::any_of(axes.begin(), axes.end(),
                                  [&](Index a) { return (a < 0 ? a + x.rank() : a) == i; });
    if (gone) continue;
    kept.push_back(x.shape()[i]);
    kept_axes.push_back(i);
  }
  std::vector<List> groups(static_cast<std::size_t>(numel(kept)));
  for_each_index(x.shape(), [&](const Indices& i) {
    Index flat = 0;
    for (int k : kept_axes) flat = flat * x.shape()[k] + i[static_cast<std::size_t>(k)];
    groups[static_cast<std::size_t>(flat)].push_back(from.at(i));
  });
  Values y;
  for (const List& g : groups) y.push_back(static_cast<double>(f(g)));
  return y;
}

using Over = Tensor (*)(const Tensor&, const Axes&, bool);

Axes every_axis(const Tensor& x) {
  Axes axes;
  for (int i = 0; i < x.rank(); ++i) axes.push_back(i);
  return axes;
}

// One axis, two (of three: not neighbours), all and none.
std::vector<Axes> tested_axes(const Tensor& x) {
  if (x.rank() == 0) return {{}};
  if (x.rank() == 1) return {{0}, {}};
  return {{0}, {-1, 0}, every_axis(x), {}};
}

Row row_of(const char* op, Over f, long double (*reference)(const List&),
           const std::vector<Shape>& shapes) {
  Row row;
  row.op = op;
  row.f = [f](std::span<const Tensor> in) {
    const Tensor& x = in[0];
    std::vector<Tensor> parts;
    bool keep_dims = false;
    for (const Axes& axes : tested_axes(x)) {
      parts.push_back(flatten(f(x, axes, keep_dims)));
      keep_dims = !keep_dims;
    }
    return concatenate(parts, 0);
  };
  row.reference = [reference](std::span<const Tensor> in) {
    Values y;
    for (const Axes& axes : tested_axes(in[0])) {
      const Values more = reduced(in[0], axes, reference);
      y.insert(y.end(), more.begin(), more.end());
    }
    return y;
  };
  for (const Shape& s : shapes) row.cases.push_back({spread(s, 0.4, 1.6)});
  row.misuse = {
      [f] {
        f(ones({2, 3}), {2}, false);
      },
      [f] {
        f(ones({2, 3}), {0, -2}, false);
      },
      [f] { f(arange(3, DType::i64), {0}, false); },
  };
  return row;
}

Row cumsum_row() {
  Row row;
  row.op = "cumsum";
  row.f = [](std::span<const Tensor> in) { return cumsum(in[0], 1) + 3 * cumsum(in[0], -1, true); };
  row.cases = {{spread({3, 4}, -1, 1)}, {spread({2, 3, 2}, -1, 1)}, {spread({2, 0}, -1, 1)}};
  row.reference = [](std::span<const Tensor> in) {
    const Array x(in[0]);
    Array y(x.shape, 0);
    const std::size_t last = static_cast<std::size_t>(x.shape.rank() - 1);
    for_each_index(x.shape, [&](const Indices& i) {
      Indices j = i;
      for (j[1] = 0; j[1] <= i[1]; ++j[1]) y.at(i) += x.at(j);
      j = i;
      for (; j[last] < x.shape.back(); ++j[last]) y.at(i) += 3 * x.at(j);
    });
    return y.values;
  };
  row.misuse = {[] { cumsum(ones({3}), 1); }, [] { cumsum(arange(3, DType::i64), 0); }};
  return row;
}

Row variance_row(bool root) {
  Row row;
  row.op = root ? "stddev" : "var";
  row.composed = true;
  row.f = [root](std::span<const Tensor> in) {
    const VarianceOptions unbiased{.keep_dims = true, .correction = 1};
    return root ? stddev(in[0], {0}) * stddev(in[0], {-1}, unbiased) * stddev(in[0])
                : var(in[0], {0}) * var(in[0], {-1}, unbiased) * var(in[0]);
  };
  row.cases = {{spread({3, 4}, -1, 1)}, {spread({2, 3, 2}, -1, 1)}};
  row.reference = [root](std::span<const Tensor> in) {
    const auto variance = [root](int correction) {
      return [=](const List& v) {
        long double m = 0, s = 0;
        for (long double e : v) m += e / static_cast<long double>(v.size());
        for (long double e : v) s += (e - m) * (e - m);
        s /= static_cast<long double>(v.size()) - correction;
        return root ? std::sqrt(s) : s;
      };
    };
    const Tensor& x = in[0];
    Shape columns = x.shape(), rows = x.shape();
    columns.erase(0);
    rows[x.rank() - 1] = 1;
    const Tensor a = from(reduced(x, {0}, variance(0)), columns);
    const Tensor b = from(reduced(x, {-1}, variance(1)), rows);
    const double c = reduced(x, every_axis(x), variance(0))[0];
    const Shape shape = broadcast_shapes(columns, rows, "reference");
    const Array pa(expand(a, shape)), pb(expand(b, shape));
    Values y;
    for (std::size_t i = 0; i < pa.values.size(); ++i) y.push_back(pa.values[i] * pb.values[i] * c);
    return y;
  };
  row.error_name = "var";
  if (root) row.integer_error = "stddev";
  row.misuse = {[] {
                  var(ones({2, 3}), {2});
                },
                [] {
                  var(ones({2, 0}), {1});
                },
                [] {
                  var(ones({2, 1}), {1}, {.correction = 1});
                },
                [] { var(arange(3, DType::i64)); }};
  return row;
}

}  // namespace

std::vector<Row> reduce_rows() {
  using R = long double;
  const std::vector<Shape> any_shape{{}, {4}, {2, 3}, {3, 2, 4}, {0}, {2, 0, 3}, {1, 1}};
  const std::vector<Shape> not_empty{{}, {4}, {2, 3}, {3, 2, 4}, {1, 1}};
  std::vector<Row> rows{
      row_of(
          "sum", [](const Tensor& x, const Axes& a, bool k) { return sum(x, a, k); },
          [](const List& v) {
            R s = 0;
            for (R e : v) s += e;
            return s;
          },
          any_shape),
      row_of(
          "mean", [](const Tensor& x, const Axes& a, bool k) { return mean(x, a, k); },
          [](const List& v) {
            R s = 0;
            for (R e : v) s += e;
            return s / static_cast<R>(v.size());
          },
          not_empty),
      row_of(
          "prod", [](const Tensor& x, const Axes& a, bool k) { return prod(x, a, k); },
          [](const List& v) {
            R p = 1;
            for (R e : v) p *= e;
            return p;
          },
          any_shape),
      row_of(
          "max", [](const Tensor& x, const Axes& a, bool k) { return max(x, a, k); },
          [](const List& v) { return *std::max_element(v.begin(), v.end()); }, not_empty),
      row_of(
          "min", [](const Tensor& x, const Axes& a, bool k) { return min(x, a, k); },
          [](const List& v) { return *std::min_element(v.begin(), v.end()); }, not_empty),
      row_of(
          "norm", [](const Tensor& x, const Axes& a, bool k) { return norm(x, a, k); },
          [](const List& v) {
            R s = 0;
            for (R e : v) s += e * e;
            return std::sqrt(s);
          },
          not_empty),
      cumsum_row(),
      variance_row(false),
      variance_row(true),
  };
  for (Row& row : rows) {
    if (row.op == "mean" || row.op == "prod" || row.op == "norm") row.composed = true;
  }
  return rows;
}

}  // namespace ito::op_table
