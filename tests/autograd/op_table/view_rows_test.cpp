// Rows of views, joins and changes of representation.
#include "autograd/grad_mode.h"
#include "autograd/transforms.h"
#include "tests/autograd/op_table/naive.h"

namespace ito::op_table {
namespace {

std::size_t at(Index i) {
  return static_cast<std::size_t>(i);
}

Values same_values(std::span<const Tensor> in) {
  return in[0].to_vector<double>();
}

Row reshape_row() {
  Row row;
  row.op = "reshape";
  row.integers = true;
  row.f = [](std::span<const Tensor> in) {
    const Tensor& x = in[0];
    return x.numel() == 12 ? reshape(x, {2, -1, 3}) : unsqueeze(flatten(x), 0);
  };
  for (const Shape& s : awkward_shapes()) row.cases.push_back({spread(s, -1, 1)});
  row.reference = same_values;
  row.misuse = {
      [] {
        reshape(ones({2, 3}), {4});
      },
      [] {
        reshape(ones({2, 3}), {-1, -1});
      },
      [] {
        reshape(ones({2, 3}), {-1, 4});
      },
      [] {
        reshape(ones({2, 3}), {-2, -3});
      },
  };
  return row;
}

Row permute_row() {
  Row row;
  row.op = "permute";
  row.integers = true;
  row.f = [](std::span<const Tensor> in) { return permute(in[0], {2, 0, -2}); };
  row.cases = {{spread({2, 3, 4}, -1, 1)}, {spread({2, 0, 3}, -1, 1)}, {spread({1, 1, 1}, -1, 1)}};
  row.reference = [](std::span<const Tensor> in) {
    const Shape& s = in[0].shape();
    return picked(in[0], {s[2], s[0], s[1]}, [](const Indices& i) {
      return Indices{i[1], i[2], i[0]};
    });
  };
  row.misuse = {[] {
                  permute(ones({2, 3}), {0});
                },
                [] {
                  permute(ones({2, 3}), {0, 0});
                },
                [] {
                  permute(ones({2, 3}), {0, 2});
                }};
  return row;
}

Row transpose_row() {
  Row row;
  row.op = "transpose";
  row.integers = true;
  row.composed = true;
  row.f = [](std::span<const Tensor> in) { return transpose(in[0], 0, -1); };
  row.cases = {{spread({5}, -1, 1)}, {spread({3, 4}, -1, 1)}, {spread({2, 3, 4}, -1, 1)}};
  row.reference = [](std::span<const Tensor> in) {
    Shape s = in[0].shape();
    std::swap(s[0], s[s.rank() - 1]);
    return picked(in[0], s, [](Indices i) {
      std::swap(i.front(), i.back());
      return i;
    });
  };
  row.misuse = {[] { transpose(ones({3})); }, [] { transpose(ones({3, 4}), 0, 2); }};
  return row;
}

Row expand_row() {
  Row row;
  row.op = "expand";
  row.integers = true;
  row.f = [](std::span<const Tensor> in) { return expand(in[0], {2, 3, 4}); };
  row.cases = {{spread({}, -1, 1)},
               {spread({4}, -1, 1)},
               {spread({3, 1}, -1, 1)},
               {spread({2, 1, 4}, -1, 1)}};
  row.reference = [](std::span<const Tensor> in) {
    return picked(in[0], {2, 3, 4}, [&](const Indices& i) {
      const Shape& own = in[0].shape();
      Indices from;
      for (int k = 0; k < own.rank(); ++k) {
        from.push_back(own[k] == 1 ? 0 : i[at(k + 3 - own.rank())]);
      }
      return from;
    });
  };
  row.misuse = {[] { expand(ones({2}), {3}); }, [] { expand(ones({2, 3}), {3}); }};
  return row;
}

Row slice_row() {
  Row row;
  row.op = "slice";
  row.integers = true;
  // x[1:, ::2], and backwards along the last axis.
  row.f = [](std::span<const Tensor> in) {
    return slice(slice(slice(in[0], 0, 1), 1, 0, kEnd, 2), 2, -1, -kEnd, -1);
  };
  row.cases = {{spread({3, 5, 4}, -1, 1)}, {spread({1, 2, 3}, -1, 1)}, {spread({2, 0, 3}, -1, 1)}};
  row.reference = [](std::span<const Tensor> in) {
    const Shape& s = in[0].shape();
    return picked(in[0], {s[0] - 1, (s[1] + 1) / 2, s[2]}, [&](const Indices& i) {
      return Indices{i[0] + 1, 2 * i[1], s[2] - 1 - i[2]};
    });
  };
  row.misuse = {[] { slice(ones({3}), 1, 0); }, [] { slice(ones({3}), 0, 0, 2, 0); }};
  return row;
}

// Recorded as the derivative of a slice only: f is that derivative.
Row place_row() {
  Row row;
  row.op = "place";
  row.f = [](std::span<const Tensor> in) {
    GradMode record(true);
    const Tensor x = zeros({7}, in[0].dtype()).set_requires_grad();
    const Tensor y = slice(x, 0, 1, kEnd, 2);
    return vjp({&y, 1}, in, {&x, 1}, {.create_graph = true})[0];
  };
  row.cases = {{spread({3}, -1, 1)}};
  row.reference = [](std::span<const Tensor> in) {
    const Values v = in[0].to_vector<double>();
    return Values{0, v[0], 0, v[1], 0, v[2], 0};
  };
  row.misuse = {[] {
                  const Tensor x = zeros({7}).set_requires_grad();
                  const Tensor y = slice(x, 0, 1);
                  const Tensor wrong = ones({5});
                  vjp({&y, 1}, {&wrong, 1}, {&x, 1});
                },
                [] {
                  const Tensor x = zeros({7}).set_requires_grad();
                  const Tensor y = slice(x, 0, 1);
                  const Tensor wrong = ones({6}, DType::f64);
                  vjp({&y, 1}, {&wrong, 1}, {&x, 1});
                }};
  row.error_name = "vjp";
  row.integer_error = "set_requires_grad";
  return row;
}

Row concatenate_row() {
  Row row;
  row.op = "concatenate";
  row.integers = true;
  row.f = [](std::span<const Tensor> in) { return concatenate({in[0], in[1], in[0]}, 1); };
  row.cases = {{spread({2, 3}, -1, 1), spread({2, 4}, -1, 1, 2)},
               {spread({2, 3}, -1, 1), spread({2, 0}, -1, 1, 2)},
               {spread({0, 3, 2}, -1, 1), spread({0, 1, 2}, -1, 1, 2)},
               {spread({2, 1, 3}, -1, 1), spread({2, 2, 3}, -1, 1, 2)}};
  row.reference = [](std::span<const Tensor> in) {
    const Array a(in[0]), b(in[1]);
    const Index na = a.shape[1], nb = b.shape[1];
    Shape shape = a.shape;
    shape[1] = 2 * na + nb;
    Array y(shape, 0);
    for_each_index(shape, [&](Indices i) {
      double& out = y.at(i);
      Index& k = i[1];
      if (k >= na && k < na + nb) {
        k -= na;
        out = b.at(i);
      } else {
        k -= k < na ? 0 : na + nb;
        out = a.at(i);
      }
    });
    return y.values;
  };
  row.misuse = {
      [] {
        concatenate({ones({2, 3}), ones({3, 3})}, 1);
      },
      [] {
        concatenate({ones({2, 3}), ones({2})}, 1);
      },
      [] {
        concatenate({ones({2}), ones({2}, DType::f64)}, 0);
      },
      [] { concatenate(std::vector<Tensor>{}, 0); },
  };
  return row;
}

Row stack_row() {
  Row row;
  row.op = "stack";
  row.integers = true;
  row.composed = true;
  row.f = [](std::span<const Tensor> in) { return stack({in[0], in[1]}, -1); };
  row.cases = {{spread({}, -1, 1), spread({}, -1, 1, 2)},
               {spread({2, 3}, -1, 1), spread({2, 3}, -1, 1, 2)}};
  row.reference = [](std::span<const Tensor> in) {
    Values y;
    const Values a = in[0].to_vector<double>(), b = in[1].to_vector<double>();
    for (std::size_t i = 0; i < a.size(); ++i) y.insert(y.end(), {a[i], b[i]});
    return y;
  };
  row.error_name = "concatenate";
  row.misuse = {[] {
                  stack({ones({2}), ones({3})});
                },
                [] {
                  stack({ones({2}), ones({2}, DType::f64)});
                }};
  return row;
}

Row split_row() {
  Row row;
  row.op = "split";
  row.integer_error = "sum";  // of the pieces, below
  row.composed = true;
  row.f = [](std::span<const Tensor> in) {
    const std::vector<Tensor> parts = split(in[0], 2, 0);
    Tensor y = parts.back();
    for (const Tensor& p : parts) y = y + sum(p * p, {0}, true);
    return y;
  };
  row.cases = {{spread({5, 2}, -1, 1)}, {spread({3}, -1, 1)}};
  row.reference = [](std::span<const Tensor> in) {
    // The last piece has one row, to which all squares of a column are added.
    const Array x(in[0]);
    const Index rows = x.shape[0], columns = numel(x.shape) / rows;
    Values y;
    for (Index c = 0; c < columns; ++c) {
      double s = x.values[at((rows - 1) * columns + c)];
      for (Index r = 0; r < rows; ++r)
        s += x.values[at(r * columns + c)] * x.values[at(r * columns + c)];
      y.push_back(s);
    }
    return y;
  };
  row.misuse = {[] { split(ones({4}), 0); }, [] { split(ones({4}), -1); }};
  return row;
}

Row convert_row() {
  Row row;
  row.op = "convert";
  row.integers = true;
  row.f = [](std::span<const Tensor> in) {
    return convert(convert(in[0], DType::f32), in[0].dtype());
  };
  for (const Shape& s : awkward_shapes()) row.cases.push_back({spread(s, -1, 1)});
  row.reference = same_values;
  // Values and cotangents are rounded to f32, relative 6e-8; the differences divide that by h.
  row.rtol = 1e-7;
  row.check = {.directions = 1, .first_rtol = 1e-3, .higher_rtol = 1e-3, .dot_rtol = 1e-6};
  row.error_name = "set_requires_grad";  // every dtype converts; i64 has no derivatives
  row.misuse = {[] { convert(ones({2}), DType::i64).set_requires_grad(); },
                [] { convert(arange(3, DType::i64), DType::i64).set_requires_grad(); }};
  return row;
}

Row contiguous_row() {
  Row row;
  row.op = "contiguous";
  row.integers = true;
  row.f = [](std::span<const Tensor> in) { return contiguous(transpose(in[0])); };
  row.cases = {{spread({3, 4}, -1, 1)}, {spread({0, 4}, -1, 1)}, {spread({2, 2, 2}, -1, 1)}};
  row.reference = [](std::span<const Tensor> in) { return transpose(in[0]).to_vector<double>(); };
  row.error_name = "tensor";
  row.misuse = {[] { contiguous(Tensor()).shape(); }, [] { contiguous(Tensor()).numel(); }};
  return row;
}

}  // namespace

std::vector<Row> view_rows() {
  return {reshape_row(), permute_row(), transpose_row(),   expand_row(),
          slice_row(),   place_row(),   concatenate_row(), stack_row(),
          split_row(),   convert_row(), contiguous_row()};
}

}  // namespace ito::op_table
