// Storage: 64-byte-aligned buffers from a size-class pool, and the pool itself.
//
// Sizes are rounded up to classes at most 25 % apart (never below 64 bytes), shifted by one
// Storage header so that buffers of 2^k bytes fit their class exactly. Blocks up to
// kThreadCachedBlock are recycled in lists of the calling thread, without locks, up to
// kThreadCacheBytes a thread; the rest, and the overflow, are recycled in lists shared by all
// threads, up to kSharedCacheBytes. What exceeds that goes back to the system.
//
// A block may be freed by any thread. A thread that ends hands its lists to the shared ones. The
// pool is never destroyed, so objects of static and thread duration may free into it at any time.
// Under AddressSanitizer every block goes straight to the system allocator.
#pragma once

#include <cstddef>
#include <cstdint>

#include "autograd/ref.h"

namespace ito {

inline constexpr std::size_t kStorageAlignment = 64;
inline constexpr std::size_t kThreadCachedBlock = std::size_t{256} << 10;
// Holds what a recorded chain of 10^5 small ops frees at once, some 400 bytes an op: the node and
// its values. A cache that overflows is handed over whole, and then every op takes a lock.
inline constexpr std::size_t kThreadCacheBytes = std::size_t{64} << 20;
inline constexpr std::size_t kSharedCacheBytes = std::size_t{1} << 30;

// Uninitialised memory aligned to kStorageAlignment; never null, even for zero bytes. Throws
// std::bad_alloc after everything cached was given back to the system in vain.
[[nodiscard]] void* pool_allocate(std::size_t bytes);
// `bytes` must be what was asked for; `p` may be null.
void pool_free(void* p, std::size_t bytes) noexcept;

struct PoolStats {
  std::size_t bytes_live = 0;            // in use, rounded up to size classes
  std::size_t bytes_cached = 0;          // free, kept for reuse
  std::uint64_t system_allocations = 0;  // since the start of the process
};

// A snapshot; exact when no other thread uses the pool at this moment.
PoolStats pool_stats();

// Gives back to the system what is cached in the shared lists and in those of the calling thread.
void release_pool() noexcept;

// A counted buffer; header and data are one block.
class Storage final : public RefCounted {
 public:
  void* data() const noexcept {
    return reinterpret_cast<std::byte*>(const_cast<Storage*>(this)) + kHeaderBytes;
  }
  std::size_t bytes() const noexcept { return bytes_; }

  static void destroy(const Storage* storage) noexcept;

 private:
  friend Ref<Storage> allocate(std::size_t bytes);
  static constexpr std::size_t kHeaderBytes = kStorageAlignment;

  explicit Storage(std::size_t bytes) noexcept : bytes_(bytes) {}

  std::size_t bytes_;
};

// An uninitialised buffer; zero bytes are allowed.
Ref<Storage> allocate(std::size_t bytes);

}  // namespace ito
