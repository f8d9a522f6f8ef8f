// Depth, memory and lifetime of large graphs.
#include <pthread.h>

#include <gtest/gtest.h>

#include "autograd/ops.h"
#include "autograd/transforms.h"

namespace ito {
namespace {

// Runs f on a thread with a stack of `bytes`.
template <class F>
void run_on_stack(std::size_t bytes, F f) {
  pthread_attr_t attributes;
  ASSERT_EQ(pthread_attr_init(&attributes), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&attributes, bytes), 0);
  pthread_t thread;
  ASSERT_EQ(pthread_create(
                &thread, &attributes,
                [](void* g) -> void* {
                  (*static_cast<F*>(g))();
                  return nullptr;
                },
                &f),
            0);
  ASSERT_EQ(pthread_join(thread, nullptr), 0);
  pthread_attr_destroy(&attributes);
}

constexpr std::size_t kSmallStack = std::size_t{256} << 10;
constexpr int kMillion = 1'000'000;

TEST(GraphSize, AMillionNodesNeedNoStack) {
  double gradient = 0, tangent = 0;
  run_on_stack(kSmallStack, [&] {
    const Tensor x = scalar(2, DType::f64).set_requires_grad();
    const Tensor one = scalar(1, DType::f64);
    Tensor y = x * x;
    for (int i = 0; i < kMillion; ++i) y = y + one;
    tangent = jvp(y, x, one).item();
    gradient = grad(y, x).item();
  });
  EXPECT_EQ(gradient, 4);
  EXPECT_EQ(tangent, 4);
}

TEST(GraphSize, AMillionNodesAreFreedUnusedWithoutStack) {
  bool built = false;
  run_on_stack(kSmallStack, [&] {
    const Tensor x = scalar(2).set_requires_grad();
    Tensor y = x;
    for (int i = 0; i < kMillion; ++i) y = -y;
    built = y.item() == 2;
  });
  EXPECT_TRUE(built);
}

// With create_graph the gradient refers to the graph it came from; nothing may refer back.
TEST(GraphSize, MemoryIsFlatOverStepsWithCreateGraph) {
  Tensor w = scalar(0.5, DType::f64).set_requires_grad();
  const auto step = [&] {
    const Tensor loss = square(tanh(w) - 0.3);
    const Tensor g = grad(loss, w, {.create_graph = true});
    (loss + g * g).backward();
    w.zero_grad();
  };
  for (int i = 0; i < 100; ++i) step();
  const PoolStats before = pool_stats();
  for (int i = 0; i < 100'000; ++i) step();
  const PoolStats after = pool_stats();
  EXPECT_EQ(after.bytes_live, before.bytes_live);
  // Under AddressSanitizer the pool keeps nothing and every block comes from the system.
  const bool pooled = before.bytes_cached > 0;
  EXPECT_EQ(pooled ? after.system_allocations : 0, pooled ? before.system_allocations : 0);
}

}  // namespace
}  // namespace ito
