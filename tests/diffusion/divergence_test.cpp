#include "diffusion/divergence.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/grad_mode.h"
#include "autograd/ops.h"
#include "autograd/transforms.h"

namespace ito::diffusion {
namespace {

constexpr DivergenceMethod kExact[] = {DivergenceMethod::exact, DivergenceMethod::exact_forward,
                                       DivergenceMethod::exact_reverse};

// A two-layer network in n dimensions with its parameters, in f64.
struct SmallNetwork {
  explicit SmallNetwork(Index n) {
    Generator rng(7);
    w1 = (randn({2 * n, n}, rng, DType::f64) / std::sqrt(static_cast<double>(n))).detach();
    w2 = (randn({n, 2 * n}, rng, DType::f64) / std::sqrt(static_cast<double>(n))).detach();
    w1.set_requires_grad();
    w2.set_requires_grad();
  }
  Tensor operator()(const Tensor& x) const { return linear(tanh(linear(x, w1)), w2); }
  // sum_ij w2_ij w1_ji (1 - tanh^2)_j, differentiable.
  Tensor divergence(const Tensor& x) const {
    const Tensor slope = 1.0 - square(tanh(linear(x, w1)));
    return matmul(slope, sum(w2 * transpose(w1), {0}));
  }
  Tensor w1, w2;
};

double difference(const Tensor& a, const Tensor& b) {
  EXPECT_EQ(a.shape(), b.shape());
  return max(abs(a.detach() - b.detach())).item();
}

Tensor points(Index rows, Index n) {
  Generator rng(3);
  return randn({rows, n}, rng, DType::f64);
}

TEST(Divergence, ExactFormsEqualTheClosedFormForEveryChunk) {
  const SmallNetwork f(5);
  const Tensor x = points(4, 5);
  const Tensor truth = f.divergence(x);
  for (Index chunk : {0, 1, 2, 5, 9}) {
    for (auto method : kExact) {
      const Divergence d = divergence(f, x, {.method = method, .chunk = chunk});
      // Sums of 50 products of order one, in f64.
      EXPECT_LT(difference(d.divergence, truth), 1e-13);
      EXPECT_LT(difference(d.value, f(x)), 1e-14);
      EXPECT_EQ(max(abs(d.standard_error)).item(), 0);
    }
  }
}

TEST(Divergence, ForwardEqualsReverseInValueAndGradient) {
  const SmallNetwork f(16);
  const Tensor x = points(6, 16);
  const Tensor forward = divergence(f, x, {.method = DivergenceMethod::exact_forward}).divergence;
  const Tensor reverse = divergence(f, x, {.method = DivergenceMethod::exact_reverse}).divergence;
  EXPECT_LT(difference(forward, reverse), 1e-12);
  const Tensor truth = f.divergence(x);
  for (const Tensor& w : {f.w1, f.w2}) {
    const Tensor g = grad(sum(square(truth)), w, {.retain_graph = true});
    EXPECT_LT(difference(grad(sum(square(forward)), w, {.retain_graph = true}), g), 1e-12);
    EXPECT_LT(difference(grad(sum(square(reverse)), w, {.retain_graph = true}), g), 1e-12);
  }
}

TEST(Divergence, DifferentiatesInThePointToo) {
  const SmallNetwork f(4);
  Tensor x = points(3, 4);
  x.set_requires_grad();
  const Tensor truth = grad(sum(f.divergence(x)), x);
  for (Index chunk : {1, 3}) {
    for (auto method : kExact) {
      const Divergence d = divergence(f, x, {.method = method, .chunk = chunk});
      EXPECT_LT(difference(grad(sum(d.divergence), x), truth), 1e-12);
    }
  }
}

TEST(Divergence, RecordsNothingUnderNoGrad) {
  const SmallNetwork f(4);
  const NoGrad guard;
  for (auto method : kExact) {
    const Divergence d = divergence(f, points(3, 4), {.method = method});
    EXPECT_FALSE(d.divergence.requires_grad());
    EXPECT_FALSE(d.value.requires_grad());
    EXPECT_LT(difference(d.divergence, f.divergence(points(3, 4))), 1e-13);
  }
}

TEST(Divergence, HutchinsonIsUnbiasedWithAnHonestStandardError) {
  const SmallNetwork f(6);
  const Index rows = 4, repeats = 400, probes = 25;
  const Tensor x = points(rows, 6);
  const NoGrad guard;
  const auto truth = f.divergence(x).to_vector<double>();
  for (Probe probe : {Probe::rademacher, Probe::gaussian, Probe::sphere}) {
    Generator rng(11);
    std::vector<double> total(4), square(4), claimed(4);
    for (Index k = 0; k < repeats; ++k) {
      const Divergence d = divergence(f, x,
                                      {.method = DivergenceMethod::hutchinson,
                                       .chunk = 7,
                                       .probe = probe,
                                       .probes = probes,
                                       .rng = &rng});
      EXPECT_EQ(d.samples.shape(), Shape({probes, rows}));
      const auto v = d.divergence.to_vector<double>(), e = d.standard_error.to_vector<double>();
      for (std::size_t i = 0; i < 4; ++i) {
        total[i] += v[i] / repeats;
        square[i] += (v[i] - truth[i]) * (v[i] - truth[i]) / repeats;
        claimed[i] += e[i] * e[i] / repeats;
      }
    }
    for (std::size_t i = 0; i < 4; ++i) {
      EXPECT_NEAR(total[i], truth[i], 4 * std::sqrt(square[i] / repeats));
      // A variance from 400 values has a relative standard error sqrt(2/400) = 0.07; 4 of them.
      EXPECT_NEAR(claimed[i] / square[i], 1, 0.29);
    }
  }
}

TEST(Divergence, ProbesHaveTheirLaws) {
  Generator rng(5);
  const Tensor v = draw_probes(3, {4, 10}, Probe::sphere, rng, DType::f64);
  EXPECT_LT(max(abs(sum(square(v), {-1}) - 10.0)).item(), 1e-13);
  const Tensor r = draw_probes(3, {4, 10}, Probe::rademacher, rng, DType::f64);
  EXPECT_EQ(max(abs(square(r) - 1.0)).item(), 0);
  EXPECT_NE(mean(r).item(), mean(square(r)).item());
}

TEST(Divergence, OneProbeHasNoStandardErrorAndConstantsNoDivergence) {
  Generator rng(5);
  const SmallNetwork f(3);
  const Divergence d =
      divergence(f, points(2, 3), {.method = DivergenceMethod::hutchinson, .rng = &rng});
  EXPECT_TRUE(std::isnan(d.standard_error.to_vector<double>()[0]));
  const Tensor w = f.w2;
  const auto constant = [&](const Tensor& x) { return expand(sum(w), x.shape()); };
  for (auto method : kExact) {
    EXPECT_EQ(max(abs(divergence(constant, points(2, 3), {.method = method}).divergence)).item(),
              0);
  }
}

TEST(Divergence, RejectsWrongShapesAndMissingGenerators) {
  const SmallNetwork f(3);
  EXPECT_THROW((void)divergence(f, points(2, 3), {.method = DivergenceMethod::hutchinson}), Error);
  EXPECT_THROW((void)divergence(f, zeros({3}, DType::f64)), Error);
  const auto narrow = [](const Tensor& x) { return sum(x, {1}, true); };
  EXPECT_THROW((void)divergence(narrow, points(2, 3)), Error);
}

}  // namespace
}  // namespace ito::diffusion
