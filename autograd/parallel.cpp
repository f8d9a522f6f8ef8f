#include "autograd/parallel.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <limits>
#include <mutex>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <vector>

#include "autograd/flush_denormals.h"
#include "autograd/kernels/gemm.h"

namespace ito {
namespace {

// Longer spins steal whole scheduler ticks from threads that share the core.
constexpr auto kSpin = std::chrono::microseconds(10);

inline void relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

// Waits for `ready` a little while without blocking; true if it became so.
template <class Ready>
bool spin_until(Ready ready) {
  const auto end = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < 32; ++i) {
      if (ready()) return true;
      relax();
    }
  } while (std::chrono::steady_clock::now() < end);
  return ready();
}

// One loop: threads draw shards until none is left.
class Job {
 public:
  Job(Index shards, detail::ShardFunction run, void* context)
      : shards_(shards), run_(run), context_(context) {}

  // In a thread of the pool.
  void help() noexcept {
    detail::set_float_control(control_);
    work();
  }
  void work() noexcept {
    for (Index i; (i = next_.fetch_add(1, std::memory_order_relaxed)) < shards_;) {
      try {
        run_(context_, i);
      } catch (...) {
        std::lock_guard lock(error_mutex_);
        if (i < error_shard_) error_shard_ = i, error_ = std::current_exception();
      }
    }
  }
  void rethrow() {
    if (error_) std::rethrow_exception(std::move(error_));
  }

 private:
  const Index shards_;
  const detail::ShardFunction run_;
  void* const context_;
  const std::uint64_t control_ = detail::float_control();
  std::atomic<Index> next_{0};
  std::mutex error_mutex_;
  Index error_shard_ = std::numeric_limits<Index>::max();
  std::exception_ptr error_;
};

int initial_thread_count() {
  if (const char* text = std::getenv("ITO_NUM_THREADS")) {
    const long n = std::strtol(text, nullptr, 10);
    if (n >= 1 && n <= 1024) return static_cast<int>(n);
  }
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

// True in workers, and in callers while they run a job.
constinit thread_local bool inside_shard = false;

struct InsideShard {
  InsideShard() { inside_shard = true; }
  ~InsideShard() { inside_shard = false; }
};

class ThreadPool {
 public:
  std::atomic<int> threads{initial_thread_count()};

  // False if the pool is taken by another loop, or the process is ending.
  bool run(Job& job, Index shards) {
    std::unique_lock turn(turn_, std::try_to_lock);
    if (!turn) return false;
    const auto helpers = static_cast<std::size_t>(
        std::min<Index>(threads.load(std::memory_order_relaxed), shards) - 1);
    {
      std::lock_guard lock(mutex_);
      if (stopping_) return false;
      try {
        while (workers_.size() < helpers) {
          workers_.emplace_back(&ThreadPool::work, this, workers_.size());
        }
      } catch (const std::system_error&) {
        // The system grants no more threads: those there are, and the caller, do the work.
      }
      job_ = &job;
      helpers_ = helpers;
      generation_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
    const InsideShard inside;
    job.work();
    // A worker that has not come yet finds no job; those at work are waited for.
    {
      std::lock_guard lock(mutex_);
      job_ = nullptr;
    }
    const auto idle = [&] { return active_.load(std::memory_order_acquire) == 0; };
    if (!spin_until(idle)) {
      std::unique_lock lock(mutex_);
      idle_.wait(lock, idle);
    }
    return true;
  }

  // Loops after this run serially. A forked child has no workers to wait for.
  void stop() {
    if (getpid() != process_) return;
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
      generation_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
    for (std::thread& worker : workers_) worker.join();
    workers_.clear();
  }

 private:
  void work(std::size_t index) {
    const InsideShard inside;
    std::uint64_t seen = 0;
    const auto changed = [&] { return generation_.load(std::memory_order_acquire) != seen; };
    for (;;) {
      spin_until(changed);
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return changed(); });
      seen = generation_.load(std::memory_order_relaxed);
      if (stopping_) return;
      Job* job = index < helpers_ ? job_ : nullptr;
      if (!job) continue;
      active_.fetch_add(1, std::memory_order_relaxed);
      lock.unlock();
      job->help();
      lock.lock();
      if (active_.fetch_sub(1, std::memory_order_release) == 1) idle_.notify_one();
    }
  }

  const pid_t process_ = getpid();
  std::mutex turn_;   // held by the loop that has the pool
  std::mutex mutex_;  // guards what follows; the atomics may be read without
  std::condition_variable wake_, idle_;
  std::vector<std::thread> workers_;
  Job* job_ = nullptr;
  std::size_t helpers_ = 0;
  bool stopping_ = false;
  std::atomic<std::uint64_t> generation_{0};
  std::atomic<int> active_{0};
};

// Never destroyed, so that loops in late destructors still work; its workers are joined at exit.
ThreadPool& pool() {
  static ThreadPool& p = *new ThreadPool;
  static const struct Stopper {
    ~Stopper() { p.stop(); }
  } stopper;
  return p;
}

// The scopes that are open, by the count they ask for.
struct BlasState {
  std::mutex mutex;
  std::vector<int> requests;
  int found = 0;
  std::atomic<bool> managed{true};

  void apply() { kernels::set_blas_threads(*std::min_element(requests.begin(), requests.end())); }
};
BlasState& blas() {
  static BlasState& state = *new BlasState;
  return state;
}

}  // namespace

int thread_count() noexcept {
  return pool().threads.load(std::memory_order_relaxed);
}

void set_thread_count(int count) {
  check(count >= 1, "set_thread_count: needs at least one thread, got ", count);
  pool().threads.store(count, std::memory_order_relaxed);
}

void detail::run_shards(Index shards, ShardFunction run, void* context) {
  if (shards <= 0) return;
  Job job(shards, run, context);
  if (shards > 1 && !inside_shard) {
    const BlasThreads one(1);
    if (thread_count() == 1 || !pool().run(job, shards)) job.work();
  } else {
    job.work();
  }
  job.rethrow();
}

BlasThreads::BlasThreads(int count) : count_(blas().managed ? count : 0) {
  check(count >= 1, "BlasThreads: needs at least one thread, got ", count);
  if (count_ == 0) return;
  BlasState& state = blas();
  std::lock_guard lock(state.mutex);
  state.requests.push_back(count_);
  if (state.requests.size() == 1) state.found = kernels::blas_threads();
  state.apply();
}

BlasThreads::~BlasThreads() {
  if (count_ == 0) return;
  BlasState& state = blas();
  std::lock_guard lock(state.mutex);
  state.requests.erase(std::find(state.requests.begin(), state.requests.end(), count_));
  if (state.requests.empty()) {
    kernels::set_blas_threads(state.found);
  } else {
    state.apply();
  }
}

void manage_blas_threads(bool manage) noexcept {
  blas().managed = manage;
}

}  // namespace ito
