// Rows of reading and adding at positions.
#include "autograd/grad_mode.h"
#include "autograd/transforms.h"
#include "tests/autograd/op_table/naive.h"

namespace ito::op_table {
namespace {

// i64 positions in [0, below), with repetitions.
Tensor positions(const Shape& shape, Index below) {
  std::vector<std::int64_t> v(static_cast<std::size_t>(numel(shape)));
  for (std::size_t i = 0; i < v.size(); ++i) v[i] = static_cast<Index>(i * i + 2 * i + 1) % below;
  return from(v, shape);
}

Row index_select_row() {
  Row row;
  row.op = "index_select";
  row.integers = true;
  row.f = [](std::span<const Tensor> in) {
    return index_select(in[0], 1, positions({5}, in[0].size(1)));
  };
  row.cases = {{spread({2, 3}, -1, 1)}, {spread({2, 4, 3}, -1, 1)}, {spread({0, 2}, -1, 1)}};
  row.reference = [](std::span<const Tensor> in) {
    Shape shape = in[0].shape();
    const auto at = positions({5}, shape[1]).to_vector<std::int64_t>();
    shape[1] = 5;
    return picked(in[0], shape, [&](Indices i) {
      i[1] = at[static_cast<std::size_t>(i[1])];
      return i;
    });
  };
  row.misuse = {[] {
                  index_select(ones({2, 3}), 0, positions({2, 2}, 2));
                },
                [] {
                  index_select(ones({2, 3}), 0, positions({2}, 9) + positions({2}, 9));
                },
                [] {
                  index_select(ones({2, 3}), 2, positions({2}, 2));
                },
                [] {
                  index_select(ones({2, 3}), 0, ones({2}));
                }};
  return row;
}

// Recorded as the derivative of index_select: f is that derivative.
Row index_add_row() {
  Row row;
  row.op = "index_add";
  row.integer_error = "set_requires_grad";
  row.f = [](std::span<const Tensor> in) {
    GradMode record(true);
    const Tensor x = zeros({4, in[0].size(1)}, in[0].dtype()).set_requires_grad();
    const Tensor y = index_select(x, 0, positions({in[0].size(0)}, 4));
    return vjp({&y, 1}, in, {&x, 1}, {.create_graph = true})[0];
  };
  row.cases = {{spread({6, 2}, -1, 1)}, {spread({1, 3}, -1, 1)}};
  row.reference = [](std::span<const Tensor> in) {
    const Array x(in[0]);
    Array y({4, x.shape[1]}, 0);
    const auto at = positions({x.shape[0]}, 4).to_vector<std::int64_t>();
    for_each_index(x.shape, [&](const Indices& i) {
      y.at({at[static_cast<std::size_t>(i[0])], i[1]}) += x.at(i);
    });
    return y.values;
  };
  const auto pull = [](const Tensor& u) {
    const Tensor x = zeros({4, 2}).set_requires_grad();
    const Tensor y = index_select(x, 0, positions({3}, 4));
    vjp({&y, 1}, {&u, 1}, {&x, 1});
  };
  row.error_name = "vjp";
  row.misuse = {[pull] { pull(ones({2, 2})); }, [pull] { pull(ones({3, 2}, DType::f64)); }};
  return row;
}

Shape index_shape(const Tensor& x) {
  Shape shape = x.shape();
  shape[0] = 3;
  return shape;
}

Row gather_row() {
  Row row;
  row.op = "gather";
  row.integers = true;
  row.f = [](std::span<const Tensor> in) {
    return gather(in[0], 0, positions(index_shape(in[0]), in[0].size(0)));
  };
  row.cases = {{spread({4}, -1, 1)},
               {spread({2, 3}, -1, 1)},
               {spread({4, 2, 2}, -1, 1)},
               {spread({4, 0}, -1, 1)}};
  row.reference = [](std::span<const Tensor> in) {
    const Shape shape = index_shape(in[0]);
    const Array at(positions(shape, in[0].size(0)));
    return picked(in[0], shape, [&](Indices i) {
      i[0] = static_cast<Index>(at.at(i));
      return i;
    });
  };
  row.misuse = {[] {
                  gather(ones({2, 3}), 0, positions({2, 2}, 2));
                },
                [] {
                  gather(ones({2, 3}), 0, positions({2}, 2));
                },
                [] {
                  gather(ones({2, 3}), 0, positions({1, 3}, 2) - positions({1, 3}, 9));
                },
                [] { gather(ones({2}), 0, ones({2})); }};
  return row;
}

Row take_along_row() {
  Row row;
  row.op = "take_along";
  row.integers = true;
  row.composed = true;
  row.f = [](std::span<const Tensor> in) { return take_along(in[0], positions({3, 1}, 4), 1); };
  row.cases = {{spread({3, 4}, -1, 1)}, {spread({1, 4}, -1, 1)}};
  row.reference = [](std::span<const Tensor> in) {
    const Array at(positions({3, 1}, 4));
    return picked(in[0], {3, 1}, [&](const Indices& i) {
      return Indices{in[0].size(0) == 1 ? 0 : i[0], static_cast<Index>(at.at(i))};
    });
  };
  row.misuse = {[] {
                  take_along(ones({2, 3}), positions({3, 1}, 2), 1);
                },
                [] {
                  take_along(ones({2, 3}), positions({3}, 2), 1);
                }};
  return row;
}

Row scatter_add_row() {
  Row row;
  row.op = "scatter_add";
  row.integers = true;
  row.f = [](std::span<const Tensor> in) {
    return scatter_add(in[0], 0, positions(in[1].shape(), in[0].size(0)), in[1]);
  };
  row.cases = {{spread({4}, -1, 1), spread({7}, -1, 1, 2)},
               {spread({2, 3}, -1, 1), spread({5, 3}, -1, 1, 2)},
               {spread({3, 2, 2}, -1, 1), spread({1, 2, 2}, -1, 1, 2)},
               {spread({3}, -1, 1), spread({0}, -1, 1)}};
  row.reference = [](std::span<const Tensor> in) {
    Array y(in[0]);
    const Array source(in[1]), at(positions(in[1].shape(), in[0].size(0)));
    for_each_index(source.shape, [&](const Indices& i) {
      Indices to = i;
      to[0] = static_cast<Index>(at.at(i));
      y.at(to) += source.at(i);
    });
    return y.values;
  };
  row.misuse = {[] {
                  scatter_add(ones({2, 3}), 0, positions({1, 3}, 2), ones({2, 3}));
                },
                [] {
                  scatter_add(ones({2, 3}), 0, positions({1, 2}, 2), ones({1, 2}));
                },
                [] { scatter_add(ones({2}), 0, positions({2}, 2), ones({2}, DType::f64)); },
                [] { scatter_add(ones({2}), 0, ones({2}), ones({2})); }};
  return row;
}

}  // namespace

std::vector<Row> index_rows() {
  return {index_select_row(), index_add_row(), gather_row(), take_along_row(), scatter_add_row()};
}

}  // namespace ito::op_table
