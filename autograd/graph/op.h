// Op: a differentiable operation. Derive from it, give both rules, and call apply<YourOp>(...).
//
//   struct Square final : ito::Op {
//     static constexpr const char* kName = "square";
//     const char* name() const override { return kName; }
//     Tensor vjp(const Call& c, const Tensor& g, int) const override { return 2 * g * c.in[0]; }
//     Tangent jvp(const Call& c, Tangents t) const override { return 2 * (t[0] * c.in[0]); }
//   };
//
// Rules are written with differentiable ops, so derivatives of every order follow from them.
#pragma once

#include <initializer_list>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "autograd/anomaly.h"
#include "autograd/grad_mode.h"
#include "autograd/ref.h"
#include "autograd/tensor.h"

namespace ito {

// One use of an op: what went in and what came out.
struct Call {
  std::span<const Tensor> in;
  const Tensor& out;
};

// A tangent, or a symbolic zero when undefined. Rules combine tangents linearly.
class Tangent {
 public:
  Tangent() = default;
  Tangent(Tensor value) : value_(std::move(value)) {}  // NOLINT: a tensor is a tangent
  bool defined() const { return value_.defined(); }
  const Tensor& value() const { return value_; }

 private:
  Tensor value_;
};
using Tangents = std::span<const Tangent>;

Tangent operator+(const Tangent& a, const Tangent& b);
Tangent operator-(const Tangent& a, const Tangent& b);
Tangent operator-(const Tangent& t);
Tangent operator*(const Tangent& t, const Tensor& factor);
Tangent operator*(const Tensor& factor, const Tangent& t);
Tangent operator*(double factor, const Tangent& t);
Tangent operator/(const Tangent& t, const Tensor& divisor);

// Applies a linear function of tensors to a tangent; zero stays zero.
template <class F>
Tangent map(const Tangent& t, F&& linear) {
  return t.defined() ? Tangent(linear(t.value())) : Tangent();
}

// Where Op::vjps puts the gradients of the inputs that want one.
class Gradients {
 public:
  Gradients(std::span<Tensor> slots, std::span<const char> wanted,
            std::span<Tensor* const> sums = {})
      : slots_(slots), wanted_(wanted), sums_(sums) {}
  int size() const { return static_cast<int>(slots_.size()); }
  bool wants(int i) const { return wanted_[static_cast<std::size_t>(i)] != 0; }
  void set(int i, Tensor g) { slots_[static_cast<std::size_t>(i)] = std::move(g); }
  // Calls write(d, adds) with the contiguous gradient of input i, like x, for a rule that can add:
  // to what other uses of the input have left in d, if `adds`; else it sets d.
  template <class Write>
  void write(int i, const Tensor& x, Write&& write) {
    Tensor* sum = sum_so_far(i);
    Tensor d = sum ? *sum : empty(x.shape(), x.dtype());
    write(d, sum != nullptr);
    if (!sum) set(i, std::move(d));
  }

 private:
  // Null if a gradient must be set.
  Tensor* sum_so_far(int i) const;

  std::span<Tensor> slots_;
  std::span<const char> wanted_;
  std::span<Tensor* const> sums_;
};

class Op : public RefCounted {
 public:
  virtual ~Op() = default;
  static void* operator new(std::size_t bytes) { return pool_allocate(bytes); }
  static void operator delete(void* p, std::size_t bytes) { pool_free(p, bytes); }

  virtual const char* name() const = 0;

  // The gradient of input i, given g, the gradient of the output: J_i' g. Its shape may be the
  // broadcast shape: the engine sums it back to the input's. Undefined means zero.
  virtual Tensor vjp(const Call& call, const Tensor& g, int i) const = 0;

  // The tangent of the output, given those of the inputs: sum_i J_i t_i. Its shape may be smaller
  // than the output's where it broadcasts.
  virtual Tangent jvp(const Call& call, Tangents t) const = 0;

  // dy/dx_i of an op that acts element by element, in the shape of the output; undefined where the
  // tangent of ones is no dearer.
  virtual Tensor slope(const Call& /*call*/, int /*i*/) const { return {}; }

  // All wanted gradients at once; override where they share work.
  virtual void vjps(const Call& call, const Tensor& g, Gradients out) const {
    for (int i = 0; i < out.size(); ++i) {
      if (out.wants(i)) out.set(i, vjp(call, g, i));
    }
  }
};

// The name of every op type the program can record, sorted; a test holds it against its table.
std::vector<const char*> registered_ops();

// A tensor named in a list: unlike a copy, it does not touch the reference count.
class Operand {
 public:
  Operand(const Tensor& x) : x_(&x) {}  // NOLINT: a tensor is an operand
  operator const Tensor&() const { return *x_; }

 private:
  const Tensor* x_;
};

namespace detail {
// True if the values of x are contiguous and nobody else can see them.
inline bool sole_owner(const Tensor& x) {
  return x.is_contiguous() && x.node()->unique() && x.node()->storage->unique();
}

bool register_op(const char* name);

template <class OpT>
struct Registration {
  static inline const bool done = register_op(OpT::kName);
};

// Inputs is a span of Tensor or of Operand.
template <class Inputs>
bool should_record(const Inputs& inputs) {
  if (!grad_enabled()) return false;
  for (const Tensor& x : inputs) {
    if (x.requires_grad()) return true;
  }
  return false;
}
template <class Inputs>
Tensor record(Tensor value, const Inputs& inputs, Ref<const Op> op) {
  Node* node = value.node();
  node->op = std::move(op);
  node->set_inputs(inputs);
  node->requires_grad = true;
  if (anomalies_wanted()) [[unlikely]]
    remember_creation(value);
  return value;
}

// A stateless op is one immortal object; others live as long as their tensors.
template <class OpT, class... State>
Ref<const Op> make_op(State&&... state) {
  (void)Registration<OpT>::done;
  if constexpr (sizeof...(State) == 0) {
    static const OpT* const instance = [] {
      auto* op = new OpT();
      op->make_immortal();
      return op;
    }();
    return Ref<const Op>(instance);
  } else {
    return Ref<const Op>::adopt(new OpT(std::forward<State>(state)...));
  }
}
}  // namespace detail

// Gives `value`, computed from `inputs`, its history: op OpT with the given state. Returns `value`
// as it is when recording is off or no input requires a gradient. Inputs is a span of tensors.
template <class OpT, class Inputs, class... State>
Tensor apply(Tensor value, const Inputs& inputs, State&&... state) {
  if (detail::anomalies_wanted()) [[unlikely]] {
    detail::check_finite(OpT::kName, value, std::vector<Tensor>(inputs.begin(), inputs.end()));
  }
  if (!detail::should_record(inputs)) return value;
  return detail::record(std::move(value), inputs,
                        detail::make_op<OpT>(std::forward<State>(state)...));
}
template <class OpT, class... State>
Tensor apply(Tensor value, std::initializer_list<Operand> inputs, State&&... state) {
  return apply<OpT>(std::move(value), std::span(inputs.begin(), inputs.size()),
                    std::forward<State>(state)...);
}

}  // namespace ito
