// The operation of docs/custom_ops.md, and its row; and a test that the page shows this code.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numbers>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/graph/op.h"
#include "autograd/ops.h"
#include "tests/autograd/op_table/row.h"
#include "tests/support/documents.h"

namespace {

// y = log cosh x, dy/dx = tanh x
struct LogCosh final : ito::Op {
  static constexpr const char* kName = "log_cosh";
  const char* name() const override { return kName; }
  ito::Tensor vjp(const ito::Call& c, const ito::Tensor& g, int) const override {
    return g * tanh(c.in[0]);
  }
  ito::Tangent jvp(const ito::Call& c, ito::Tangents t) const override {
    return t[0] * tanh(c.in[0]);
  }
};

ito::Tensor log_cosh(const ito::Tensor& x) {
  ito::check(x.defined(), "log_cosh: the operand has no value");
  const ito::Tensor in = contiguous(x.detach());
  ito::Tensor y = ito::empty(in.shape(), in.dtype());
  visit_floating(in.dtype(), LogCosh::kName, [&]<class T>(T) {
    std::transform(in.data<T>(), in.data<T>() + in.numel(), y.mutable_data<T>(), [](T v) {
      return std::abs(v) + std::log1p(std::exp(-2 * std::abs(v))) - std::numbers::ln2_v<T>;
    });
  });
  return ito::apply<LogCosh>(std::move(y), {x});
}

TEST(CustomOps, LogCoshHasTheRightDerivatives) {
  ito::Generator rng(/*seed=*/3);
  const auto f = [](std::span<const ito::Tensor> in) { return log_cosh(in[0]); };
  const auto r = ito::grad_check(f, {randn({3, 4}, rng, ito::DType::f64)}, {.order = 3});
  EXPECT_TRUE(r.passed) << r.message;
}

TEST(CustomOps, ThePageShowsThisCodeInThirtyLines) {
  const std::filesystem::path here(__FILE__);
  const std::string code = ito::support::read(here);
  const std::filesystem::path root = here.parent_path().parent_path().parent_path().parent_path();
  const std::vector<std::string> blocks =
      ito::support::code_blocks(ito::support::read(root / "docs" / "custom_ops.md"));
  for (std::string block : blocks) {
    EXPECT_LE(std::count(block.begin(), block.end(), '\n'), 30);
    // Its headers are among those above.
    if (block.starts_with("#include")) block = block.substr(block.find("// "));
    EXPECT_NE(code.find(block), std::string::npos) << block;
  }
  EXPECT_EQ(blocks.size(), 2u);
}

}  // namespace

namespace ito::op_table {

std::vector<Row> custom_rows() {
  Row row;
  row.op = "log_cosh";
  row.f = [](std::span<const Tensor> in) { return log_cosh(in[0]); };
  for (const Shape& shape : awkward_shapes()) row.cases.push_back({spread(shape, -3, 3)});
  row.reference = [](std::span<const Tensor> in) {
    Values v = in[0].to_vector<double>();
    for (double& e : v) e = static_cast<double>(std::log(std::cosh(static_cast<long double>(e))));
    return v;
  };
  row.misuse = {[] { log_cosh(Tensor()); }, [] { log_cosh(arange(3, DType::i64)); }};
  return {row};
}

}  // namespace ito::op_table
