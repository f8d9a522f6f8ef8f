// The number of threads within a scope, for tests that hold results to be the same on any.
#pragma once

#include "autograd/parallel.h"

namespace ito::support {

class ThreadCount {
 public:
  explicit ThreadCount(int count) : before_(thread_count()) { set_thread_count(count); }
  ~ThreadCount() { set_thread_count(before_); }
  ThreadCount(const ThreadCount&) = delete;
  ThreadCount& operator=(const ThreadCount&) = delete;

 private:
  int before_;
};

}  // namespace ito::support
