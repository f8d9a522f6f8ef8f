#include "autograd/parallel.h"

#include <atomic>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/flush_denormals.h"
#include "autograd/kernels/gemm.h"

namespace ito {
namespace {

class Parallel : public testing::TestWithParam<int> {
 protected:
  void SetUp() override { set_thread_count(GetParam()); }
  void TearDown() override { set_thread_count(before_); }

 private:
  int before_ = thread_count();
};
INSTANTIATE_TEST_SUITE_P(Threads, Parallel, testing::Values(1, 2, 5));

TEST_P(Parallel, RunsEveryShardExactlyOnce) {
  for (const Index shards : {0, 1, 2, 3, 17, 1000}) {
    std::vector<int> runs(static_cast<std::size_t>(shards));  // unsynchronised: a shard has its own
    parallel_for(shards, [&](Index i) { ++runs[static_cast<std::size_t>(i)]; });
    EXPECT_EQ(std::accumulate(runs.begin(), runs.end(), 0), shards);
    for (const int r : runs) ASSERT_EQ(r, 1);
  }
}

TEST_P(Parallel, PiecesCoverARange) {
  for (const Index n : {0, 1, 99, 100, 101, 1234}) {
    std::vector<int> met(static_cast<std::size_t>(n));
    parallel_for_pieces(n, 100, [&](Index begin, Index count) {
      EXPECT_TRUE(begin % 100 == 0 && count >= 1 && count <= 100) << begin << ", " << count;
      for (Index i = begin; i < begin + count; ++i) ++met[static_cast<std::size_t>(i)];
    });
    for (const int m : met) ASSERT_EQ(m, 1) << n;
  }
}

// Threads begin with the floating-point environment of the one that starts them.
TEST_P(Parallel, ShardsTreatSubnormalsAsTheirCallerDoes) {
  const int threads = GetParam();
  const auto halves_of_the_least = [&] {
    std::atomic<int> begun{0};
    std::vector<float> halves(static_cast<std::size_t>(threads));
    parallel_for(threads, [&](Index i) {
      ++begun;
      while (begun < threads) std::this_thread::yield();  // all threads at once
      volatile float least = std::numeric_limits<float>::min();
      halves[static_cast<std::size_t>(i)] = least / 2;
    });
    return halves;
  };
  const auto each = static_cast<std::size_t>(threads);
  const std::vector<float> zeros(each, 0), subnormal(each, std::numeric_limits<float>::min() / 2);
  const auto flushed = [&] {
    const FlushDenormals flush;
    return halves_of_the_least();
  }();
  EXPECT_EQ(flushed, zeros);
  EXPECT_EQ(halves_of_the_least(), subnormal);
}

TEST_P(Parallel, ManyShortLoops) {
  std::vector<std::int64_t> sums(4);
  for (int round = 0; round < 20'000; ++round) {
    parallel_for(4, [&](Index i) { sums[static_cast<std::size_t>(i)] += i + round; });
  }
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(sums[i], 20'000LL * static_cast<std::int64_t>(i) + 20'000LL * 19'999 / 2);
  }
}

TEST_P(Parallel, LowestExceptionWinsAndTheRestStillRuns) {
  for (int round = 0; round < 100; ++round) {
    std::atomic<int> ran{0};
    try {
      parallel_for(20, [&](Index i) {
        ++ran;
        if (i % 5 == 3) throw Error("shard " + std::to_string(i));
      });
      FAIL() << "nothing thrown";
    } catch (const Error& e) {
      EXPECT_STREQ(e.what(), "shard 3");
    }
    EXPECT_EQ(ran, 20);
  }
}

TEST_P(Parallel, NestedLoopsStayInTheirThread) {
  std::atomic<int> strays{0}, runs{0};
  parallel_for(6, [&](Index) {
    const auto self = std::this_thread::get_id();
    parallel_for(5, [&](Index) {
      strays += std::this_thread::get_id() != self;
      ++runs;
    });
  });
  EXPECT_EQ(runs, 30);
  if (GetParam() > 1) {
    EXPECT_EQ(strays, 0);
  }
}

TEST_P(Parallel, LoopsFromSeveralThreadsDoNotMix) {
  std::vector<std::thread> callers;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 3; ++t) {
    callers.emplace_back([&, t] {
      for (int round = 0; round < 500; ++round) {
        std::vector<int> out(16, -1);
        parallel_for(16, [&](Index i) { out[static_cast<std::size_t>(i)] = t; });
        for (const int x : out) wrong += x != t;
      }
    });
  }
  for (auto& c : callers) c.join();
  EXPECT_EQ(wrong, 0);
}

TEST(ParallelFor, TakesConstAndMutableCallables) {
  Index sum = 0;
  const auto constant = [&](Index i) { sum += i; };
  set_thread_count(1);
  parallel_for(3, constant);
  parallel_for(3, [&, calls = 0](Index) mutable { sum += ++calls; });
  EXPECT_EQ(sum, 3 + 6);
  EXPECT_THROW(set_thread_count(0), Error);
}

TEST(BlasThreads, OverlappingScopesComposeAndRestore) {
  const int found = kernels::blas_threads();
  kernels::set_blas_threads(2);
  {
    BlasThreads two(2);
    EXPECT_EQ(kernels::blas_threads(), 2);
    {
      BlasThreads one(1);
      EXPECT_EQ(kernels::blas_threads(), 1);
      BlasThreads wide(2);
      EXPECT_EQ(kernels::blas_threads(), 1);
    }
    EXPECT_EQ(kernels::blas_threads(), 2);
  }
  EXPECT_EQ(kernels::blas_threads(), 2);
  // Scopes that end in another order than they began, as in concurrent threads.
  auto* first = new BlasThreads(1);
  auto* second = new BlasThreads(1);
  delete first;
  EXPECT_EQ(kernels::blas_threads(), 1);
  delete second;
  EXPECT_EQ(kernels::blas_threads(), 2);
  kernels::set_blas_threads(found);
}

TEST(BlasThreads, ShardsHaveOneAndEmbeddersMayOptOut) {
  const int found = kernels::blas_threads(), threads = thread_count();
  kernels::set_blas_threads(2);
  set_thread_count(2);
  std::atomic<int> most{0};
  const auto observe = [&](Index) {
    if (kernels::blas_threads() > most) most = kernels::blas_threads();
  };
  for (const int count : {2, 1}) {
    set_thread_count(count);
    parallel_for(8, observe);
    EXPECT_EQ(most, 1);
    EXPECT_EQ(kernels::blas_threads(), 2);
  }
  manage_blas_threads(false);
  parallel_for(8, observe);
  EXPECT_EQ(most, 2);
  manage_blas_threads(true);
  kernels::set_blas_threads(found);
  set_thread_count(threads);
}

}  // namespace
}  // namespace ito
