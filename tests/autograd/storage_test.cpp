// Ref, Storage and the pool.
#include "autograd/storage.h"

#include <atomic>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/ref.h"

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kPooled = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool kPooled = false;
#else
constexpr bool kPooled = true;
#endif
#else
constexpr bool kPooled = true;
#endif

namespace ito {
namespace {

struct Counted : RefCounted {
  explicit Counted(int* counter) : deaths(counter) {}
  ~Counted() { ++*deaths; }
  int* deaths;
};
struct Derived : Counted {
  using Counted::Counted;
};

struct Hooked : RefCounted {
  static inline int destroyed = 0;
  static void destroy(const Hooked* p) {
    ++destroyed;
    delete p;
  }
};
struct HookedChild : Hooked {};

struct Static : RefCounted {
  Static() : RefCounted(Immortal{}) {}
};

TEST(Ref, CountsCopiesAndMoves) {
  int deaths = 0;
  {
    auto a = make_ref<Counted>(&deaths);
    EXPECT_TRUE(a->unique());
    Ref<const Counted> b = a;
    EXPECT_FALSE(a->unique());
    Ref<Counted> c = std::move(a);
    EXPECT_EQ(a, nullptr);
    EXPECT_EQ(b.get(), c.get());
    Ref<Counted>& alias = c;
    c = alias;
    c = std::move(alias);
    EXPECT_TRUE(c);
    c.reset();
    EXPECT_EQ(deaths, 0);
    EXPECT_TRUE(b->unique());
  }
  EXPECT_EQ(deaths, 1);
  Ref<Counted> base = make_ref<Derived>(&deaths);
  base = nullptr;
  EXPECT_EQ(deaths, 2);
}

TEST(Ref, InheritedDestroyHookReplacesDelete) {
  Hooked::destroyed = 0;
  { auto p = make_ref<HookedChild>(); }
  EXPECT_EQ(Hooked::destroyed, 1);
}

TEST(Ref, ImmortalObjectsAreNeverCounted) {
  static const Static object;
  EXPECT_TRUE(object.immortal());
  for (int i = 0; i < 3; ++i) {
    Ref<const Static> a(&object);
    Ref<const Static> b = a;
    EXPECT_FALSE(a->unique());
  }
  EXPECT_TRUE(object.immortal());
}

TEST(Ref, LastOfManyThreadsDestroys) {
  for (int round = 0; round < 200; ++round) {
    int deaths = 0;
    auto p = make_ref<Counted>(&deaths);
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([q = p]() mutable {
        for (int i = 0; i < 100; ++i) Ref<Counted> copy = q;
        q.reset();
      });
    }
    p.reset();
    for (auto& t : threads) t.join();
    ASSERT_EQ(deaths, 1);
  }
}

TEST(Storage, IsAlignedWritableAndCounted) {
  for (const std::size_t bytes :
       {0UL, 1UL, 63UL, 64UL, 65UL, 1000UL, 4096UL, 262144UL, 5000000UL}) {
    auto s = allocate(bytes);
    EXPECT_EQ(s->bytes(), bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(s->data()) % kStorageAlignment, 0U);
    std::memset(s->data(), 0xAB, bytes);
    EXPECT_TRUE(s->unique());
  }
}

TEST(Storage, ReusesTheBlockJustFreed) {
  if (!kPooled) GTEST_SKIP() << "the pool passes through under AddressSanitizer";
  for (const std::size_t bytes : {100UL, 4096UL, std::size_t{8} << 20}) {
    void* first = allocate(bytes)->data();
    EXPECT_EQ(allocate(bytes)->data(), first);
  }
}

// On both sides of every border between lists.
TEST(Pool, GivesAFreedBlockOfAnySizeOutAgain) {
  if (!kPooled) GTEST_SKIP() << "the pool passes through under AddressSanitizer";
  for (std::size_t size = 64; size <= 4 * kThreadCachedBlock; size *= 2) {
    for (const std::size_t bytes : {size - 1, size, size + 1, size + 64, size + 65}) {
      void* first = pool_allocate(bytes);
      pool_free(first, bytes);
      void* second = pool_allocate(bytes);
      pool_free(second, bytes);
      EXPECT_EQ(first, second) << bytes << " bytes";
    }
  }
}

TEST(Pool, ImpossibleSizesThrow) {
  EXPECT_THROW(allocate(~std::size_t{0}), std::bad_alloc);
  EXPECT_THROW((void)pool_allocate(~std::size_t{0} / 2), std::bad_alloc);
}

TEST(Pool, ClassesWasteAtMostAQuarter) {
  if (!kPooled) GTEST_SKIP() << "the pool passes through under AddressSanitizer";
  for (std::size_t bytes = 256; bytes < (std::size_t{1} << 20); bytes += bytes / 7) {
    const std::size_t before = pool_stats().bytes_live;
    void* p = pool_allocate(bytes);
    const std::size_t used = pool_stats().bytes_live - before;
    pool_free(p, bytes);
    EXPECT_GE(used, bytes);
    // A quarter, and the rounding to whole units of 64 bytes.
    EXPECT_LE(used, bytes + bytes / 4 + 64);
  }
}

TEST(Pool, PowersOfTwoFitWithTheirHeader) {
  if (!kPooled) GTEST_SKIP() << "the pool passes through under AddressSanitizer";
  for (std::size_t bytes = 64; bytes <= (std::size_t{1} << 22); bytes *= 2) {
    const std::size_t before = pool_stats().bytes_live;
    const auto s = allocate(bytes);
    EXPECT_EQ(pool_stats().bytes_live - before, bytes + 64);
  }
}

TEST(Pool, ReleaseGivesEverythingBack) {
  if (!kPooled) GTEST_SKIP() << "the pool passes through under AddressSanitizer";
  release_pool();
  const PoolStats before = pool_stats();
  {
    std::vector<Ref<Storage>> blocks;
    for (std::size_t i = 0; i < 500; ++i) blocks.push_back(allocate(i * i));
  }
  EXPECT_GT(pool_stats().bytes_cached, before.bytes_cached);
  release_pool();
  const PoolStats after = pool_stats();
  EXPECT_EQ(after.bytes_cached, before.bytes_cached);
  EXPECT_EQ(after.bytes_live, before.bytes_live);
  EXPECT_GE(after.system_allocations, before.system_allocations + 500);
}

TEST(Pool, CachesAreBounded) {
  if (!kPooled) GTEST_SKIP() << "the pool passes through under AddressSanitizer";
  release_pool();
  const std::size_t before = pool_stats().bytes_cached;
  // Untouched pages cost nothing, so this takes addresses only.
  constexpr std::size_t kBlock = std::size_t{64} << 20;
  std::vector<void*> blocks;
  for (std::size_t n = 0; n < kSharedCacheBytes / kBlock + 8; ++n) {
    blocks.push_back(pool_allocate(kBlock));
  }
  for (void* p : blocks) pool_free(p, kBlock);
  EXPECT_LE(pool_stats().bytes_cached - before, kSharedCacheBytes + kThreadCacheBytes);
  // A full cache makes room for another size.
  pool_free(pool_allocate(kBlock / 8), kBlock / 8);
  const std::uint64_t system = pool_stats().system_allocations;
  pool_free(pool_allocate(kBlock / 8), kBlock / 8);
  EXPECT_EQ(pool_stats().system_allocations, system);
  release_pool();
}

// What a thread keeps to itself nobody else can use: of twice its share, freed by this thread,
// another finds at least half without asking the system.
TEST(Pool, OneThreadKeepsItsShareOnly) {
  if (!kPooled) GTEST_SKIP() << "the pool passes through under AddressSanitizer";
  release_pool();
  constexpr std::size_t kBlock = kThreadCachedBlock / 4;
  constexpr std::size_t kShare = kThreadCacheBytes / kBlock;
  std::vector<void*> blocks(2 * kShare);
  for (void*& p : blocks) p = pool_allocate(kBlock);
  for (void* p : blocks) pool_free(p, kBlock);
  const std::uint64_t before = pool_stats().system_allocations;
  std::thread([&] {
    for (std::size_t i = 0; i < kShare; ++i) blocks[i] = pool_allocate(kBlock);
    for (std::size_t i = 0; i < kShare; ++i) pool_free(blocks[i], kBlock);
  }).join();
  EXPECT_EQ(pool_stats().system_allocations, before);
  release_pool();
}

TEST(Pool, ThreadsThatEndReturnTheirBlocks) {
  if (!kPooled) GTEST_SKIP() << "the pool passes through under AddressSanitizer";
  constexpr std::size_t kBytes = 3000;
  std::thread([] { pool_free(pool_allocate(kBytes), kBytes); }).join();
  const PoolStats before = pool_stats();
  std::thread([] { pool_free(pool_allocate(kBytes), kBytes); }).join();
  const PoolStats after = pool_stats();
  EXPECT_EQ(after.system_allocations, before.system_allocations);
  EXPECT_EQ(after.bytes_live, before.bytes_live);
}

// Producers fill blocks with their own mark; consumers check the marks and free.
TEST(Pool, BlocksMayBeFreedByOtherThreads) {
  struct Item {
    unsigned char* data;
    std::size_t bytes;
    unsigned char mark;
  };
  std::mutex mutex;
  std::vector<Item> items;
  std::atomic<int> producing{2};
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&, t] {
      std::uint32_t x = 12345U + static_cast<std::uint32_t>(t);
      for (int i = 0; i < 20'000; ++i) {
        x = x * 1664525U + 1013904223U;
        const std::size_t bytes = 1 + (x >> 8) % ((i % 100) ? 2000U : 400'000U);
        const auto mark = static_cast<unsigned char>(x >> 24);
        auto* data = static_cast<unsigned char*>(pool_allocate(bytes));
        std::memset(data, mark, bytes);
        std::lock_guard lock(mutex);
        items.push_back({data, bytes, mark});
      }
      --producing;
    });
    threads.emplace_back([&] {
      for (bool last = false; !last;) {
        last = producing == 0;
        std::vector<Item> mine;
        {
          std::lock_guard lock(mutex);
          mine.swap(items);
        }
        for (const Item& item : mine) {
          for (std::size_t i = 0; i < item.bytes; ++i) wrong += item.data[i] != item.mark;
          pool_free(item.data, item.bytes);
        }
      }
    });
  }
  for (auto& t : threads) t.join();
  EXPECT_EQ(wrong, 0);
}

// Destroyed after the pool's own thread_local state, having been made before it.
TEST(Pool, FreesDuringThreadTeardown) {
  std::thread([] {
    struct Late {
      Ref<Storage> storage;
    };
    thread_local Late late;
    late.storage = allocate(1000);
  }).join();
  // And an object of static duration frees after main has returned.
  static Ref<Storage> at_exit = allocate(1000);
  EXPECT_EQ(at_exit->bytes(), 1000U);
}

}  // namespace
}  // namespace ito
