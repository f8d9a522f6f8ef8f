#include "autograd/rows.h"

#include <vector>

#include <gtest/gtest.h>

#include "autograd/ops.h"

namespace ito {
namespace {

TEST(Rows, ScatterUndoesGather) {
  Generator rng(1);
  const Tensor x = randn({6, 3}, rng);
  const std::vector<Index> rows = {4, 0, 5};
  const Tensor picked = gather_rows(x, rows);
  EXPECT_EQ(select(picked, 0, 0).to_vector<float>(), select(x, 0, 4).to_vector<float>());
  Tensor out = zeros({6, 3});
  scatter_rows(picked, rows, out);
  for (Index i : rows) {
    EXPECT_EQ(select(out, 0, i).to_vector<float>(), select(x, 0, i).to_vector<float>());
  }
  EXPECT_EQ(select(out, 0, 1).to_vector<float>(), std::vector<float>(3, 0.0f));
  EXPECT_THROW(gather_rows(x, std::vector<Index>{6}), Error);
  EXPECT_THROW(scatter_rows(picked, std::vector<Index>{0, 1}, out), Error);
}

}  // namespace
}  // namespace ito
