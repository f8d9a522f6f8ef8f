// AnomalyMode: stops at the first value that is not finite.
#pragma once

#include <atomic>
#include <span>

#include "autograd/tensor.h"

namespace ito {

// While a scope is open, every operation of this thread checks its result, also inside backward
// passes, and the first NaN or infinity throws an Error that names the operation, the shapes, the
// element, whether an input was bad already, and, for a derivative, the operation being
// differentiated with the call stack that created it. (Functions of a program appear by name when
// it is linked with -rdynamic, otherwise as addresses for addr2line.) Slow: for debugging. Ops
// that mean an infinity, such as a mask, must run outside the scope.
class AnomalyMode {
 public:
  AnomalyMode();
  ~AnomalyMode();
  AnomalyMode(const AnomalyMode&) = delete;
  AnomalyMode& operator=(const AnomalyMode&) = delete;
};

namespace detail {

// Open scopes in all threads: the only thing that operations read when nobody debugs.
inline constinit std::atomic<int> anomaly_scopes{0};

inline bool anomalies_wanted() {
  return anomaly_scopes.load(std::memory_order_relaxed) != 0;
}

// If this thread has an open scope: throws unless the result of `op` is finite.
void check_finite(const char* op, const Tensor& value, std::span<const Tensor> inputs);
// If this thread has an open scope: remembers the stack that created a recorded result.
void remember_creation(const Tensor& value);

// Names the op whose rule runs, for the error of what fails inside.
class Differentiating {
 public:
  explicit Differentiating(const Tensor& output);
  ~Differentiating();
  Differentiating(const Differentiating&) = delete;
  Differentiating& operator=(const Differentiating&) = delete;

 private:
  const Node* outer_;
};

}  // namespace detail
}  // namespace ito
