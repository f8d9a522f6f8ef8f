#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "autograd/grad_mode.h"
#include "autograd/graph/op.h"
#include "autograd/transforms.h"
#include "tests/autograd/op_table/row.h"

namespace ito::op_table {
namespace {

const std::vector<Row>& all_rows() {
  static const std::vector<Row> rows = [] {
    std::vector<Row> all;
    for (const auto& family : {unary_rows(), activation_rows(), binary_rows(), view_rows(),
                               arrange_rows(), reduce_rows(), softmax_rows(), product_rows(),
                               index_rows(), linalg_rows(), fused_rows(), custom_rows()}) {
      all.insert(all.end(), family.begin(), family.end());
    }
    return all;
  }();
  return rows;
}

std::string describe(const Inputs& inputs) {
  std::ostringstream out;
  for (const Tensor& x : inputs) out << x.dtype() << x.shape() << ' ';
  return out.str();
}

// Other layouts of the same shape: transposed storage, every second element, backwards, and a
// stretched first axis (whose values repeat).
std::vector<Tensor> layouts(const Tensor& x, bool stretched) {
  if (x.rank() == 0) return {};
  std::vector<Tensor> views;
  Axes reversed;
  for (int i = x.rank(); i-- > 0;) reversed.push_back(i);
  if (x.rank() > 1) views.push_back(permute(contiguous(permute(x, reversed)), reversed));
  Tensor spaced = x, backwards = x;
  for (int i = 0; i < x.rank(); ++i) {
    Shape twice = spaced.shape();
    twice[i] *= 2;
    spaced = slice(reshape(stack({spaced, spaced}, i + 1), twice), i, 0, kEnd, 2);
    backwards = slice(backwards, i, kEnd, -kEnd, -1);
  }
  views.push_back(spaced);
  views.push_back(slice(contiguous(backwards), 0, kEnd, -kEnd, -1));
  for (int i = 1; i < x.rank(); ++i) {
    views.back() = slice(views.back(), i, kEnd, -kEnd, -1);
  }
  if (stretched && x.size(0) > 0) views.push_back(expand(slice(x, 0, 0, 1), x.shape()));
  return views;
}

// f(inputs) and the gradient of its contraction with fixed weights, as bytes.
std::string bytes_of(const Row& row, const Inputs& inputs) {
  Inputs leaves;
  for (const Tensor& x : inputs) leaves.push_back(x.detach().set_requires_grad());
  const Tensor y = row.f(leaves);
  std::vector<Tensor> results{y.detach()};
  if (y.requires_grad()) {
    const Tensor u = spread(y.shape(), -1, 1, 5);
    for (const Tensor& g : vjp({&y, 1}, {&u, 1}, leaves, {.allow_unused = true})) {
      if (g.defined()) results.push_back(g);
    }
  }
  std::string bytes;
  for (const Tensor& r : results) {
    for (double v : r.to_vector<double>()) {
      bytes.append(reinterpret_cast<const char*>(&v), sizeof v);
    }
  }
  return bytes;
}

void expect_close(const Values& actual, const Values& expected, double rtol,
                  const std::string& where) {
  ASSERT_EQ(actual.size(), expected.size()) << where;
  double scale = 0;
  for (double e : expected) scale = std::isfinite(e) ? std::max(scale, std::abs(e)) : scale;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    if (std::isnan(expected[i])) {
      EXPECT_TRUE(std::isnan(actual[i])) << where << "element " << i;
    } else if (std::isinf(expected[i])) {
      EXPECT_EQ(actual[i], expected[i]) << where << "element " << i;
    } else {
      EXPECT_LE(std::abs(actual[i] - expected[i]), rtol * scale)
          << where << "element " << i << ": " << actual[i] << " instead of " << expected[i];
    }
  }
}

class OpTable : public testing::TestWithParam<Row> {};

TEST_P(OpTable, ValuesMatchTheReference) {
  const Row& row = GetParam();
  ASSERT_FALSE(row.cases.empty());
  for (const Inputs& inputs : row.cases) {
    expect_close(row.f(inputs).to_vector<double>(), row.reference(inputs), row.rtol,
                 row.op + " of " + describe(inputs));
    Inputs single, rounded;
    for (const Tensor& x : inputs) {
      single.push_back(convert(x, DType::f32));
      rounded.push_back(convert(single.back(), DType::f64));
    }
    const Tensor y = row.f(single);
    EXPECT_TRUE(y.dtype() == DType::f32 || y.dtype() == DType::i64) << row.op;
    expect_close(y.to_vector<double>(), row.reference(rounded), row.f32_rtol,
                 row.op + " of " + describe(single));
  }
}

TEST_P(OpTable, DerivativesMatchFiniteDifferences) {
  const Row& row = GetParam();
  bool seen = row.composed;
  for (const Inputs& inputs : row.cases) {
    const GradCheckResult r = grad_check(row.f, inputs, row.check);
    EXPECT_TRUE(r.passed) << row.op << " of " << describe(inputs) << '\n' << r.message;

    // The op of the row's name is really in the graph.
    Inputs leaves;
    for (const Tensor& x : inputs) leaves.push_back(x.detach().set_requires_grad());
    std::vector<Tensor> waiting{row.f(leaves)};
    std::set<const Node*> met;
    while (!waiting.empty()) {
      const Tensor x = waiting.back();
      waiting.pop_back();
      if (!met.insert(x.node()).second || !x.op()) continue;
      seen = seen || x.op()->name() == row.op;
      waiting.insert(waiting.end(), x.inputs().begin(), x.inputs().end());
    }
  }
  EXPECT_TRUE(seen) << "no graph of this row holds an op named " << row.op;
}

TEST_P(OpTable, LayoutDoesNotMatter) {
  const Row& row = GetParam();
  for (const Inputs& inputs : row.cases) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      for (const Tensor& view : layouts(inputs[i], row.stretched)) {
        Inputs strided = inputs, packed = inputs;
        strided[i] = view;
        packed[i] = contiguous(view);
        EXPECT_EQ(bytes_of(row, strided), bytes_of(row, packed))
            << row.op << " of " << describe(inputs);
      }
    }
  }
}

// Runs `call`, which must throw an Error that names the row's function.
template <class F>
void expect_named_error(const Row& row, const std::string& what, F&& call,
                        const std::string& other_name = {}) {
  try {
    call();
    ADD_FAILURE() << row.op << ": " << what << " was accepted";
  } catch (const Error& e) {
    const std::string& own_name = row.error_name.empty() ? row.op : row.error_name;
    const std::string& name = other_name.empty() ? own_name : other_name;
    EXPECT_NE(std::string(e.what()).find(name), std::string::npos) << what << ": " << e.what();
  }
}

TEST_P(OpTable, MisuseIsNamed) {
  const Row& row = GetParam();
  EXPECT_GE(row.misuse.size(), 2U) << "a bad shape and a bad dtype or argument at least";
  for (std::size_t i = 0; i < row.misuse.size(); ++i) {
    expect_named_error(row, "misuse " + std::to_string(i), row.misuse[i]);
  }
}

// No op mixes dtypes, and every op takes integers or does not, as its row says: then it names
// itself, else its values are the reference's exactly.
TEST_P(OpTable, DtypesAreHeldToTheContract) {
  const Row& row = GetParam();
  for (const Inputs& inputs : row.cases) {
    for (std::size_t i = 0; inputs.size() > 1 && i < inputs.size(); ++i) {
      Inputs mixed = inputs;
      mixed[i] = convert(mixed[i], DType::f32);
      expect_named_error(row, describe(mixed), [&] { row.f(mixed); });
    }
    Inputs whole, same;
    for (const Tensor& x : inputs) {
      whole.push_back(convert(8 * x, DType::i64));
      same.push_back(convert(whole.back(), DType::f64));
    }
    if (row.integers) {
      const Tensor y = row.f(whole);
      EXPECT_EQ(y.dtype(), DType::i64) << row.op;
      EXPECT_EQ(y.to_vector<double>(), row.reference(same)) << row.op << " of " << describe(whole);
    } else {
      expect_named_error(
          row, describe(whole), [&] { row.f(whole); }, row.integer_error);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Ops, OpTable, testing::ValuesIn(all_rows()), [](const auto& row) {
  // Several rows may test one op.
  const auto& rows = all_rows();
  const auto first =
      std::find_if(rows.begin(), rows.end(), [&](const Row& r) { return r.op == row.param.op; });
  const auto nth = row.index - static_cast<std::size_t>(first - rows.begin());
  return nth == 0 ? row.param.op : row.param.op + "_" + std::to_string(nth + 1);
});

TEST(OpTableTest, EveryRegisteredOpHasARow) {
  std::set<std::string> rows;
  for (const Row& row : all_rows()) rows.insert(row.op);
  for (const std::string op : registered_ops()) {
    // Ops that tests define are their own business.
    EXPECT_TRUE(op.starts_with("test_") || rows.contains(op)) << "no row for " << op;
  }
}

}  // namespace
}  // namespace ito::op_table
