// Tensor: a value handle that is also the graph node.
//
// Copying a Tensor shares the node. Values are immutable, except that a leaf's may be rewritten
// under NoGrad. A tensor computed from inputs that require a gradient remembers its Op and inputs;
// everything the derivatives need is reached from it, and is freed with it.
//
// Tensors may be read from several threads at once; writing a leaf needs exclusive access.
#pragma once

#include <atomic>
#include <functional>
#include <initializer_list>
#include <ostream>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "autograd/dtype.h"
#include "autograd/ref.h"
#include "autograd/shape.h"
#include "autograd/storage.h"

namespace ito {

class Op;
class Tensor;
struct Node;

struct BackwardOptions {
  bool retain_graph = false;  // keep the graph for another pass; implied by create_graph
  bool create_graph = false;  // record the derivative, so that it can be differentiated again
};

class Tensor {
 public:
  Tensor() = default;  // undefined: no shape, no values
  explicit Tensor(Ref<Node> node) : node_(std::move(node)) {}

  bool defined() const { return static_cast<bool>(node_); }
  explicit operator bool() const = delete;

  // Shape and type.
  const Shape& shape() const;
  const Strides& strides() const;  // in elements
  int rank() const { return shape().rank(); }
  Index size(Index axis) const;  // axis may be negative
  Index numel() const;
  DType dtype() const;
  bool is_contiguous() const;  // row-major without gaps

  // Values. data<T>() points at element (0, ..., 0); the rest follow the strides. T must match
  // the dtype. mutable_data is for leaves under NoGrad, and for tensors nobody else has seen.
  template <class T>
  const T* data() const {
    check_dtype(dtype_of<T>);
    return static_cast<const T*>(raw());
  }
  template <class T>
  T* mutable_data() {
    check_dtype(dtype_of<T>);
    check_mutable("mutable_data");
    return static_cast<T*>(const_cast<void*>(raw()));
  }
  // The values of a contiguous tensor, row-major, without a copy.
  template <class T>
  std::span<const T> values() const {
    check(defined() && is_contiguous(), "values: the tensor is not contiguous; see contiguous()");
    return {data<T>(), static_cast<std::size_t>(numel())};
  }
  double item() const;  // the value of a one-element tensor
  template <class T>
  std::vector<T> to_vector() const;  // row-major copy, converted to T

  // Rewrites a leaf's values (under NoGrad if it requires a gradient). Shapes broadcast to this.
  void copy_(const Tensor& source);
  void fill_(double value);

  // Graph.
  bool requires_grad() const;
  // Leaves only, and before they are used: what was computed earlier records nothing of them, and
  // contributes nothing to their gradients.
  Tensor& set_requires_grad(bool on = true);
  bool is_leaf() const;                    // no recorded op
  const Op* op() const;                    // null for a leaf
  std::span<const Tensor> inputs() const;  // of the op; empty for a leaf
  // The same memory without the history. Rules read values again: who writes into those of a
  // recorded op changes its derivatives, so change a copy.
  Tensor detach() const;

  // The gradient accumulated by backward() into a leaf; undefined before the first.
  Tensor grad() const;
  void set_grad(Tensor g);
  void zero_grad() { set_grad({}); }

  // Accumulates d(this)/d(leaf) into grad() of every leaf this depends on. One-element tensors
  // only; see grad() in transforms.h for everything else.
  void backward(BackwardOptions options = {}) const;

  // Calls `hook(gradient)` when the gradient of this tensor is complete in a backward pass; a
  // defined return value replaces it. For tensors that require a gradient.
  void register_hook(std::function<Tensor(const Tensor&)> hook);

  const Node* node() const { return node_.get(); }
  Node* node() { return node_.get(); }
  bool same_as(const Tensor& other) const { return node_.get() == other.node_.get(); }

 private:
  const Node& value() const;  // throws if undefined
  const void* raw() const;
  void check_dtype(DType wanted) const;
  void check_mutable(const char* what) const;

  Ref<Node> node_;
};

// The node behind a Tensor. Private to the library; here so that accessors inline. The order of
// the fields is that of their use: a small op touches the first cache lines only.
struct Node : RefCounted {
  // Most ops have at most three inputs; more live in a block from the pool.
  static constexpr std::uint32_t kInlineInputs = 3;
  // What few nodes have.
  struct Extras {
    Tensor grad;  // leaves only
    std::vector<std::function<Tensor(const Tensor&)>> hooks;
  };

  Node();
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  static void destroy(const Node* node);  // iterative: a chain of any length needs no stack

  std::span<const Tensor> inputs() const {
    return {input_count <= kInlineInputs ? inline_inputs : more_inputs, input_count};
  }
  // Once, for a node without inputs; a range of what converts to const Tensor&.
  template <class Inputs>
  void set_inputs(const Inputs& inputs) {
    Tensor* to = make_inputs(inputs.size());
    for (const Tensor& x : inputs) new (to++) Tensor(x);
  }
  Tensor* make_inputs(std::size_t count);  // room for them, not yet constructed
  void drop_inputs();
  void release_graph();  // drops op and inputs; marks the node as freed
  Extras& own_extras() {
    if (!extras) extras = new Extras();
    return *extras;
  }

  std::uint32_t input_count = 0;
  DType dtype = DType::f32;
  bool contiguous = true;
  bool requires_grad = false;
  bool freed = false;    // backward has released the inputs
  void* data = nullptr;  // element (0, ..., 0), inside storage
  Ref<Storage> storage;
  Ref<const Op> op;
  union {
    Tensor inline_inputs[kInlineInputs];
    Tensor* more_inputs;
  };
  Extras* extras = nullptr;  // owned
  Shape shape;
  Strides strides;
};

inline const Node& Tensor::value() const {
  check(defined(), "tensor: used before it was given a value");
  return *node_;
}
inline const Shape& Tensor::shape() const {
  return value().shape;
}
inline const Strides& Tensor::strides() const {
  return value().strides;
}
inline Index Tensor::numel() const {
  return ito::numel(shape());
}
inline Index Tensor::size(Index axis) const {
  return shape()[normalize_axis(axis, rank(), "size")];
}
inline DType Tensor::dtype() const {
  return value().dtype;
}
inline bool Tensor::is_contiguous() const {
  return value().contiguous;
}
inline bool Tensor::requires_grad() const {
  return defined() && node_->requires_grad;
}
inline bool Tensor::is_leaf() const {
  return !value().op && !node_->freed;
}
inline const Op* Tensor::op() const {
  return value().op.get();
}
inline std::span<const Tensor> Tensor::inputs() const {
  return value().inputs();
}
inline const void* Tensor::raw() const {
  return value().data;
}
inline void Tensor::check_dtype(DType wanted) const {
  check(defined() && dtype() == wanted, "data: asked for ", wanted, ", the tensor holds ",
        defined() ? name(dtype()) : "nothing");
}

// The number of elements of a shape that nobody has checked: -1 if a size is negative, or if they
// are too many for memory (the product without zeros, which strides are made of, exceeds 2^59).
Index checked_numel(const Shape& shape);

// Creation. Every factory takes a dtype; the default is f32.
Tensor empty(const Shape& shape, DType dtype = DType::f32);  // contiguous, values unset
Tensor detached_copy(const Tensor& x);  // the values of x in memory of their own, no history
Tensor zeros(const Shape& shape, DType dtype = DType::f32);
Tensor ones(const Shape& shape, DType dtype = DType::f32);
Tensor full(const Shape& shape, double value, DType dtype = DType::f32);
Tensor scalar(double value, DType dtype = DType::f32);  // 0-dim
Tensor arange(Index count, DType dtype = DType::f32);   // 0, 1, ..., count - 1
Tensor linspace(double first, double last, Index count, DType dtype = DType::f32);
Tensor eye(Index n, DType dtype = DType::f32);
inline Tensor zeros_like(const Tensor& x) {
  return zeros(x.shape(), x.dtype());
}
inline Tensor ones_like(const Tensor& x) {
  return ones(x.shape(), x.dtype());
}

// Copies values in; the dtype is T's unless given.
template <class T>
Tensor from(std::span<const T> values, const Shape& shape, DType dtype = dtype_of<T>);
template <class T>
Tensor from(const std::vector<T>& values, const Shape& shape, DType dtype = dtype_of<T>) {
  return from(std::span<const T>(values), shape, dtype);
}
// Numbers in braces, nested to any depth.
class NestedList {
 public:
  NestedList(double value) : value_(value) {}  // NOLINT: both are what braces convert to
  NestedList(std::initializer_list<NestedList> list) : is_list_(true), list_(list) {}
  bool is_list() const { return is_list_; }
  double value() const { return value_; }
  const std::vector<NestedList>& list() const { return list_; }

 private:
  double value_ = 0;
  bool is_list_ = false;
  std::vector<NestedList> list_;
};
// tensor({1, 2, 3}), tensor({{1, 2}, {3, 4}}), ...; the lists of one level must agree in length.
Tensor tensor(const NestedList& values, DType dtype = DType::f32);

// Same storage, other shape and strides, `offset` elements further; records nothing.
Tensor alias(const Tensor& x, const Shape& shape, const Strides& strides, Index offset = 0);

// Prints like NumPy: nested brackets, aligned columns, long axes abbreviated.
std::ostream& operator<<(std::ostream& out, const Tensor& x);
std::string to_string(const Tensor& x);

}  // namespace ito
