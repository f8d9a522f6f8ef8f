#include "autograd/storage.h"

#include <array>
#include <atomic>
#include <bit>
#include <mutex>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#define ITO_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ITO_ADDRESS_SANITIZER 1
#endif
#endif

namespace ito {
namespace {

#ifdef ITO_ADDRESS_SANITIZER
constexpr bool kPassThrough = true;
#else
constexpr bool kPassThrough = false;
#endif

// Size classes, in units of 64 bytes. One unit is set aside for a header; the rest, u, is rounded
// up to m 2^s with m in [4, 8): four classes an octave, and every u below eight has its own.
constexpr int kOctaves = 34;  // up to 2^40 bytes
constexpr int kClasses = 4 * kOctaves;
constexpr std::size_t kUnit = kStorageAlignment;

constexpr int class_of(std::size_t bytes) {
  const std::size_t units = (bytes + kUnit - 1) / kUnit;
  const std::size_t u = units > 0 ? units - 1 : 0;
  if (u < 4) return static_cast<int>(u);
  const int shift = static_cast<int>(std::bit_width(u)) - 3;
  const std::size_t m = ((u - 1) >> shift) + 1;  // in [4, 8]; 8 is the next octave's 4
  return 4 * shift + static_cast<int>(m);
}
constexpr std::size_t computed_class_bytes(int k) {
  const auto u = static_cast<std::size_t>(k);
  return (k < 4 ? u + 1 : ((u % 4 + 4) << (u / 4 - 1)) + 1) * kUnit;
}
constexpr std::array<std::size_t, kClasses> kClassBytes = [] {
  std::array<std::size_t, kClasses> bytes{};
  for (int k = 0; k < kClasses; ++k) bytes[static_cast<std::size_t>(k)] = computed_class_bytes(k);
  return bytes;
}();
constexpr std::size_t class_bytes(int k) {
  return kClassBytes[static_cast<std::size_t>(k)];
}
static_assert(class_of(1) == 0 && class_of(64) == 0 && class_of(65) == 1);
static_assert(class_bytes(class_of(4096 + 64)) == 4096 + 64);
static_assert(class_bytes(class_of(4096 + 65)) == 5120 + 64);

constexpr std::size_t kMaxBytes = class_bytes(kClasses - 1);
constexpr int kThreadClasses = class_of(kThreadCachedBlock) + 1;
constexpr std::size_t kThreadMaxBytes = class_bytes(kThreadClasses - 1);

struct Block {
  Block* next;
};

// An intrusive last-in-first-out list.
struct List {
  Block* head = nullptr;

  void push(Block* b) {
    b->next = head;
    head = b;
  }
  Block* pop() {
    Block* b = head;
    if (b) {
      head = b->next;
      // Of more blocks than the caches hold, the next one is far away; its user is close.
      __builtin_prefetch(head, 1);
    }
    return b;
  }
};

void* system_allocate(std::size_t bytes) {
  return ::operator new (bytes, std::align_val_t{kStorageAlignment}, std::nothrow);
}
void system_free(void* p) {
  ::operator delete (p, std::align_val_t{kStorageAlignment});
}

// The free blocks of one thread. `bytes` is atomic for pool_stats only: its thread alone writes it.
struct ThreadCache {
  std::array<List, kThreadClasses> lists;
  std::atomic<std::size_t> bytes{0};
  ThreadCache* next = nullptr;  // of the caches known to the shared pool
  ThreadCache* previous = nullptr;

  void add(std::size_t n) {
    bytes.store(bytes.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void subtract(std::size_t n) {
    bytes.store(bytes.load(std::memory_order_relaxed) - n, std::memory_order_relaxed);
  }
};

// What all threads share, behind a mutex.
class SharedPool {
 public:
  // A block of class k. Takes a few more into `cache`, if given, to save later visits.
  void* take(int k, ThreadCache* cache) {
    {
      std::lock_guard lock(mutex_);
      List& list = lists_[static_cast<std::size_t>(k)];
      if (Block* b = list.pop()) {
        const std::size_t bytes = class_bytes(k);
        cached_ -= bytes;
        for (std::size_t n = kBatchBytes / bytes; cache && n > 0 && list.head; --n) {
          cache->lists[static_cast<std::size_t>(k)].push(list.pop());
          cache->add(bytes);
          cached_ -= bytes;
        }
        return b;
      }
    }
    return from_system(class_bytes(k));
  }

  void give(int k, Block* block) noexcept {
    std::lock_guard lock(mutex_);
    keep(k, block);
  }

  void give_all(ThreadCache& cache) noexcept {
    std::lock_guard lock(mutex_);
    for (int k = 0; k < kThreadClasses; ++k) {
      while (Block* b = cache.lists[static_cast<std::size_t>(k)].pop()) keep(k, b);
    }
    cache.bytes.store(0, std::memory_order_relaxed);
  }

  void add(ThreadCache& cache) {
    std::lock_guard lock(mutex_);
    cache.next = caches_;
    if (caches_) caches_->previous = &cache;
    caches_ = &cache;
  }
  void remove(ThreadCache& cache) noexcept {
    give_all(cache);
    std::lock_guard lock(mutex_);
    if (cache.next) cache.next->previous = cache.previous;
    (cache.previous ? cache.previous->next : caches_) = cache.next;
  }

  void release() noexcept {
    std::lock_guard lock(mutex_);
    for (int k = 0; k < kClasses; ++k) {
      while (Block* b = lists_[static_cast<std::size_t>(k)].pop()) drop(k, b);
    }
  }

  void* from_system(std::size_t bytes) {
    void* p = system_allocate(bytes);
    if (!p) {
      release_pool();
      p = system_allocate(bytes);
      if (!p) throw std::bad_alloc();
    }
    std::lock_guard lock(mutex_);
    system_bytes_ += bytes;
    ++system_allocations_;
    return p;
  }
  void to_system(void* p, std::size_t bytes) noexcept {
    system_free(p);
    std::lock_guard lock(mutex_);
    system_bytes_ -= bytes;
  }

  PoolStats stats() {
    std::lock_guard lock(mutex_);
    std::size_t cached = cached_;
    for (const ThreadCache* c = caches_; c; c = c->next) {
      cached += c->bytes.load(std::memory_order_relaxed);
    }
    return {system_bytes_ - cached, cached, system_allocations_};
  }

 private:
  static constexpr std::size_t kBatchBytes = std::size_t{16} << 10;

  // With the mutex held. Makes room by giving up the largest blocks of other classes, so that sizes
  // no longer in use do not fill the cache for ever.
  void keep(int k, Block* block) noexcept {
    const std::size_t bytes = class_bytes(k);
    for (int other = kClasses - 1; other >= 0 && cached_ + bytes > kSharedCacheBytes; --other) {
      if (other == k) continue;
      List& list = lists_[static_cast<std::size_t>(other)];
      while (list.head && cached_ + bytes > kSharedCacheBytes) {
        cached_ -= class_bytes(other);
        system_bytes_ -= class_bytes(other);
        system_free(list.pop());
      }
    }
    if (cached_ + bytes > kSharedCacheBytes) {
      system_bytes_ -= bytes;
      system_free(block);
      return;
    }
    lists_[static_cast<std::size_t>(k)].push(block);
    cached_ += bytes;
  }
  void drop(int k, Block* block) noexcept {
    cached_ -= class_bytes(k);
    system_bytes_ -= class_bytes(k);
    system_free(block);
  }

  std::mutex mutex_;
  std::array<List, kClasses> lists_;
  ThreadCache* caches_ = nullptr;
  std::size_t cached_ = 0;
  std::size_t system_bytes_ = 0;  // obtained and not given back
  std::uint64_t system_allocations_ = 0;
};

// Never destroyed: objects of static and thread duration free into it at any time.
SharedPool& shared() {
  static SharedPool& pool = *new SharedPool;
  return pool;
}

// The pointer outlives the owner, whose destructor clears it: what the thread frees afterwards, in
// destructors of other thread_local objects, goes to the shared lists.
constinit thread_local ThreadCache* thread_cache = nullptr;
constinit thread_local bool thread_ended = false;

struct ThreadCacheOwner {
  ThreadCache cache;

  ThreadCacheOwner() { shared().add(cache); }
  ~ThreadCacheOwner() {
    thread_cache = nullptr;
    thread_ended = true;
    shared().remove(cache);
  }
};

// Null once the thread is ending.
[[gnu::noinline]] ThreadCache* make_thread_cache() {
  if (thread_ended) return nullptr;
  thread_local ThreadCacheOwner owner;
  thread_cache = &owner.cache;
  return thread_cache;
}
inline ThreadCache* get_thread_cache() {
  return thread_cache ? thread_cache : make_thread_cache();
}

// Keeps a block of class k for the calling thread.
inline void keep(ThreadCache& cache, int k, void* p) noexcept {
  cache.lists[static_cast<std::size_t>(k)].push(static_cast<Block*>(p));
  cache.add(class_bytes(k));
  if (cache.bytes.load(std::memory_order_relaxed) > kThreadCacheBytes) [[unlikely]] {
    shared().give_all(cache);
  }
}

[[gnu::noinline]] void* allocate_slowly(std::size_t bytes) {
  if (bytes > kMaxBytes) throw std::bad_alloc();
  const int k = class_of(bytes);
  return shared().take(k, k < kThreadClasses ? get_thread_cache() : nullptr);
}
[[gnu::noinline]] void free_slowly(void* p, std::size_t bytes) noexcept {
  const int k = class_of(bytes);
  ThreadCache* cache = k < kThreadClasses ? get_thread_cache() : nullptr;
  if (cache) return keep(*cache, k, p);
  shared().give(k, static_cast<Block*>(p));
}

}  // namespace

void* pool_allocate(std::size_t bytes) {
  if constexpr (kPassThrough) {
    if (bytes > kMaxBytes) throw std::bad_alloc();
    return shared().from_system(bytes);
  }
  ThreadCache* cache = thread_cache;
  if (bytes <= kThreadMaxBytes && cache) [[likely]] {
    const int k = class_of(bytes);
    if (Block* b = cache->lists[static_cast<std::size_t>(k)].pop()) [[likely]] {
      cache->subtract(class_bytes(k));
      return b;
    }
  }
  return allocate_slowly(bytes);
}

void pool_free(void* p, std::size_t bytes) noexcept {
  if (!p) return;
  if constexpr (kPassThrough) return shared().to_system(p, bytes);
  ThreadCache* cache = thread_cache;
  if (bytes <= kThreadMaxBytes && cache) [[likely]]
    return keep(*cache, class_of(bytes), p);
  free_slowly(p, bytes);
}

PoolStats pool_stats() {
  return shared().stats();
}

void release_pool() noexcept {
  if (thread_cache) shared().give_all(*thread_cache);
  shared().release();
}

Ref<Storage> allocate(std::size_t bytes) {
  static_assert(sizeof(Storage) <= Storage::kHeaderBytes);
  if (bytes > kMaxBytes - Storage::kHeaderBytes) throw std::bad_alloc();
  void* p = pool_allocate(Storage::kHeaderBytes + bytes);
  return Ref<Storage>::adopt(new (p) Storage(bytes));
}

void Storage::destroy(const Storage* storage) noexcept {
  const std::size_t bytes = storage->bytes_;
  storage->~Storage();
  pool_free(const_cast<Storage*>(storage), kHeaderBytes + bytes);
}

}  // namespace ito
