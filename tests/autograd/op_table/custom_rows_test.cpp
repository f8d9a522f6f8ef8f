// The operation of docs/custom_ops.md, and its row; and a test that the page shows this code.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <numbers>
#include <string>

#include <gtest/gtest.h>

#include "autograd/graph/op.h"
#include "autograd/ops.h"
#include "tests/autograd/op_table/row.h"

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

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path);
  EXPECT_TRUE(in) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(CustomOps, ThePageShowsThisCodeInThirtyLines) {
  const std::filesystem::path here(__FILE__);
  const std::string code = read(here);
  std::string page =
      read(here.parent_path().parent_path().parent_path().parent_path() / "docs" / "custom_ops.md");
  const std::string open = "```cpp\n", close = "```\n";
  int blocks = 0;
  for (std::size_t at = page.find(open); at != std::string::npos; at = page.find(open, at)) {
    at += open.size();
    std::string block = page.substr(at, page.find(close, at) - at);
    EXPECT_LE(std::count(block.begin(), block.end(), '\n'), 30);
    // Its headers are among those above.
    if (block.starts_with("#include")) block = block.substr(block.find("// "));
    EXPECT_NE(code.find(block), std::string::npos) << block;
    ++blocks;
  }
  EXPECT_EQ(blocks, 2);
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
