// The op table: a row for every op, from which every op gets the same tests.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "autograd/ops.h"
#include "autograd/testing/grad_check.h"

namespace ito::op_table {

using Inputs = std::vector<Tensor>;
using Values = std::vector<double>;

struct Row {
  std::string op;             // as registered; for a function composed of ops, the function's name
  TensorFunction f;           // of the differentiable inputs
  std::vector<Inputs> cases;  // f64; values, derivatives and layouts are checked on each
  // The output of f, element by element, from a second, naive way.
  std::function<Values(std::span<const Tensor>)> reference;
  // Calls that must throw an Error that names the function: a bad shape, if one exists, and
  // another. Mixed dtypes and integers are tried on the cases in any event.
  std::vector<std::function<void()>> misuse;
  std::string error_name;  // what those errors name, if not `op`
  // Relative error allowed in the values in f64 and in f32, with the reason where not the default:
  // a few roundings of results of order one.
  double rtol = 1e-14;
  double f32_rtol = 2e-6;
  // Takes i64 too, with exact values; otherwise it must refuse it, by the name errors give, or by
  // `integer_error`.
  bool integers = false;
  std::string integer_error = {};
  // False where the inputs must be regular matrices: no layout that repeats rows.
  bool stretched = true;
  bool composed = false;  // made of other ops: nothing is registered under its name
  GradCheckOptions check = {.directions = 1};
};

inline std::ostream& operator<<(std::ostream& out, const Row& row) {
  return out << row.op;
}

// Values in [low, high] that a fixed irregular sequence fills evenly, so that ties are excluded
// and every magnitude occurs; `seed` selects another one.
inline Tensor spread(const Shape& shape, double low, double high, int seed = 0) {
  constexpr double kGolden = 0.6180339887498949;
  Values v(static_cast<std::size_t>(numel(shape)));
  double at = 0.31 + 0.17 * seed;
  for (double& e : v) {
    at += kGolden;
    at -= static_cast<double>(static_cast<Index>(at));
    e = low + (high - low) * at;
  }
  return from(v, shape);
}

inline const std::vector<Shape>& awkward_shapes() {
  static const std::vector<Shape> shapes{{}, {0}, {2, 0, 3}, {1}, {7}, {3, 4}, {2, 3, 5}};
  return shapes;
}

// Rows by family.
std::vector<Row> unary_rows();
std::vector<Row> activation_rows();
std::vector<Row> binary_rows();
std::vector<Row> view_rows();
std::vector<Row> arrange_rows();
std::vector<Row> reduce_rows();
std::vector<Row> softmax_rows();
std::vector<Row> product_rows();
std::vector<Row> index_rows();
std::vector<Row> linalg_rows();
std::vector<Row> fused_rows();
std::vector<Row> custom_rows();

}  // namespace ito::op_table
