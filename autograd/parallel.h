// A small thread pool for data-parallel loops, and the lease on OpenBLAS's thread setting.
//
// Results must never depend on thread_count(): callers cut their work into shards of a *fixed*
// size (never total / thread_count()) and combine partial results in shard order.
#pragma once

#include <algorithm>
#include <memory>
#include <type_traits>

#include "autograd/shape.h"

namespace ito {

// Threads that run a loop, the caller included. At first the number of processors this process
// may use, or the environment variable ITO_NUM_THREADS.
int thread_count() noexcept;
// Throws unless count >= 1. Takes effect at the next loop.
void set_thread_count(int count);

namespace detail {
using ShardFunction = void (*)(void* context, Index shard);
void run_shards(Index shards, ShardFunction run, void* context);
}  // namespace detail

// Calls f(i) exactly once for every i in [0, shards), the caller taking part, and returns when all
// are done. If shards throw, the others still run and the exception of the lowest shard is
// rethrown. Loops inside a shard, and loops started while another thread's loop holds the pool,
// run serially in their caller. Every shard rounds, and treats subnormal numbers, as the caller
// does. OpenBLAS, whose sums depend on its threads, is held at one thread while several shards run,
// in parallel or not.
template <class F>
void parallel_for(Index shards, F&& f) {
  using Callable = std::remove_reference_t<F>;
  detail::run_shards(
      shards, [](void* context, Index i) { (*static_cast<Callable*>(context))(i); },
      const_cast<std::remove_const_t<Callable>*>(std::addressof(f)));
}

// The same for [0, n), n >= 0, cut into pieces of `piece` elements, the last one possibly smaller:
// f(begin, count). Results must not depend on the cuts, or `piece` be fixed.
template <class F>
void parallel_for_pieces(Index n, Index piece, F&& f) {
  parallel_for((n + piece - 1) / piece,
               [&](Index i) { f(i * piece, std::min(piece, n - i * piece)); });
}

// A piece of an array that is worth a thread, in elements: a pass over it takes some ten
// microseconds.
inline constexpr Index kWorthAThread = 16384;

// Holds OpenBLAS's process-wide thread setting at `count` for a scope. Where scopes overlap, in
// one thread or several, the smallest count rules; the setting found at first is restored when
// the last scope ends.
class BlasThreads {
 public:
  explicit BlasThreads(int count);
  ~BlasThreads();
  BlasThreads(const BlasThreads&) = delete;
  BlasThreads& operator=(const BlasThreads&) = delete;

 private:
  int count_;  // zero if unmanaged
};

// Embedders that set OpenBLAS's threads themselves pass false; scopes opened later do nothing.
void manage_blas_threads(bool manage) noexcept;

}  // namespace ito
