// How packed_gemm cuts its loops, and its buffers: what does not depend on the instruction set.
#pragma once

#include <algorithm>
#include <cstddef>

#include "autograd/shape.h"
#include "autograd/storage.h"

namespace ito::kernels {

// The sums over k are cut into pieces of at most this length, on every instruction set: a panel of
// B, two AVX-512 vectors wide, then takes at most 48 KB and stays near the tiles that run through
// it.
template <class T>
inline constexpr Index kBlockDepth = 1536 / sizeof(T);

// Rows of A at a time: they take half a megabyte, for the second-level cache. Every such block
// packs B anew, which costs as much as a few rows.
template <class T>
inline constexpr Index kBlockRows = (Index{512} << 10) / (kBlockDepth<T> * sizeof(T));

// So few columns would leave most of a vector empty.
inline constexpr Index kFewColumns = 4;

// Columns of A are packed where they exceed the first-level cache, or lie so far apart that they
// evict each other from it: it holds few lines of equal address modulo 4096.
template <class T>
inline constexpr Index kLarge = 65536 / sizeof(T);
template <class T>
inline constexpr Index kFarApart = 2048 / sizeof(T);

// Lines whole pages apart evict each other from the caches.
template <class T>
inline constexpr Index kPage = 4096 / sizeof(T);

// C is made row by row if its rows lie so far apart that it spreads over more memory than this,
template <class T>
inline constexpr Index kWideSpread = (Index{512} << 10) / sizeof(T);
// and B is no larger than this.
template <class T>
inline constexpr Index kSmallB = (Index{256} << 10) / sizeof(T);

// A cache line.
template <class T>
inline constexpr Index kLine = 64 / sizeof(T);

// [0, size) cut into the fewest pieces of at most `most`, as equal as they can be; one piece if
// size is zero.
class Pieces {
 public:
  Pieces(Index size, Index most)
      : total_(size),
        count_(std::max<Index>((size + most - 1) / most, 1)),
        small_(size / count_),
        large_count_(size % count_) {}

  Index total() const { return total_; }
  Index count() const { return count_; }
  Index begin(Index i) const { return i * small_ + std::min(i, large_count_); }
  Index size(Index i) const { return small_ + (i < large_count_ ? 1 : 0); }

 private:
  Index total_, count_, small_, large_count_;
};

// Memory of the pool for a scope.
template <class T>
class Scratch {
 public:
  explicit Scratch(Index count)
      : bytes_(static_cast<std::size_t>(count) * sizeof(T)),
        data_(static_cast<T*>(pool_allocate(bytes_))) {}
  ~Scratch() { pool_free(data_, bytes_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  T* data() const { return data_; }

 private:
  std::size_t bytes_;
  T* data_;
};

}  // namespace ito::kernels
