#include "autograd/graph/engine.h"

#include <cstdint>
#include <memory>

#include "autograd/grad_mode.h"
#include "autograd/graph/op.h"
#include "autograd/kernels/binary.h"
#include "autograd/ops/binary.h"
#include "autograd/ops/convert.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/view.h"

namespace ito::detail {
namespace {

// Node -> slot number: open addressing, emptied by advancing a stamp, so that a pass over a small
// graph costs nothing for the large one before it. Nodes carry no scratch fields: graphs that
// share nodes can be differentiated from several threads.
class NodeTable {
 public:
  NodeTable() : entries_(kInitialSize) {}

  void clear() {
    count_ = 0;
    if (++stamp_ == 0) {
      entries_.assign(entries_.size(), {});
      stamp_ = 1;
    }
  }
  // The slot of `node`, which becomes `fresh` if it had none.
  std::uint32_t find_or_insert(const Node* node, std::uint32_t fresh) {
    if (2 * count_ >= entries_.size()) grow();
    Entry& e = probe(node);
    if (e.stamp != stamp_) {
      e = {node, fresh, stamp_};
      ++count_;
    }
    return e.slot;
  }

 private:
  struct Entry {
    const Node* node = nullptr;
    std::uint32_t slot = 0;
    std::uint32_t stamp = 0;
  };
  static constexpr std::size_t kInitialSize = 256;

  Entry& probe(const Node* node) {
    // Nodes of one page keep their order in sixteen neighbouring entries: they were mostly made,
    // and are visited, one after the other. Where a page goes is scattered by Fibonacci hashing;
    // larger stretches would pile up where they overlap.
    const auto address = reinterpret_cast<std::uintptr_t>(node);
    const std::uint64_t page = (address >> 12) * 0x9E3779B97F4A7C15u;
    const std::size_t mask = entries_.size() - 1;
    std::size_t i = static_cast<std::size_t>((page >> 32) + (address >> 8) % 16) & mask;
    while (entries_[i].stamp == stamp_ && entries_[i].node != node) i = (i + 1) & mask;
    return entries_[i];
  }
  void grow() {
    std::vector<Entry> old(2 * entries_.size());
    old.swap(entries_);
    for (const Entry& e : old) {
      if (e.stamp == stamp_) probe(e.node) = e;
    }
  }

  std::vector<Entry> entries_;
  std::size_t count_ = 0;
  std::uint32_t stamp_ = 1;
};

struct Slot {
  Tensor tensor;
  Tensor derivative;             // cotangent or tangent, as the pass goes
  std::uint32_t first_edge = 0;  // in Workspace::edges, one an input
  std::uint32_t edge_count = 0;  // none if the pass does not look behind
  bool is_input = false;         // one of the variables asked for
  bool needed = false;           // lies between the variables and the outputs
  bool visited = false;
};
constexpr std::uint32_t kNoSlot = ~std::uint32_t{0};  // of an input without a gradient

// The scratch memory of one pass; kept for the next.
struct Workspace {
  // What is left of the inputs of a slot, or of the outputs of the pass: tensors and their edges.
  struct Frame {
    const Tensor* next;
    const Tensor* end;
    std::uint32_t edge;
    std::uint32_t slot;  // kNoSlot for the outputs
  };
  NodeTable table;
  std::vector<Slot> slots;
  std::vector<std::uint32_t> edges;  // the slots of the inputs of every slot looked behind
  std::uint32_t edge_count = 0;      // of those, the ones in use
  std::vector<std::uint32_t> order;  // needed slots, inputs before what uses them
  std::vector<Frame> stack;
  std::vector<Tensor> grads;  // of the inputs of one op; undefined in between
  std::vector<char> wanted;
  std::vector<Tensor*> sums;  // of the gradients of those inputs so far
  std::vector<Tangent> tangents;

  void clear() {
    table.clear();
    slots.clear();
    edge_count = 0;
    order.clear();
    stack.clear();
    grads.clear();
    tangents.clear();
  }

  std::uint32_t slot_of(const Tensor& x) {
    const auto fresh = static_cast<std::uint32_t>(slots.size());
    const std::uint32_t slot = table.find_or_insert(x.node(), fresh);
    if (slot == fresh) slots.emplace_back().tensor = x;
    return slot;
  }
  // The first of `count` new edges, which lead nowhere yet.
  std::uint32_t add_edges(std::uint32_t count) {
    const std::uint32_t first = edge_count;
    edge_count += count;
    if (edge_count > edges.size()) edges.resize(2 * std::size_t{edge_count});
    for (std::uint32_t i = first; i < edge_count; ++i) edges[i] = kNoSlot;
    return first;
  }
  // The slots of the inputs of a slot; kNoSlot where there is no gradient.
  std::span<const std::uint32_t> input_slots(const Slot& s) const {
    return {edges.data() + s.first_edge, s.edge_count};
  }
};

// Passes nest when a rule differentiates; each takes a workspace of its own.
class WorkspaceLease {
 public:
  WorkspaceLease() {
    if (idle().empty()) {
      workspace_ = std::make_unique<Workspace>();
    } else {
      workspace_ = std::move(idle().back());
      idle().pop_back();
    }
  }
  ~WorkspaceLease() {
    workspace_->clear();
    idle().push_back(std::move(workspace_));
  }
  WorkspaceLease(const WorkspaceLease&) = delete;
  WorkspaceLease& operator=(const WorkspaceLease&) = delete;
  Workspace& operator*() { return *workspace_; }

 private:
  static std::vector<std::unique_ptr<Workspace>>& idle() {
    thread_local std::vector<std::unique_ptr<Workspace>> list;
    return list;
  }
  std::unique_ptr<Workspace> workspace_;
};

// What was behind a freed node is lost, so it serves only as the end of a pass.
void check_not_freed(const Node* node, bool ends_here) {
  check(!node->freed || ends_here,
        "backward: this graph was already freed by an earlier backward or grad; "
        "pass retain_graph = true there to differentiate it again");
}

// Depth-first from the outputs; fills `order` and Slot::needed. With `leaves_needed`, leaves that
// require a gradient count as variables. Does not look behind a variable if `stop_at_inputs`.
void sort_graph(Workspace& w, std::span<const Tensor> outputs, std::span<const Tensor> inputs,
                bool leaves_needed, bool stop_at_inputs) {
  for (const Tensor& x : inputs) {
    Slot& s = w.slots[w.slot_of(x)];
    s.is_input = s.needed = true;
  }
  const auto push = [&](std::span<const Tensor> tensors, std::uint32_t slot) {
    const auto count = static_cast<std::uint32_t>(tensors.size());
    const std::uint32_t edge = w.add_edges(count);
    w.stack.push_back({tensors.data(), tensors.data() + count, edge, slot});
    return edge;
  };
  push(outputs, kNoSlot);
  for (;;) {
    Workspace::Frame& frame = w.stack.back();
    if (frame.next != frame.end) {
      const Tensor& x = *frame.next++;
      const std::uint32_t edge = frame.edge++;
      if (!x.requires_grad()) continue;
      const std::uint32_t slot = w.slot_of(x);
      w.edges[edge] = slot;
      Slot& s = w.slots[slot];
      if (s.visited) continue;
      s.visited = true;
      const bool ends_here = stop_at_inputs && s.is_input;
      s.first_edge = push(ends_here ? std::span<const Tensor>() : x.node()->inputs(), slot);
      s.edge_count = w.edge_count - s.first_edge;
      continue;
    }
    const std::uint32_t slot = frame.slot;
    w.stack.pop_back();
    if (slot == kNoSlot) return;
    Slot& s = w.slots[slot];
    const Node* node = s.tensor.node();
    // With other inputs, one of them may lie behind this one.
    check_not_freed(node, s.is_input && (stop_at_inputs || inputs.size() == 1));
    if (leaves_needed && !node->op) s.needed = true;
    for (const std::uint32_t input : w.input_slots(s)) {
      if (input != kNoSlot && w.slots[input].needed) s.needed = true;
    }
    if (s.needed) w.order.push_back(slot);
  }
}

void add_to(Tensor& sum, const Tensor& g) {
  if (!grad_enabled()) {
    // Copying a transposed gradient by tiles, and adding it in place, beats adding it as it lies.
    if (!sum.is_contiguous()) sum = contiguous(sum);
    if (sole_owner(sum)) {
      const Tensor flat = contiguous(g);
      visit_floating(sum.dtype(), "backward", [&]<class T>(T) {
        T* values = static_cast<T*>(sum.node()->data);
        kernels::binary(kernels::BinaryFn::add, values, false, flat.data<T>(), false, values,
                        sum.numel());
      });
      return;
    }
  }
  sum = sum + g;
}
void accumulate(Tensor& sum, Tensor&& g) {
  if (sum.defined()) return add_to(sum, g);
  sum = std::move(g);
}

// Reduces a gradient to the shape of the input that was broadcast.
void fit(Tensor& g, const Tensor& x, const Op& op) {
  if (g.dtype() != x.dtype()) [[unlikely]] {
    fail(op.name(), ": its vjp rule returned ", g.dtype(), " for an input of dtype ", x.dtype());
  }
  if (g.shape() != x.shape()) g = sum_to(g, x.shape());
}

void run_vjps(const Op& op, const Call& call, const Tensor& g, std::span<Tensor> grads,
              const Gradients& out) {
  if (!anomalies_wanted()) [[likely]] {
    op.vjps(call, g, out);
    return;
  }
  const Differentiating context(call.out);
  op.vjps(call, g, out);
  // Rules may compute with kernels alone.
  for (const Tensor& d : grads) check_finite("a rule", d, call.in);
}

void add_to_leaf(Node* leaf, const Tensor& g) {
  Tensor& total = leaf->own_extras().grad;
  total = total.defined() ? total + g : contiguous(g);
}

}  // namespace

std::vector<Tensor> pull_back(std::span<const Tensor> outputs, std::span<const Tensor> v,
                              std::span<const Tensor> inputs, bool into_leaves,
                              ReverseOptions options, std::span<Tensor> begun) {
  WorkspaceLease lease;
  Workspace& w = *lease;
  GradMode mode(options.create_graph);
  sort_graph(w, outputs, inputs, into_leaves, options.stop_at_inputs);
  for (std::size_t i = 0; i < begun.size(); ++i) {
    w.slots[w.slot_of(inputs[i])].derivative = std::move(begun[i]);
  }
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    if (outputs[k].requires_grad()) {
      accumulate(w.slots[w.slot_of(outputs[k])].derivative, Tensor(v[k]));
    }
  }

  for (std::size_t at = w.order.size(); at-- > 0;) {
    Slot& s = w.slots[w.order[at]];
    Node* node = s.tensor.node();
    Tensor g = s.is_input ? s.derivative : std::move(s.derivative);
    if (!g.defined()) continue;
    if (node->extras && !node->extras->hooks.empty()) {
      for (const auto& hook : node->extras->hooks) {
        Tensor replaced = hook(g);
        if (!replaced.defined()) continue;
        check(replaced.shape() == g.shape() && replaced.dtype() == g.dtype(),
              "register_hook: the hook returned ", replaced.dtype(), replaced.shape(),
              " for a gradient ", g.dtype(), g.shape());
        g = std::move(replaced);
      }
      if (s.is_input) s.derivative = g;
    }
    if (!node->op) {
      // A pass inside a rule may have freed it since the sorting.
      check_not_freed(node, s.is_input && (options.stop_at_inputs || inputs.size() == 1));
      if (into_leaves) add_to_leaf(node, g);
      continue;
    }
    if (s.is_input && options.stop_at_inputs) continue;
    // A graph that is not kept goes as the pass does, while its memory is warm.
    const Tensor out = options.retain_graph || s.is_input ? s.tensor : std::move(s.tensor);
    const std::span<const Tensor> in = node->inputs();
    const std::span<const std::uint32_t> edges = w.input_slots(s);
    if (w.grads.size() < in.size()) {
      w.grads.resize(in.size());
      w.wanted.resize(in.size());
      w.sums.resize(in.size());
    }
    const std::span<Tensor> grads(w.grads.data(), in.size());
    const std::span<char> wanted(w.wanted.data(), in.size());
    bool any = false;
    for (std::size_t i = 0; i < in.size(); ++i) {
      const bool wants = edges[i] != kNoSlot && w.slots[edges[i]].needed;
      wanted[i] = wants;
      w.sums[i] = wants ? &w.slots[edges[i]].derivative : nullptr;
      any = any || wants;
    }
    if (!any) continue;
    run_vjps(*node->op, {in, out}, g, grads, Gradients(grads, wanted, w.sums));
    g = {};
    for (std::size_t i = 0; i < in.size(); ++i) {
      Tensor d = std::move(grads[i]);
      if (!wanted[i] || !d.defined()) continue;
      fit(d, in[i], *node->op);
      accumulate(w.slots[edges[i]].derivative, std::move(d));
    }
    if (!options.retain_graph) node->release_graph();
  }

  std::vector<Tensor> results;
  results.reserve(inputs.size());
  for (const Tensor& x : inputs) results.push_back(w.slots[w.slot_of(x)].derivative);
  return results;
}

namespace {

Tangent run_jvp(const Call& call, Tangents t) {
  if (!anomalies_wanted()) [[likely]]
    return call.out.op()->jvp(call, t);
  const Differentiating context(call.out);
  return call.out.op()->jvp(call, t);
}

}  // namespace

std::vector<Tensor> push_forward(std::span<const Tensor> outputs, std::span<const Tensor> inputs,
                                 std::span<const Tensor> tangents) {
  WorkspaceLease lease;
  Workspace& w = *lease;
  sort_graph(w, outputs, inputs, false, true);
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    accumulate(w.slots[w.slot_of(inputs[k])].derivative, Tensor(tangents[k]));
  }
  for (const std::uint32_t slot : w.order) {
    if (w.slots[slot].is_input) continue;
    const Tensor out = w.slots[slot].tensor;
    const std::span<const Tensor> in = out.inputs();
    w.tangents.clear();
    for (const std::uint32_t input : w.input_slots(w.slots[slot])) {
      w.tangents.emplace_back(input == kNoSlot ? Tangent() : Tangent(w.slots[input].derivative));
    }
    const Tangent t = run_jvp({in, out}, w.tangents);
    if (!t.defined()) continue;
    const Tensor& value = t.value();
    check(value.dtype() == out.dtype(), out.op()->name(), ": its jvp rule returned ", value.dtype(),
          " for an output of dtype ", out.dtype());
    w.slots[slot].derivative = value.shape() == out.shape() ? value : expand(value, out.shape());
  }
  std::vector<Tensor> results;
  results.reserve(outputs.size());
  for (const Tensor& y : outputs) {
    results.push_back(y.requires_grad() ? w.slots[w.slot_of(y)].derivative : Tensor());
  }
  return results;
}

}  // namespace ito::detail
