// adamw against PyTorch's formulas in long double, on every target.
#include "autograd/kernels/optim.h"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/random.h"
#include "tests/autograd/kernels/each_target.h"

namespace ito::kernels {
namespace {

struct Reference {
  long double p, m = 0, v = 0, ema;

  void step(const AdamWStep& s, long double g, double ema_decay) {
    g *= s.grad_scale;
    p *= 1 - static_cast<long double>(s.lr) * s.weight_decay;
    m = s.beta1 * m + (1 - static_cast<long double>(s.beta1)) * g;
    v = s.beta2 * v + (1 - static_cast<long double>(s.beta2)) * g * g;
    const long double c1 = 1 - std::pow(static_cast<long double>(s.beta1), s.step);
    const long double c2 = 1 - std::pow(static_cast<long double>(s.beta2), s.step);
    p -= s.lr / c1 * m / (std::sqrt(v) / std::sqrt(c2) + s.eps);
    ema = ema_decay * ema + (1 - static_cast<long double>(ema_decay)) * p;
  }
};

template <class T>
class AdamW : public testing::Test {};
using Floats = testing::Types<float, double>;
TYPED_TEST_SUITE(AdamW, Floats);

TYPED_TEST(AdamW, FollowsTheReferenceForTenSteps) {
  using T = TypeParam;
  constexpr Index n = 67;  // whole vectors and a tail on every target
  constexpr int kSteps = 10;
  constexpr double kEmaDecay = 0.99;
  for_each_target([&](std::int64_t target) {
    Generator rng(5);
    std::vector<T> p(n), g(n), m(n), v(n);
    rng.fill_normal(p.data(), n);
    std::vector<T> ema = p;
    std::vector<Reference> reference;
    for (const T x : p) reference.push_back({.p = x, .ema = x});
    AdamWStep s{.lr = 1e-2, .weight_decay = 0.1, .grad_scale = 0.5};
    for (s.step = 1; s.step <= kSteps; ++s.step) {
      rng.fill_normal(g.data(), n);
      g[3] = 0;  // a parameter without gradient only decays
      adamw(s, p.data(), g.data(), m.data(), v.data(), ema.data(), kEmaDecay, n);
      for (std::size_t i = 0; i < n; ++i) reference[i].step(s, g[i], kEmaDecay);
    }
    // A step rounds p twice (relative to p) and moves it by at most about lr, itself good to some
    // 10 roundings (m may cancel, but only relative to lr max|g|); the averages likewise.
    constexpr double kEps = std::numeric_limits<T>::epsilon();
    for (std::size_t i = 0; i < n; ++i) {
      const auto& r = reference[i];
      const auto bound = [&](long double x, double floor) {
        return kSteps * kEps * (2 * std::abs(static_cast<double>(x)) + floor);
      };
      EXPECT_NEAR(p[i], static_cast<double>(r.p), bound(r.p, 20 * s.lr)) << hwy::TargetName(target);
      EXPECT_NEAR(ema[i], static_cast<double>(r.ema), bound(r.ema, 20 * s.lr));
      EXPECT_NEAR(m[i], static_cast<double>(r.m), bound(r.m, 1));
      EXPECT_NEAR(v[i], static_cast<double>(r.v), bound(r.v, 0));
    }
  });
}

TYPED_TEST(AdamW, ElementsDoNotDependOnTheirPlace) {
  using T = TypeParam;
  for_each_target([&](std::int64_t target) {
    constexpr Index n = 100;
    Generator rng(6);
    std::vector<T> p(n), g(n), m(n), v(n);
    rng.fill_normal(p.data(), n);
    rng.fill_normal(g.data(), n);
    auto p2 = p, m2 = m, v2 = v;
    const AdamWStep s{.weight_decay = 0.01};
    adamw<T>(s, p.data(), g.data(), m.data(), v.data(), nullptr, 0, n);
    for (Index i = 0, step = 1; i < n; i += step, step = step % 9 + 1) {
      adamw<T>(s, &p2[static_cast<std::size_t>(i)], &g[static_cast<std::size_t>(i)],
               &m2[static_cast<std::size_t>(i)], &v2[static_cast<std::size_t>(i)], nullptr, 0,
               std::min(step, n - i));
    }
    EXPECT_EQ(p, p2) << hwy::TargetName(target);
    EXPECT_EQ(m, m2) << hwy::TargetName(target);
    EXPECT_EQ(v, v2) << hwy::TargetName(target);
  });
}

}  // namespace
}  // namespace ito::kernels
