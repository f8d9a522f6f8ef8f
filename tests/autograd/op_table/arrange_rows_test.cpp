// Rows of rearrangements.
#include <algorithm>

#include "tests/autograd/op_table/naive.h"

namespace ito::op_table {
namespace {

Row flip_row() {
  Row row;
  row.op = "flip";
  row.integers = true;
  row.composed = true;
  row.f = [](std::span<const Tensor> in) { return flip(in[0], {0, -1}); };
  row.cases = {{spread({2, 3, 4}, -1, 1)}, {spread({0, 2}, -1, 1)}, {spread({2, 2}, -1, 1)}};
  row.reference = [](std::span<const Tensor> in) {
    const Shape& s = in[0].shape();
    return picked(in[0], s, [&](Indices i) {
      i.front() = s[0] - 1 - i.front();
      i.back() = s.back() - 1 - i.back();
      return i;
    });
  };
  row.misuse = {[] { flip(ones({2}), {1}); }, [] { flip(ones({2}), {0, -2}); }};
  return row;
}

Row pad_row() {
  Row row;
  row.op = "pad";
  row.composed = true;
  row.f = [](std::span<const Tensor> in) { return pad(pad(in[0], 0, 1, 2, 0.5), -1, 0, 1); };
  row.cases = {{spread({2, 3}, -1, 1)}, {spread({0, 2}, -1, 1)}, {spread({2, 1, 2}, -1, 1)}};
  row.reference = [](std::span<const Tensor> in) {
    const Array x(in[0]);
    Shape shape = x.shape;
    shape[0] += 3;
    shape[shape.rank() - 1] += 1;
    Array y(shape, 0.5);
    for_each_index(shape, [&](Indices i) {
      double& out = y.at(i);
      i[0] -= 1;
      if (i.back() == x.shape.back()) {
        out = 0;
      } else if (i[0] >= 0 && i[0] < x.shape[0]) {
        out = x.at(i);
      }
    });
    return y.values;
  };
  row.misuse = {[] { pad(ones({2}), 1, 1, 1); }, [] { pad(ones({2}), 0, -1, 1); }};
  return row;
}

Row diagonal_row() {
  Row row;
  row.op = "diagonal";
  row.integers = true;
  row.f = [](std::span<const Tensor> in) { return diagonal(in[0], 1, 0, -1); };
  row.cases = {{spread({3, 4}, -1, 1)},
               {spread({4, 2, 3}, -1, 1)},
               {spread({4, 1}, -1, 1)},
               {spread({0, 3}, -1, 1)}};
  row.reference = [](std::span<const Tensor> in) {
    const Array x(in[0]);
    const Index count = std::max<Index>(std::min(x.shape[0], x.shape.back() - 1), 0);
    Shape shape = x.shape;
    shape.erase(0);
    shape[shape.rank() - 1] = count;
    return picked(in[0], shape, [](const Indices& i) {
      Indices from{i.back()};
      from.insert(from.end(), i.begin(), i.end() - 1);
      from.push_back(i.back() + 1);
      return from;
    });
  };
  row.misuse = {[] { diagonal(ones({2, 2}), 0, 1, -1); }, [] { diagonal(ones({2}), 0, 0, 1); }};
  return row;
}

Row diagonal_embed_row() {
  Row row;
  row.op = "diagonal_embed";
  row.integers = true;
  row.f = [](std::span<const Tensor> in) { return diagonal_embed(in[0], -1); };
  row.cases = {{spread({3}, -1, 1)}, {spread({2, 3}, -1, 1)}, {spread({0}, -1, 1)}};
  row.reference = [](std::span<const Tensor> in) {
    const Array x(in[0]);
    const Index n = x.shape.back() + 1;
    Shape shape = x.shape;
    shape[shape.rank() - 1] = n;
    shape.push_back(n);
    Array y(shape, 0);
    for_each_index(x.shape, [&](const Indices& i) {
      Indices to = i;
      to.back() += 1;
      to.push_back(i.back());
      y.at(to) = x.at(i);
    });
    return y.values;
  };
  row.misuse = {[] { diagonal_embed(scalar(1)); }, [] { diagonal_embed(scalar(1, DType::i64)); }};
  return row;
}

Row trace_row() {
  Row row;
  row.op = "trace";
  row.composed = true;
  row.f = [](std::span<const Tensor> in) { return trace(in[0] * in[0]); };
  row.cases = {{spread({3, 3}, -1, 1)}, {spread({2, 3, 4}, -1, 1)}, {spread({0, 0}, -1, 1)}};
  row.reference = [](std::span<const Tensor> in) {
    const Array x(in[0]);
    Shape lead = x.shape;
    lead.erase(lead.rank() - 1);
    lead.erase(lead.rank() - 1);
    Array y(lead, 0);
    for_each_index(x.shape, [&](const Indices& i) {
      if (i.back() == i[i.size() - 2]) y.at({i.begin(), i.end() - 2}) += x.at(i) * x.at(i);
    });
    return y.values;
  };
  row.misuse = {[] { trace(ones({3})); }, [] { trace(Tensor()); }};
  return row;
}

Row triangle_row(bool lower) {
  Row row;
  row.op = lower ? "tril" : "triu";
  row.integers = true;
  row.composed = true;
  row.f = [lower](std::span<const Tensor> in) {
    return lower ? tril(in[0], 1) + tril(in[0]) : triu(in[0], 1) + triu(in[0]);
  };
  row.cases = {{spread({3, 4}, -1, 1)}, {spread({2, 3, 3}, -1, 1)}, {spread({0, 2}, -1, 1)}};
  row.reference = [lower](std::span<const Tensor> in) {
    const Array x(in[0]);
    Array y = x;
    for_each_index(x.shape, [&](const Indices& i) {
      const Index d = i.back() - i[i.size() - 2];
      y.at(i) *= lower ? (d <= 1) + (d <= 0) : (d >= 1) + (d >= 0);
    });
    return y.values;
  };
  row.misuse = {[lower] { lower ? tril(ones({3})) : triu(ones({3})); },
                [lower] { lower ? tril(Tensor()) : triu(Tensor()); }};
  return row;
}

}  // namespace

std::vector<Row> arrange_rows() {
  return {flip_row(),  pad_row(),          diagonal_row(),     diagonal_embed_row(),
          trace_row(), triangle_row(true), triangle_row(false)};
}

}  // namespace ito::op_table
