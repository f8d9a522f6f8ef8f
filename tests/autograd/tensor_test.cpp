#include "autograd/tensor.h"

#include <vector>

#include <gtest/gtest.h>

#include "autograd/ops.h"

namespace ito {
namespace {

using List = std::vector<double>;

TEST(Creation, Fills) {
  EXPECT_EQ(zeros({2}).to_vector<double>(), List({0, 0}));
  EXPECT_EQ(ones({2}, DType::i64).to_vector<double>(), List({1, 1}));
  EXPECT_EQ(full({2}, 2.5).to_vector<double>(), List({2.5, 2.5}));
  EXPECT_EQ(arange(3).to_vector<double>(), List({0, 1, 2}));
  EXPECT_EQ(linspace(0, 1, 5).to_vector<double>(), List({0, 0.25, 0.5, 0.75, 1}));
  EXPECT_EQ(linspace(3, 4, 1).to_vector<double>(), List({3}));
  EXPECT_EQ(eye(2).to_vector<double>(), List({1, 0, 0, 1}));
  EXPECT_EQ(zeros_like(eye(2)).shape(), Shape({2, 2}));
  EXPECT_EQ(ones_like(eye(2, DType::f64)).dtype(), DType::f64);
  EXPECT_THROW(zeros({-1}), Error);
  EXPECT_THROW(linspace(0, 1, 3, DType::i64), Error);
}

TEST(Creation, RefusesMoreElementsThanMemory) {
  const Index large = Index{1} << 32;
  EXPECT_THROW(zeros({large, large}), Error);
  EXPECT_THROW(empty({Index{1} << 61}, DType::f64), Error);
  EXPECT_THROW(empty({0, large, large}), Error);  // its strides overflow
  EXPECT_EQ(empty({0, large}).numel(), 0);
  EXPECT_THROW(reshape(zeros({0}), {large, large}), Error);
  EXPECT_THROW(reshape(zeros({0}), {0, large, large}), Error);
  EXPECT_THROW(expand(ones({1}), {large, large}), Error);
  EXPECT_THROW(expand(ones({1}), {-1}), Error);
}

TEST(Creation, FromNestedLists) {
  EXPECT_EQ(tensor({1, 2, 3}).shape(), Shape({3}));
  EXPECT_EQ(tensor({{1, 2}, {3, 4}, {5, 6}}).shape(), Shape({3, 2}));
  const Tensor x = tensor({{{1, 2}, {3, 4}}, {{5, 6}, {7, 8}}}, DType::f64);
  EXPECT_EQ(x.shape(), Shape({2, 2, 2}));
  EXPECT_EQ(x.to_vector<double>(), List({1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(tensor({{7}, {8}}).shape(), Shape({2, 1}));
  EXPECT_EQ(tensor(7).shape(), Shape());
  EXPECT_EQ(tensor({}).shape(), Shape({0}));
  EXPECT_EQ(tensor({{}, {}}).shape(), Shape({2, 0}));
  EXPECT_THROW(tensor({{1, 2}, {3}}), Error);
  EXPECT_THROW(tensor({{1, 2}, 3}), Error);
  EXPECT_THROW(tensor({1, {2}}), Error);
}

TEST(Creation, FromAndToSpans) {
  const std::vector<float> v{1, 2, 3, 4};
  const Tensor x = from(std::span(v), {2, 2});
  EXPECT_EQ(x.dtype(), DType::f32);
  EXPECT_TRUE(std::equal(v.begin(), v.end(), x.values<float>().begin()));
  EXPECT_EQ(from(v, {4}, DType::f64).dtype(), DType::f64);
  EXPECT_EQ(from(std::vector<std::int64_t>{5}, {}).item(), 5);
  EXPECT_THROW(from(v, {3}), Error);
  EXPECT_THROW(transpose(x).values<float>(), Error);
  EXPECT_THROW(x.values<double>(), Error);
}

TEST(Tensor, UndefinedSaysSo) {
  const Tensor x;
  EXPECT_FALSE(x.defined());
  EXPECT_FALSE(x.requires_grad());
  EXPECT_THROW(x.shape(), Error);
  EXPECT_THROW(x.data<float>(), Error);
  EXPECT_THROW(x.grad(), Error);
  EXPECT_THROW(Tensor().zero_grad(), Error);
}

TEST(Tensor, Describes) {
  const Tensor x = transpose(zeros({2, 3}));
  EXPECT_EQ(x.size(-1), 2);
  EXPECT_EQ(x.strides(), Strides({1, 3}));
  EXPECT_FALSE(x.is_contiguous());
  EXPECT_EQ(x.numel(), 6);
  EXPECT_THROW(x.size(2), Error);
  EXPECT_THROW(x.item(), Error);
  EXPECT_THROW(x.data<double>(), Error);
  EXPECT_THROW(zeros({1, 1, 1, 1, 1, 1, 1, 1, 1}), Error);  // rank 9
}

TEST(Tensor, CopiesShareTheNodeAndDetachSharesValues) {
  Tensor x = ones({2}).set_requires_grad();
  const Tensor same = x, apart = x.detach();
  EXPECT_TRUE(same.same_as(x));
  EXPECT_FALSE(apart.same_as(x));
  EXPECT_FALSE(apart.requires_grad());
  EXPECT_EQ(apart.data<float>(), x.data<float>());
}

TEST(Tensor, CopyFillsStridedTargetsAndBroadcasts) {
  Tensor x = zeros({2, 3});
  Tensor column = slice(x, 1, 1, 2);
  column.detach().copy_(tensor({{7}, {8}}));
  EXPECT_EQ(x.to_vector<double>(), List({0, 7, 0, 0, 8, 0}));
  x.copy_(tensor({1, 2, 3}, DType::f64));
  EXPECT_EQ(x.to_vector<double>(), List({1, 2, 3, 1, 2, 3}));
  x.fill_(4);
  EXPECT_EQ(x.to_vector<double>(), List(6, 4));
  EXPECT_THROW(x.copy_(ones({4})), Error);
}

TEST(Tensor, CopyTakesValuesOfItsOwnMemory) {
  Tensor x = arange(5);
  flip(x, {0}).copy_(x);
  EXPECT_EQ(x.to_vector<double>(), List({4, 3, 2, 1, 0}));
  slice(x, 0, 1).copy_(slice(x, 0, 0, 4));
  EXPECT_EQ(x.to_vector<double>(), List({4, 4, 3, 2, 1}));
}

TEST(Tensor, GradientsMustFit) {
  Tensor x = ones({2});
  EXPECT_THROW(x.set_grad(ones({3})), Error);
  EXPECT_THROW(x.set_grad(ones({2}, DType::f64)), Error);
  x.set_grad(ones({2}));
  EXPECT_EQ(x.grad().numel(), 2);
}

}  // namespace
}  // namespace ito
