#include "nn/optim/adam.h"

#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/ops.h"
#include "nn/init.h"
#include "nn/optim/ema.h"
#include "tests/support/thread_count.h"

namespace ito::nn {
namespace {

// AdamW as in its paper, element by element.
struct NaiveAdamW {
  AdamWOptions o;
  std::vector<double> p, m, v;
  int k = 0;
  void step(const std::vector<double>& gradient, double scale) {
    ++k;
    for (std::size_t i = 0; i < p.size(); ++i) {
      const double g = scale * gradient[i];
      p[i] *= 1 - o.lr * o.weight_decay;
      m[i] = o.beta1 * m[i] + (1 - o.beta1) * g;
      v[i] = o.beta2 * v[i] + (1 - o.beta2) * g * g;
      const double m_hat = m[i] / (1 - std::pow(o.beta1, k));
      const double v_hat = v[i] / (1 - std::pow(o.beta2, k));
      p[i] -= o.lr * m_hat / (std::sqrt(v_hat) + o.eps);
    }
  }
};

// 100 steps with a changing scale and rate; the largest difference from the twin.
double largest_difference(DType dtype) {
  Generator rng(7);
  Tensor p = normal({3, 37}, 0, 0.1, rng, dtype);
  p.set_requires_grad();
  const AdamWOptions options{.lr = 1e-2, .beta1 = 0.8, .beta2 = 0.95, .weight_decay = 0.1};
  AdamW optimizer({p}, options);
  const std::vector<double> start = p.to_vector<double>();
  NaiveAdamW twin{options, start, std::vector<double>(start.size()),
                  std::vector<double>(start.size())};
  for (int k = 0; k < 100; ++k) {
    const Tensor g = randn({3, 37}, rng, dtype);
    p.set_grad(g);
    const double scale = k % 3 == 0 ? 0.25 : 1;
    optimizer.set_lr(twin.o.lr = 1e-2 / (1 + k));
    optimizer.step(scale);
    twin.step(g.to_vector<double>(), scale);
  }
  double worst = 0;
  const std::vector<double> values = p.to_vector<double>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    worst = std::max(worst, std::abs(values[i] - twin.p[i]));
  }
  return worst;
}

TEST(AdamW, FollowsItsNaiveTwin) {
  // Each step rounds a parameter twice, by at most eps/2 of it, in random directions: sqrt(200/3)
  // eps/2 after 100 steps, three times that in the tail of 111 elements, all below 0.4 in size. For
  // f32 that is 6e-7, for f64 1e-15; the moments add a little of their own.
  EXPECT_LE(largest_difference(DType::f64), 1e-14);
  EXPECT_LE(largest_difference(DType::f32), 1e-6);
}

TEST(AdamW, GroupsScaleRateAndDecay) {
  Tensor a = ones({2}, DType::f64), b = ones({2}, DType::f64);
  a.set_requires_grad();
  b.set_requires_grad();
  AdamW optimizer(
      {{.parameters = {a}, .lr_scale = 0.5}, {.parameters = {b}, .weight_decay_scale = 0}},
      {.lr = 0.1, .weight_decay = 0.5});
  a.set_grad(ones({2}, DType::f64));
  b.set_grad(ones({2}, DType::f64));
  optimizer.step();
  // The first step moves by lr g/|g|.
  EXPECT_NEAR(a.to_vector<double>()[0], 1 - 0.05 * 0.5 - 0.05, 1e-8);
  EXPECT_NEAR(b.to_vector<double>()[0], 1 - 0.1, 1e-8);
}

TEST(AdamW, LeavesParametersWithoutGradientAlone) {
  Tensor a = ones({2}), b = ones({2});
  a.set_requires_grad();
  b.set_requires_grad();
  AdamW optimizer(std::vector<Tensor>{a, b});
  sum(a).backward();
  optimizer.step();
  EXPECT_NE(a.to_vector<double>()[0], 1);
  EXPECT_EQ(b.to_vector<double>()[0], 1);
  optimizer.zero_grad();
  EXPECT_FALSE(a.grad().defined());
}

TEST(AdamW, StateRestoresTheTrajectory) {
  const auto run = [](bool interrupt) {
    Generator rng(8);
    Tensor p = randn({9}, rng);
    p.set_requires_grad();
    auto optimizer = std::make_unique<AdamW>(std::vector<Tensor>{p});
    for (int k = 0; k < 20; ++k) {
      if (interrupt && k == 11) {
        const StateDict state = optimizer->state_dict();
        optimizer = std::make_unique<AdamW>(std::vector<Tensor>{p});
        optimizer->load_state_dict(state);
        EXPECT_EQ(optimizer->steps(), 11);
      }
      p.set_grad(randn({9}, rng));
      optimizer->step();
    }
    return p.to_vector<float>();
  };
  EXPECT_EQ(run(false), run(true));
}

TEST(AdamW, RefusesStateOfAnotherShapeAndNonLeaves) {
  Tensor p = ones({2}), q = ones({3});
  p.set_requires_grad();
  q.set_requires_grad();
  const AdamW a(std::vector<Tensor>{p});
  AdamW b(std::vector<Tensor>{q});
  EXPECT_THROW(b.load_state_dict(a.state_dict()), Error);
  EXPECT_THROW(AdamW(std::vector<Tensor>{p * 2}), Error);
  EXPECT_THROW(AdamW(std::vector<Tensor>{ones({2})}), Error);
  EXPECT_THROW(AdamW(std::vector<Tensor>{p, p}), Error);
  EXPECT_THROW(AdamW({{.parameters = {p}}, {.parameters = {p}}}), Error);
}

// Large parameters are updated in pieces by all threads.
TEST(AdamW, BytesDoNotDependOnThreads) {
  const auto trained = [](int threads) {
    const support::ThreadCount held(threads);
    Generator rng(11);
    Tensor p = randn({5, 20'011}, rng);
    p.set_requires_grad();
    AdamW adam(std::vector<Tensor>{p}, {.weight_decay = 0.1});
    Ema ema({p}, {.decay = 0.9});
    for (int k = 0; k < 30; ++k) {
      p.set_grad(k < 3 ? Tensor(randn({5, 20'011}, rng) * 1e-37) : zeros({5, 20'011}));
      adam.step(0.5, &ema);
    }
    std::vector<float> all = p.to_vector<float>();
    for (const NamedTensor& entry : adam.state_dict()) {
      const auto values = entry.value.to_vector<float>();
      all.insert(all.end(), values.begin(), values.end());
    }
    ema.swap();
    const auto averages = p.to_vector<float>();
    all.insert(all.end(), averages.begin(), averages.end());
    return all;
  };
  const std::vector<float> alone = trained(1), together = trained(3);
  EXPECT_EQ(alone, together);
  for (const float x : together) ASSERT_TRUE(x == 0 || std::isnormal(x)) << x;
}

// A unit that dies has no gradient any more. In subnormal numbers its first moment would not reach
// zero: 0.9 times the least of them rounds to itself, and every step would stay slow.
TEST(AdamW, MomentsWithoutGradientEndAtZero) {
  Tensor p = ones({40});
  p.set_requires_grad();
  AdamW adam(std::vector<Tensor>{p}, {.weight_decay = 0});
  p.set_grad(ones({40}));
  adam.step();
  p.set_grad(zeros({40}));
  // 0.1 * 0.9^k leaves the normal range after 807 steps.
  for (int k = 0; k < 900; ++k) adam.step();
  const NamedTensor first = adam.state_dict()[0];
  EXPECT_EQ(first.name, "0.m");
  EXPECT_EQ(first.value.to_vector<float>(), std::vector<float>(40, 0));
  // Outside the step arithmetic is as before.
  volatile float least = std::numeric_limits<float>::min();
  EXPECT_GT(least / 2, 0);
}

TEST(AdamW, RefusesRatesAndDecaysOutOfRange) {
  Tensor p = ones({2});
  p.set_requires_grad();
  const std::vector<Tensor> one{p};
  EXPECT_THROW(AdamW(one, {.lr = -1}), Error);
  EXPECT_THROW(AdamW(one, {.beta1 = 1.5}), Error);
  EXPECT_THROW(AdamW(one, {.beta2 = 1}), Error);
  EXPECT_THROW(Adam(one, {.lr = -1}), Error);
  EXPECT_THROW(Adam(one, {.eps = -1}), Error);
  EXPECT_NO_THROW(Adam(one, {.lr = 0, .beta1 = 0}));
}

}  // namespace
}  // namespace ito::nn
