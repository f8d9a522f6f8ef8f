#include "autograd/checkpoint.h"

#include <unordered_set>
#include <utility>
#include <vector>

#include "autograd/grad_mode.h"
#include "autograd/graph/engine.h"
#include "autograd/graph/op.h"
#include "autograd/ops/view.h"
#include "autograd/transforms.h"

namespace ito {
namespace {

using Segment = std::function<Tensor(std::span<const Tensor>)>;

// Variables with the values of `in`, distinct from all other tensors: derivatives by them are
// partial ones. Where recording they hang on `in`, so that the rule stays in the graph.
std::vector<Tensor> variables(std::span<const Tensor> in) {
  std::vector<Tensor> out;
  for (const Tensor& x : in) {
    if (!x.requires_grad() || grad_enabled()) {
      out.push_back(x.requires_grad() ? reshape(x, x.shape()) : x);
    } else {
      out.push_back(x.detach().set_requires_grad());
    }
  }
  return out;
}

// The inputs are those of f, then the leaves that f has captured.
struct Checkpoint final : Op {
  static constexpr const char* kName = "checkpoint";
  Checkpoint(Segment function, std::size_t count) : f(std::move(function)), arguments(count) {}
  const char* name() const override { return kName; }

  // Runs f once more, recording; fills `x` with what to differentiate by.
  Tensor recompute(const Call& c, std::vector<Tensor>& x) const {
    x = variables(c.in.first(arguments));
    const std::span<const Tensor> leaves = c.in.subspan(arguments);
    GradMode record(true);
    Tensor y = f(x);
    x.insert(x.end(), leaves.begin(), leaves.end());
    return y;
  }

  void vjps(const Call& c, const Tensor& g, Gradients out) const override {
    const bool create_graph = grad_enabled();
    std::vector<Tensor> x, wanted;
    const Tensor y = recompute(c, x);
    if (!y.requires_grad()) return;
    for (int i = 0; i < out.size(); ++i) {
      if (out.wants(i)) wanted.push_back(x[static_cast<std::size_t>(i)]);
    }
    const std::vector<Tensor> grads = detail::pull_back(
        {&y, 1}, {&g, 1}, wanted, false,
        {.retain_graph = create_graph, .create_graph = create_graph, .stop_at_inputs = true});
    for (int i = 0, k = 0; i < out.size(); ++i) {
      if (out.wants(i)) out.set(i, grads[static_cast<std::size_t>(k++)]);
    }
  }
  Tensor vjp(const Call& c, const Tensor& g, int i) const override {
    std::vector<Tensor> grads(c.in.size());
    std::vector<char> wanted(c.in.size(), 0);
    wanted[static_cast<std::size_t>(i)] = 1;
    vjps(c, g, Gradients(grads, wanted));
    return grads[static_cast<std::size_t>(i)];
  }
  Tangent jvp(const Call& c, Tangents t) const override {
    std::vector<Tensor> x, moved, tangents;
    const Tensor y = recompute(c, x);
    if (!y.requires_grad()) return {};
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (!t[i].defined()) continue;
      moved.push_back(x[i]);
      tangents.push_back(t[i].value());
    }
    return moved.empty() ? Tangent() : Tangent(ito::jvp({&y, 1}, moved, tangents)[0]);
  }

  Segment f;
  std::size_t arguments;
};

// The leaves that y depends on and that require a gradient, without the inputs themselves.
std::vector<Tensor> captured_leaves(const Tensor& y, std::span<const Tensor> inputs) {
  std::unordered_set<const Node*> met;
  for (const Tensor& x : inputs) met.insert(x.node());
  std::vector<Tensor> leaves, waiting{y};
  while (!waiting.empty()) {
    const Tensor x = std::move(waiting.back());
    waiting.pop_back();
    if (!x.requires_grad() || !met.insert(x.node()).second) continue;
    if (x.is_leaf()) leaves.push_back(x);
    waiting.insert(waiting.end(), x.inputs().begin(), x.inputs().end());
  }
  return leaves;
}

// Runs `first` now and keeps `again` for the derivatives.
Tensor run(const Segment& first, Segment again, std::span<const Tensor> inputs) {
  if (!grad_enabled()) return first(inputs);
  std::vector<Tensor> all(inputs.begin(), inputs.end());
  Tensor value;
  {
    // The graph of this run finds the captured leaves, and goes when the scope ends.
    std::vector<Tensor> cut;
    for (const Tensor& x : inputs) {
      cut.push_back(x.detach());
      if (x.requires_grad()) cut.back().set_requires_grad();
    }
    const Tensor y = first(cut);
    const std::vector<Tensor> leaves = captured_leaves(y, cut);
    all.insert(all.end(), leaves.begin(), leaves.end());
    value = y.detach();
  }
  return apply<Checkpoint>(std::move(value), all, std::move(again), inputs.size());
}

}  // namespace

Tensor checkpoint(const Segment& f, std::span<const Tensor> inputs) {
  return run(f, f, inputs);
}
Tensor checkpoint(const Segment& f, std::initializer_list<Tensor> inputs) {
  return run(f, f, std::span(inputs.begin(), inputs.size()));
}

Tensor checkpoint(const std::function<Tensor(std::span<const Tensor>, Generator&)>& f,
                  std::span<const Tensor> inputs, Generator& rng) {
  const auto again = [f, start = rng](std::span<const Tensor> in) {
    Generator replay = start;
    return f(in, replay);
  };
  return run([&](std::span<const Tensor> in) { return f(in, rng); }, again, inputs);
}

}  // namespace ito
