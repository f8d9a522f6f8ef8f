// Helpers of the benchmarks: interleaved timing against a floor measured in the same process.
#pragma once

#include <algorithm>
#include <chrono>
#include <ctime>
#include <vector>

#include "autograd/parallel.h"

namespace ito::bench {

template <class F>
double seconds_of(F&& f) {
  const auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Of this thread's processor time: what else runs on the machine is left out, and so is the work of
// other threads.
template <class F>
double processor_seconds_of(F&& f) {
  const auto now = [] {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
  };
  const double start = now();
  f();
  return now() - start;
}

// With one thread by its processor time, which a shared machine disturbs less; with several by the
// time that passes.
template <class F>
double steady_seconds_of(F&& f) {
  return thread_count() == 1 ? processor_seconds_of(f) : seconds_of(f);
}

inline double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace ito::bench
