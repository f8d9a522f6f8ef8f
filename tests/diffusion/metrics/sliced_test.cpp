#include "diffusion/metrics/sliced.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "autograd/ops.h"
#include "diffusion/metrics/wasserstein.h"

namespace ito::diffusion {
namespace {

TEST(SlicedWasserstein, OfAShiftIsItsMeanProjection) {
  // W2 of two laws that differ by a shift d is |<d, v>| along v; the mean square is |d|^2/n.
  Generator rng(1);
  const Tensor x = randn({500, 3}, rng, DType::f64);
  const Tensor shift = tensor({3, 0, -4}, DType::f64);
  const SlicedWasserstein d = sliced_wasserstein(x, x + shift, {.projections = 4000});
  // <d, v>^2/25 is Beta(1/2, 1): mean 1/3, variance 4/45; |<d, v>|/5 is uniform: mean 1/2.
  EXPECT_NEAR(d.w2 * d.w2, 25.0 / 3, 4 * 25 * std::sqrt(4.0 / 45 / 4000));
  EXPECT_NEAR(d.w1, 2.5, 4 * 5 * std::sqrt(1.0 / 12 / 4000));
  EXPECT_EQ(sliced_wasserstein(x, x).w2, 0);
}

TEST(SlicedWasserstein, InOneDimensionIsTheDistanceItself) {
  Generator rng(1);
  const GaussianMixture law({0.4, 0.6}, {-1, 2}, {0.3, 0.5});
  const Tensor x = randn({200, 1}, rng, DType::f64);
  const auto u = x.to_vector<double>();
  const std::vector<double> axis = {1};
  const SlicedWasserstein d = sliced_wasserstein(x, law, {.projections = 3});
  EXPECT_NEAR(d.w1, wasserstein1(u, law.project(axis)), 1e-12);
  EXPECT_NEAR(d.w2, wasserstein2(u, law.project(axis)), 1e-12);
}

TEST(SlicedWasserstein, TheSeedFixesTheDirections) {
  Generator rng(1);
  const Tensor x = randn({50, 4}, rng), y = randn({70, 4}, rng);
  const auto w2 = [&](std::uint64_t seed) {
    return sliced_wasserstein(x, y, {.projections = 5, .seed = seed}).w2;
  };
  EXPECT_EQ(w2(3), w2(3));
  EXPECT_NE(w2(3), w2(4));
}

TEST(SlicedWasserstein, NonFiniteSamplesAreInfinitelyFar) {
  Tensor x = zeros({3, 2}, DType::f64);
  x.mutable_data<double>()[4] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(std::isinf(sliced_wasserstein(x, zeros({3, 2}, DType::f64)).w2));
  EXPECT_THROW(sliced_wasserstein(x, zeros({3, 1}, DType::f64)), Error);
}

}  // namespace
}  // namespace ito::diffusion
