#include "autograd/kernels/strided.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/kernels/transpose.h"
#include "tests/autograd/kernels/each_target.h"

namespace ito::kernels {
namespace {

// An operand layout: `start` is the position of the element with all indices zero.
struct View {
  Shape shape;
  Strides strides;
  Index start = 0;
};

// Positions of the elements of a view in row-major order, by plain counting.
std::vector<std::size_t> positions(const View& v) {
  std::vector<std::size_t> out;
  for (Index i = 0; i < numel(v.shape); ++i) {
    Index rest = i, at = v.start;
    for (int d = v.shape.rank() - 1; d >= 0; --d) {
      at += rest % v.shape[d] * v.strides[d];
      rest /= v.shape[d];
    }
    out.push_back(static_cast<std::size_t>(at));
  }
  return out;
}

Index storage_size(const View& v) {
  Index size = 1;
  for (const std::size_t p : positions(v)) size = std::max(size, static_cast<Index>(p) + 1);
  return size;
}

std::vector<View> views() {
  return {
      {{}, {}},                         // 0-dim
      {{0, 3}, {3, 1}},                 // empty
      {{0, 3}, {1, 5}},                 // empty and not contiguous
      {{1}, {7}},                       // one element, odd stride
      {{5}, {1}},                       // contiguous
      {{2, 3, 4}, {12, 4, 1}},          // contiguous
      {{600}, {3}},                     // stepped, longer than a block
      {{600}, {-1}, 599},               // flipped
      {{700}, {0}},                     // one stretched value
      {{3, 1, 4}, {4, 9, 1}},           // contiguous but for a stride of no effect
      {{7, 5}, {1, 7}},                 // transposed
      {{33, 47}, {1, 33}},              // transposed, with partial tiles
      {{150, 260}, {1, 150}},           // transposed, with several panels
      {{40, 50}, {-1, 40}, 39},         // transposed and flipped
      {{3, 20, 30}, {600, 1, 20}},      // batch of transposes
      {{20, 3, 30}, {1, 600, 20}},      // permuted
      {{6, 5, 4, 3}, {1, 6, 30, 120}},  // reversed dimensions
      {{9, 40}, {64, 1}},               // rows of a wider matrix, long
      {{9, 3}, {64, 1}},                // and short
      {{9, 40}, {0, 1}},                // broadcast row
      {{9, 40}, {1, 0}},                // broadcast column
      {{90, 3}, {1, 0}},                // broadcast column, short
      {{4, 5, 6}, {0, 1, 0}},           // broadcast around
      {{4, 50, 2}, {2, 0, 1}},          // broadcast inside
      {{2, 2, 2, 2, 2, 2, 2, 2}, {128, 1, 64, 2, 32, 4, 16, 8}},  // rank 8
  };
}

template <class T>
std::vector<T> random_values(Index n, unsigned seed) {
  std::mt19937 rng(seed);
  std::vector<T> x(static_cast<std::size_t>(n));
  for (T& v : x) v = static_cast<T>(rng() % 2001) / 100 - 10;
  return x;
}

template <class T>
std::vector<T> select(const std::vector<T>& x, const View& v) {
  std::vector<T> out;
  for (const std::size_t p : positions(v)) out.push_back(x[p]);
  return out;
}

template <class T>
void expect_same_bytes(const std::vector<T>& y, const std::vector<T>& expected, const View& v) {
  ASSERT_EQ(y.size(), expected.size());
  EXPECT_TRUE(y.empty() || std::memcmp(y.data(), expected.data(), y.size() * sizeof(T)) == 0)
      << "shape " << v.shape << ", strides " << v.strides;
}

template <class T>
class StridedKernel : public ::testing::Test {};
using AllTypes = ::testing::Types<float, double, std::int64_t>;
TYPED_TEST_SUITE(StridedKernel, AllTypes);

TYPED_TEST(StridedKernel, CopyGathersInRowMajorOrder) {
  for (const View& v : views()) {
    const auto x = random_values<TypeParam>(storage_size(v), 1);
    std::vector<TypeParam> y(static_cast<std::size_t>(numel(v.shape)));
    copy(x.data() + v.start, v.strides, y.data(), v.shape);
    expect_same_bytes(y, select(x, v), v);
  }
}

// Beyond kLargeTranspose, with sizes that fill no vector, line or piece, and gaps between the rows
// of x; what lies beside y stays.
TYPED_TEST(StridedKernel, LargeTransposesEqualTheDefinition) {
  constexpr auto kElements = kLargeTranspose / static_cast<Index>(sizeof(TypeParam));
  for (const Index rows : {Index{131}, Index{1027}, kElements / 128 + 3}) {
    const Index columns = kElements / rows + 1, ld = columns + 5;
    const auto x = random_values<TypeParam>(rows * ld, 8);
    const TypeParam untouched = 77;
    std::vector<TypeParam> expected(static_cast<std::size_t>(rows * columns + 2), untouched);
    for (Index i = 0; i < rows; ++i) {
      for (Index j = 0; j < columns; ++j) {
        expected[static_cast<std::size_t>(1 + j * rows + i)] =
            x[static_cast<std::size_t>(i * ld + j)];
      }
    }
    for_each_target([&](std::int64_t target) {
      std::vector<TypeParam> y(expected.size(), untouched);
      copy(x.data(), {1, ld}, y.data() + 1, {columns, rows});
      EXPECT_TRUE(y == expected) << rows << " x " << columns << ", " << hwy::TargetName(target);
    });
  }
}

TYPED_TEST(StridedKernel, ScatterCopyInvertsCopyAndTouchesNothingElse) {
  for (const View& v : views()) {
    if (std::count(v.strides.begin(), v.strides.end(), 0) > 0) continue;
    const auto x = random_values<TypeParam>(numel(v.shape), 2);
    const TypeParam untouched = 77;
    std::vector<TypeParam> y(static_cast<std::size_t>(storage_size(v)), untouched), expected = y;
    const auto at = positions(v);
    for (std::size_t i = 0; i < at.size(); ++i) expected[at[i]] = x[i];
    scatter_copy(x.data(), y.data() + v.start, v.strides, v.shape);
    expect_same_bytes(y, expected, v);
  }
}

TYPED_TEST(StridedKernel, BinaryEqualsTheContiguousKernelBitForBit) {
  const auto all = views();
  for (const View& va : all) {
    for (const View& vb : all) {
      if (!(va.shape == vb.shape)) continue;
      const auto a = random_values<TypeParam>(storage_size(va), 3);
      const auto b = random_values<TypeParam>(storage_size(vb), 4);
      const auto p = select(a, va), q = select(b, vb);
      std::vector<TypeParam> y(p.size()), expected(p.size());
      binary(BinaryFn::sub, p.data(), false, q.data(), false, expected.data(), numel(va.shape));
      binary(BinaryFn::sub, a.data() + va.start, va.strides, b.data() + vb.start, vb.strides,
             y.data(), va.shape);
      expect_same_bytes(y, expected, va);
    }
    // Against a contiguous operand, which may also be the output.
    const auto a = random_values<TypeParam>(storage_size(va), 5);
    auto y = random_values<TypeParam>(numel(va.shape), 6);
    const auto p = select(a, va);
    std::vector<TypeParam> expected(y.size());
    binary(BinaryFn::mul, p.data(), false, y.data(), false, expected.data(), numel(va.shape));
    binary(BinaryFn::mul, a.data() + va.start, va.strides, y.data(), contiguous_strides(va.shape),
           y.data(), va.shape);
    expect_same_bytes(y, expected, va);
  }
}

template <class T>
void expect_unary_as_contiguous() {
  for (const View& v : views()) {
    const auto x = random_values<T>(storage_size(v), 7);
    const auto p = select(x, v);
    std::vector<T> y(p.size()), expected(p.size());
    unary(UnaryFn::tanh, p.data(), expected.data(), numel(v.shape));
    unary(UnaryFn::tanh, x.data() + v.start, v.strides, y.data(), v.shape);
    expect_same_bytes(y, expected, v);
  }
}

TEST(StridedKernelUnary, EqualsTheContiguousKernelBitForBit) {
  expect_unary_as_contiguous<float>();
  expect_unary_as_contiguous<double>();
}

}  // namespace
}  // namespace ito::kernels
