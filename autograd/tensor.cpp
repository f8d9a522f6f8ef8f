#include "autograd/tensor.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "autograd/grad_mode.h"
#include "autograd/graph/op.h"
#include "autograd/kernels/strided.h"
#include "autograd/ops/convert.h"
#include "autograd/ops/view.h"
#include "autograd/transforms.h"

namespace ito {

// Node ------------------------------------------------------------------------------------------

Node::Node() {}  // NOLINT: the union takes part in no default

Node::~Node() {
  delete extras;
  drop_inputs();
}

// Destroying a node may release the last reference to its inputs. Those wait in a list instead of
// being destroyed inside the destructor, so that the depth of the graph never becomes stack depth.
void Node::destroy(const Node* node) {
  constinit thread_local static Node* waiting = nullptr;
  constinit thread_local static bool draining = false;
  Node* n = const_cast<Node*>(node);
  n->data = waiting;  // the values are gone: the pointer links the list
  waiting = n;
  if (draining) return;
  draining = true;
  while (waiting) {
    n = waiting;
    waiting = static_cast<Node*>(n->data);
    n->~Node();
    pool_free(n, sizeof(Node));
  }
  draining = false;
}

Tensor* Node::make_inputs(std::size_t count) {
  input_count = static_cast<std::uint32_t>(count);
  if (count <= kInlineInputs) return inline_inputs;
  more_inputs = static_cast<Tensor*>(pool_allocate(count * sizeof(Tensor)));
  return more_inputs;
}

void Node::drop_inputs() {
  if (input_count <= kInlineInputs) {
    std::destroy_n(inline_inputs, input_count);
  } else {
    std::destroy_n(more_inputs, input_count);
    pool_free(more_inputs, input_count * sizeof(Tensor));
  }
  input_count = 0;
}

void Node::release_graph() {
  drop_inputs();
  op = {};
  freed = true;
}

// Metadata and values ---------------------------------------------------------------------------

namespace {

Tensor make(const Shape& shape, DType dtype) {
  auto* node = new (pool_allocate(sizeof(Node))) Node();
  Tensor x{Ref<Node>::adopt(node)};
  node->shape = shape;
  node->dtype = dtype;
  return x;
}

template <class To, class From>
To converted(From value) {
  return static_cast<To>(value);
}

}  // namespace

Index checked_numel(const Shape& shape) {
  Index n = 1;
  bool none = false;
  for (Index d : shape) {
    none = none || d == 0;
    if (d < 0 || (d > 0 && __builtin_mul_overflow(n, d, &n))) return -1;
  }
  if (n > Index{1} << 59) return -1;
  return none ? 0 : n;
}

Tensor empty(const Shape& shape, DType dtype) {
  const Index count = checked_numel(shape);
  check(count >= 0, "empty: shape ", shape, " has a negative size, or more elements than memory");
  Tensor x = make(shape, dtype);
  Node* node = x.node();
  node->strides = contiguous_strides(shape);
  node->storage = allocate(static_cast<std::size_t>(count) * size_of(dtype));
  node->data = node->storage->data();
  return x;
}

Tensor detached_copy(const Tensor& x) {
  NoGrad guard;
  Tensor y = empty(x.shape(), x.dtype());
  y.copy_(x);
  return y;
}

Tensor alias(const Tensor& x, const Shape& shape, const Strides& strides, Index offset) {
  Tensor y = make(shape, x.dtype());
  Node* node = y.node();
  node->strides = strides;
  node->contiguous = kernels::is_contiguous(shape, strides);
  node->storage = x.node()->storage;
  node->data =
      static_cast<std::byte*>(x.node()->data) + offset * static_cast<Index>(size_of(x.dtype()));
  return y;
}

double Tensor::item() const {
  check(numel() == 1, "item: needs one element, the shape is ", shape());
  return visit(dtype(), [&]<class T>(T) { return converted<double>(*data<T>()); });
}

template <class T>
std::vector<T> Tensor::to_vector() const {
  std::vector<T> values(static_cast<std::size_t>(numel()));
  visit(dtype(), [&]<class S>(S) {
    if constexpr (std::is_same_v<S, T>) {
      kernels::copy(data<S>(), strides(), values.data(), shape());
    } else {
      std::vector<S> source(values.size());
      kernels::copy(data<S>(), strides(), source.data(), shape());
      std::transform(source.begin(), source.end(), values.begin(), converted<T, S>);
    }
  });
  return values;
}
template std::vector<float> Tensor::to_vector() const;
template std::vector<double> Tensor::to_vector() const;
template std::vector<std::int64_t> Tensor::to_vector() const;

void Tensor::check_mutable(const char* what) const {
  check(is_leaf(), what, ": only a leaf's values may change; this is the result of an op. ",
        "Compute a new tensor, or change a copy");
  check(!requires_grad() || !grad_enabled(), what,
        ": the leaf requires a gradient; change it under NoGrad");
}

void Tensor::copy_(const Tensor& source) {
  check_mutable("copy_");
  NoGrad guard;
  Tensor packed = contiguous(convert(expand(source, shape()), dtype()));
  if (packed.node()->storage == node_->storage) {
    packed = detached_copy(packed);  // or they would be overwritten before they are read
  }
  visit(dtype(), [&]<class T>(T) {
    kernels::scatter_copy(packed.data<T>(), static_cast<T*>(node_->data), strides(), shape());
  });
}

void Tensor::fill_(double value) {
  copy_(scalar(value, dtype()));
}

// Graph -----------------------------------------------------------------------------------------

Tensor& Tensor::set_requires_grad(bool on) {
  check(is_leaf(), "set_requires_grad: only leaves; this is the result of an op");
  check(!on || is_floating(dtype()), "set_requires_grad: needs a floating dtype, got ", dtype());
  node_->requires_grad = on;
  return *this;
}

Tensor Tensor::detach() const {
  return alias(*this, shape(), strides());
}

Tensor Tensor::grad() const {
  return value().extras ? node_->extras->grad : Tensor();
}
void Tensor::set_grad(Tensor g) {
  value();
  check(!g.defined() || (g.shape() == shape() && g.dtype() == dtype()),
        "set_grad: the gradient must have the tensor's shape ", shape(), " and dtype ", dtype());
  if (g.defined() || node_->extras) node_->own_extras().grad = std::move(g);
}

void Tensor::backward(BackwardOptions options) const {
  ito::backward(*this, options);
}

void Tensor::register_hook(std::function<Tensor(const Tensor&)> hook) {
  check(requires_grad(), "register_hook: the tensor does not require a gradient");
  node_->own_extras().hooks.push_back(std::move(hook));
}

// Creation --------------------------------------------------------------------------------------

Tensor full(const Shape& shape, double value, DType dtype) {
  Tensor x = empty(shape, dtype);
  visit(dtype,
        [&]<class T>(T) { std::fill_n(x.mutable_data<T>(), x.numel(), static_cast<T>(value)); });
  return x;
}
Tensor zeros(const Shape& shape, DType dtype) {
  Tensor x = empty(shape, dtype);
  if (x.numel() > 0) {
    std::memset(x.node()->data, 0, static_cast<std::size_t>(x.numel()) * size_of(dtype));
  }
  return x;
}
Tensor ones(const Shape& shape, DType dtype) {
  return full(shape, 1, dtype);
}
Tensor scalar(double value, DType dtype) {
  return full({}, value, dtype);
}

Tensor linspace(double first, double last, Index count, DType dtype) {
  Tensor x = empty({count}, dtype);
  visit_floating(dtype, "linspace", [&]<class T>(T) {
    T* values = x.mutable_data<T>();
    const double step = count > 1 ? (last - first) / static_cast<double>(count - 1) : 0;
    for (Index i = 0; i < count; ++i) {
      values[i] = static_cast<T>(
          i + 1 == count && count > 1 ? last : first + step * static_cast<double>(i));
    }
  });
  return x;
}

Tensor arange(Index count, DType dtype) {
  Tensor x = empty({count}, dtype);
  visit(dtype, [&]<class T>(T) {
    for (Index i = 0; i < count; ++i) x.mutable_data<T>()[i] = static_cast<T>(i);
  });
  return x;
}

Tensor eye(Index n, DType dtype) {
  Tensor x = zeros({n, n}, dtype);
  visit(dtype, [&]<class T>(T) {
    for (Index i = 0; i < n; ++i) x.mutable_data<T>()[i * n + i] = T(1);
  });
  return x;
}

template <class T>
Tensor from(std::span<const T> values, const Shape& shape, DType dtype) {
  check(static_cast<Index>(values.size()) == numel(shape), "from: ", values.size(),
        " values for shape ", shape);
  Tensor x = empty(shape, dtype);
  visit(dtype, [&]<class S>(S) {
    std::transform(values.begin(), values.end(), x.mutable_data<S>(), converted<S, T>);
  });
  return x;
}
template Tensor from(std::span<const float>, const Shape&, DType);
template Tensor from(std::span<const double>, const Shape&, DType);
template Tensor from(std::span<const std::int64_t>, const Shape&, DType);

namespace {

// The values of nested lists in row-major order, and their shape.
struct Flattened {
  std::vector<double> values;
  Shape shape;
  int depth = -1;  // at which numbers stand

  void add(const NestedList& list, int level) {
    if (!list.is_list()) {
      check(depth < 0 || depth == level, "tensor: numbers at two depths, ", depth, " and ", level);
      depth = level;
      values.push_back(list.value());
      return;
    }
    const auto size = static_cast<Index>(list.list().size());
    if (level == shape.rank()) shape.push_back(size);
    check(shape[level] == size && (depth < 0 || level < depth), "tensor: lists of ", shape[level],
          " and of ", size, " entries at depth ", level);
    for (const NestedList& entry : list.list()) add(entry, level + 1);
  }
};

}  // namespace

Tensor tensor(const NestedList& values, DType dtype) {
  Flattened flat;
  flat.add(values, 0);
  return from(flat.values, flat.shape, dtype);
}

}  // namespace ito
