// Rows of the smooth and piecewise functions of one tensor.
#include <cmath>
#include <numbers>

#include "tests/autograd/op_table/row.h"

namespace ito::op_table {
namespace {

using Real = long double;

struct Unary {
  const char* op;
  Tensor (*f)(const Tensor&);
  Real (*reference)(Real);
  double low, high;  // the domain that is tested
};

Row row_of(const Unary& u) {
  Row row;
  row.op = u.op;
  row.f = [f = u.f](std::span<const Tensor> in) { return f(in[0]); };
  for (const Shape& shape : awkward_shapes()) row.cases.push_back({spread(shape, u.low, u.high)});
  row.reference = [r = u.reference](std::span<const Tensor> in) {
    Values v = in[0].to_vector<double>();
    for (double& e : v) e = static_cast<double>(r(e));
    return v;
  };
  row.misuse = {[f = u.f] { f(Tensor()); }, [f = u.f] { f(arange(3, DType::i64)); }};
  return row;
}

Real sigmoid_reference(Real x) {
  return 1 / (1 + std::exp(-x));
}

}  // namespace

std::vector<Row> unary_rows() {
  constexpr Real kRoot2 = std::numbers::sqrt2_v<Real>;
  // Piecewise functions are tested on one side of their kink in one case and on the other in the
  // next; see activation_rows for those with both sides in one tensor.
  const std::vector<Unary> table{
      {"neg", [](const Tensor& x) { return -x; }, [](Real x) { return -x; }, -2, 2},
      {"abs", abs, [](Real x) { return std::abs(x); }, 0.1, 2},
      {"square", square, [](Real x) { return x * x; }, -2, 2},
      {"reciprocal", reciprocal, [](Real x) { return 1 / x; }, 0.5, 2},
      {"sqrt", sqrt, [](Real x) { return std::sqrt(x); }, 0.5, 3},
      {"rsqrt", rsqrt, [](Real x) { return 1 / std::sqrt(x); }, 0.5, 3},
      {"exp", exp, [](Real x) { return std::exp(x); }, -2, 2},
      {"expm1", expm1, [](Real x) { return std::expm1(x); }, -2, 2},
      {"log", log, [](Real x) { return std::log(x); }, 0.5, 3},
      {"log1p", log1p, [](Real x) { return std::log1p(x); }, -0.5, 2},
      {"sin", sin, [](Real x) { return std::sin(x); }, -3, 3},
      {"cos", cos, [](Real x) { return std::cos(x); }, -3, 3},
      {"tan", tan, [](Real x) { return std::tan(x); }, -1, 1},
      {"atan", atan, [](Real x) { return std::atan(x); }, -2, 2},
      {"sinh", sinh, [](Real x) { return std::sinh(x); }, -2, 2},
      {"cosh", cosh, [](Real x) { return std::cosh(x); }, -2, 2},
      {"tanh", tanh, [](Real x) { return std::tanh(x); }, -2, 2},
      {"sigmoid", sigmoid, sigmoid_reference, -3, 3},
      {"log_sigmoid", log_sigmoid, [](Real x) { return -std::log1p(std::exp(-x)); }, -3, 3},
      {"softplus", softplus, [](Real x) { return std::log1p(std::exp(x)); }, -3, 3},
      {"relu", relu, [](Real x) { return std::max(x, Real(0)); }, 0.1, 2},
      {"silu", silu, [](Real x) { return x * sigmoid_reference(x); }, -3, 3},
      {"erf", erf, [](Real x) { return std::erf(x); }, -2, 2},
      {"gelu", gelu, [](Real x) { return x * std::erfc(-x / kRoot2) / 2; }, -3, 3},
      {"gelu_tanh", gelu_tanh,
       [](Real x) {
         const Real root = std::sqrt(2 / std::numbers::pi_v<Real>);
         return x / 2 * (1 + std::tanh(root * (x + 0.044715L * x * x * x)));
       },
       -3, 3},
      {"mish", mish, [](Real x) { return x * std::tanh(std::log1p(std::exp(x))); }, -3, 3},
  };
  struct Constant {
    Unary unary;
    const char* error_name;
  };
  const std::vector<Constant> with_constant{
      {{"add_constant", [](const Tensor& x) { return 0.5 + (x - 2.25); },
        [](Real x) { return x - 1.75L; }, -2, 2},
       "sub"},
      {{"subtract_from_constant", [](const Tensor& x) { return 1.5 - x; },
        [](Real x) { return 1.5L - x; }, -2, 2},
       "sub"},
      {{"multiply_constant", [](const Tensor& x) { return -1.5 * (x * 0.75); },
        [](Real x) { return -1.125L * x; }, -2, 2},
       "mul"},
      {{"divide_constant", [](const Tensor& x) { return x / 3.5; }, [](Real x) { return x / 3.5L; },
        -2, 2},
       "div"},
  };
  std::vector<Row> rows;
  for (const Constant& c : with_constant) {
    rows.push_back(row_of(c.unary));
    rows.back().error_name = c.error_name;
  }
  for (const Unary& u : table) rows.push_back(row_of(u));
  for (Row& row : rows) {
    if (row.op == "abs" || row.op == "relu") row.cases.push_back({spread({4, 3}, -2, -0.1)});
  }
  return rows;
}

}  // namespace ito::op_table
