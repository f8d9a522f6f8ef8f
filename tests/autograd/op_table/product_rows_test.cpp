// Rows of products: matrix, linear, dot, outer, einsum.
#include <cmath>

#include "tests/autograd/op_table/naive.h"

namespace ito::op_table {
namespace {

// [.., m, k] x [.., k, n] with broadcast leading dimensions, both of rank >= 2.
Array naive_matmul(const Tensor& a, const Tensor& b) {
  const Index m = a.size(-2), k = a.size(-1), n = b.size(-1);
  Shape lead_a = a.shape(), lead_b = b.shape();
  for (Shape* s : {&lead_a, &lead_b}) {
    s->erase(s->rank() - 1);
    s->erase(s->rank() - 1);
  }
  const Shape lead = broadcast_shapes(lead_a, lead_b, "reference");
  const auto stretched = [&](const Tensor& x, Index rows, Index columns) {
    Shape s = lead;
    s.push_back(rows);
    s.push_back(columns);
    return Array(expand(x, s));
  };
  const Array pa = stretched(a, m, k), pb = stretched(b, k, n);
  Shape shape = lead;
  shape.push_back(m);
  shape.push_back(n);
  Array y(shape, 0);
  for_each_index(shape, [&](const Indices& i) {
    Indices ia = i, ib = i;
    double& out = y.at(i);
    for (Index j = 0; j < k; ++j) {
      ia.back() = j;
      ib[ib.size() - 2] = j;
      out += pa.at(ia) * pb.at(ib);
    }
  });
  return y;
}

Inputs pair(const Shape& a, const Shape& b) {
  return {spread(a, -1, 1), spread(b, -1, 1, 2)};
}

Row matmul_row() {
  Row row;
  row.op = "matmul";
  row.f = [](std::span<const Tensor> in) { return matmul(in[0], in[1]); };
  row.cases = {pair({3, 4}, {4, 2}),    pair({2, 3, 4}, {4, 2}),
               pair({3, 4}, {2, 4, 2}), pair({2, 1, 3, 4}, {3, 4, 2}),
               pair({0, 4}, {4, 2}),    pair({3, 0}, {0, 2}),
               pair({2, 0, 4}, {4, 3}), pair({1, 1}, {1, 1}),
               pair({2, 3, 0}, {0, 4}), pair({2, 3, 5}, {5, 0}),
               pair({4}, {4, 2}),       pair({3, 4}, {4}),
               pair({4}, {4}),          pair({2, 3, 4}, {4})};
  row.reference = [](std::span<const Tensor> in) {
    const Tensor a = in[0].rank() == 1 ? unsqueeze(in[0], 0) : in[0];
    const Tensor b = in[1].rank() == 1 ? unsqueeze(in[1], 1) : in[1];
    return naive_matmul(a, b).values;
  };
  row.misuse = {
      [] {
        matmul(ones({2, 3}), ones({2, 3}));
      },
      [] {
        matmul(ones({2, 2, 3}), ones({3, 3, 4}));
      },
      [] { matmul(scalar(1), ones({2})); },
      [] {
        matmul(ones({2, 3}), ones({3, 2}, DType::f64));
      },
      [] {
        matmul(zeros({2, 2}, DType::i64), zeros({2, 2}, DType::i64));
      },
  };
  return row;
}

Row linear_row() {
  Row row;
  row.op = "linear";
  row.f = [](std::span<const Tensor> in) {
    return linear(in[0], in[1], in.size() > 2 ? in[2] : Tensor());
  };
  for (const Shape& lead : {Shape{5}, Shape{2, 3}, Shape{0}, Shape{}}) {
    Shape x = lead;
    x.push_back(4);
    row.cases.push_back({spread(x, -1, 1), spread({2, 4}, -1, 1, 2), spread({2}, -1, 1, 4)});
  }
  row.cases.push_back({spread({3, 4}, -1, 1), spread({2, 4}, -1, 1, 2)});
  row.cases.push_back(pair({3, 0}, {4, 0}));
  row.cases.push_back(pair({3, 2}, {0, 2}));
  row.reference = [](std::span<const Tensor> in) {
    const Tensor x = in[0].rank() == 1 ? unsqueeze(in[0], 0) : in[0];
    Values y = naive_matmul(x, transpose(in[1])).values;
    if (in.size() < 3) return y;
    const Values b = in[2].to_vector<double>();
    for (std::size_t i = 0; i < y.size(); ++i) y[i] += b[i % b.size()];
    return y;
  };
  row.misuse = {[] {
                  linear(ones({2, 3}), ones({3}));
                },
                [] {
                  linear(ones({2, 3}), Tensor());
                },
                [] {
                  linear(ones({2, 3}), ones({4, 2}));
                },
                [] {
                  linear(ones({2, 3}), ones({4, 3}, DType::f64));
                },
                [] {
                  linear(ones({2, 3}), ones({4, 3}), ones({3}));
                },
                [] {
                  linear(ones({2, 3}), ones({4, 3}), ones({4}, DType::f64));
                }};
  return row;
}

Row dot_row() {
  Row row;
  row.op = "dot";
  row.composed = true;
  row.f = [](std::span<const Tensor> in) { return dot(in[0], in[1]); };
  row.cases = {pair({5}, {5}), pair({0}, {0}), pair({1}, {1})};
  row.reference = [](std::span<const Tensor> in) {
    const Values a = in[0].to_vector<double>(), b = in[1].to_vector<double>();
    double s = 0;
    for (std::size_t i = 0; i < a.size(); ++i) s += a[i] * b[i];
    return Values{s};
  };
  row.misuse = {[] { dot(ones({2}), ones({3})); },
                [] {
                  dot(ones({2, 2}), ones({2, 2}));
                },
                [] { dot(ones({2}), ones({2}, DType::f64)); }};
  return row;
}

Row outer_row() {
  Row row;
  row.op = "outer";
  row.integers = true;
  row.composed = true;
  row.f = [](std::span<const Tensor> in) { return outer(in[0], in[1]); };
  row.cases = {pair({3}, {4}), pair({0}, {2}), pair({1}, {1})};
  row.reference = [](std::span<const Tensor> in) {
    Values y;
    const Values b = in[1].to_vector<double>();
    for (double a : in[0].to_vector<double>()) {
      for (double e : b) y.push_back(a * e);
    }
    return y;
  };
  row.misuse = {[] {
                  outer(ones({2, 2}), ones({2}));
                },
                [] { outer(ones({2}), ones({2}, DType::f64)); }};
  return row;
}

// The sum over all index letters that `to` lacks of the products of the operands' elements.
Values naive_einsum(const std::vector<std::string>& from, const std::string& to,
                    std::span<const Tensor> in) {
  std::string letters;
  Shape sizes;
  for (std::size_t k = 0; k < in.size(); ++k) {
    for (std::size_t a = 0; a < from[k].size(); ++a) {
      if (letters.find(from[k][a]) != std::string::npos) continue;
      letters += from[k][a];
      sizes.push_back(in[k].shape()[static_cast<int>(a)]);
    }
  }
  const auto restrict_to = [&](const std::string& labels, const Indices& i) {
    Indices own;
    for (char c : labels) own.push_back(i[letters.find(c)]);
    return own;
  };
  Shape shape;
  for (char c : to) shape.push_back(sizes[static_cast<int>(letters.find(c))]);
  Array y(shape, 0);
  std::vector<Array> operands;
  for (const Tensor& x : in) operands.emplace_back(x);
  for_each_index(sizes, [&](const Indices& i) {
    double product = 1;
    for (std::size_t k = 0; k < operands.size(); ++k) {
      product *= operands[k].at(restrict_to(from[k], i));
    }
    y.at(restrict_to(to, i)) += product;
  });
  return y.values;
}

Row einsum_row(const std::string& equation, const std::vector<std::string>& from,
               const std::string& to, Inputs inputs) {
  Row row;
  row.op = "einsum";
  row.composed = true;
  row.f = [equation](std::span<const Tensor> in) { return einsum(equation, in); };
  row.cases = {std::move(inputs)};
  row.reference = [from, to](std::span<const Tensor> in) { return naive_einsum(from, to, in); };
  row.misuse = {
      [] {
        einsum("ij,jk->ik", {ones({2, 3}), ones({2, 3})});
      },
      [] { einsum("ij->i", {ones({2})}); },
      [] {
        einsum("ij->iz", {ones({2, 2})});
      },
      [] {
        einsum("ij->ii", {ones({2, 2})});
      },
      [] { einsum("i,i->i", {ones({2})}); },
      [] {
        einsum("i1->i", {ones({2, 2})});
      },
      [] {
        einsum("i,i->i", {ones({2}), ones({2}, DType::f64)});
      },
  };
  return row;
}

}  // namespace

std::vector<Row> product_rows() {
  std::vector<Row> rows{matmul_row(), linear_row(), dot_row(), outer_row()};
  const auto add = [&](const std::string& equation, const std::vector<std::string>& from,
                       const std::string& to, Inputs inputs) {
    rows.push_back(einsum_row(equation, from, to, std::move(inputs)));
  };
  add("ij,jk->ik", {"ij", "jk"}, "ik", pair({2, 3}, {3, 4}));
  add("bij,bkj->bki", {"bij", "bkj"}, "bki", pair({2, 3, 4}, {2, 2, 4}));
  add("ii->i", {"ii"}, "i", {spread({3, 3}, -1, 1)});
  add("ij", {"ij"}, "ij", {spread({2, 3}, -1, 1)});
  add("iij,jk->k", {"iij", "jk"}, "k", pair({2, 2, 3}, {3, 4}));
  add("ba", {"ba"}, "ab", {spread({2, 3}, -1, 1)});  // letters in order, as NumPy
  add("i,j,k->kji", {"i", "j", "k"}, "kji",
      {spread({2}, -1, 1), spread({3}, -1, 1, 2), spread({2}, -1, 1, 4)});
  add("ij,j,i->", {"ij", "j", "i"}, "",
      {spread({2, 3}, -1, 1), spread({3}, -1, 1, 2), spread({2}, -1, 1, 4)});
  add("...ij,jk->...ik", {"abij", "jk"}, "abik", pair({2, 1, 3, 2}, {2, 3}));
  add("ij,jk->ik", {"ij", "jk"}, "ik", pair({2, 0}, {0, 3}));
  return rows;
}

}  // namespace ito::op_table
