// Rows of activation functions, with both sides of each kink in one tensor.
#include <algorithm>
#include <cmath>

#include "tests/autograd/op_table/row.h"

namespace ito::op_table {
namespace {

using Real = long double;

struct Activation {
  const char* op;
  Tensor (*f)(const Tensor&);
  Real (*reference)(Real);
  bool composed = true;
};

Row row_of(const Activation& a) {
  Row row;
  row.op = a.op;
  row.f = [f = a.f](std::span<const Tensor> in) { return f(in[0]); };
  for (const Shape& shape : awkward_shapes()) row.cases.push_back({spread(shape, -3.02, 3)});
  row.reference = [r = a.reference](std::span<const Tensor> in) {
    Values v = in[0].to_vector<double>();
    for (double& e : v) e = static_cast<double>(r(e));
    return v;
  };
  row.misuse = {[f = a.f] { f(Tensor()); }, [f = a.f] { f(arange(3, DType::i64)); }};
  row.composed = a.composed;
  return row;
}

Real elu_reference(Real x, Real alpha) {
  return x > 0 ? x : alpha * std::expm1(x);
}

}  // namespace

std::vector<Row> activation_rows() {
  const std::vector<Activation> table{
      {"leaky_relu", [](const Tensor& x) { return leaky_relu(x, 0.2); },
       [](Real x) { return x > 0 ? x : Real(0.2) * x; }},
      {"elu", [](const Tensor& x) { return elu(x, 0.7); },
       [](Real x) { return elu_reference(x, 0.7L); }},
      {"selu", selu,
       [](Real x) { return 1.0507009873554804934L * elu_reference(x, 1.6732632423543772848L); }},
      {"clamp", [](const Tensor& x) { return clamp(x, -1.2, 0.9); },
       [](Real x) { return std::clamp<Real>(x, -1.2, 0.9); }, false},
  };
  std::vector<Row> rows;
  for (const Activation& a : table) rows.push_back(row_of(a));
  rows.back().misuse.push_back([] { clamp(ones({2}), 1, -1); });
  return rows;
}

}  // namespace ito::op_table
