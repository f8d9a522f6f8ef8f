#include "nn/finite.h"

#include <cmath>
#include <sstream>
#include <unordered_set>
#include <vector>

#include "autograd/graph/op.h"

namespace ito::nn {
namespace {

template <class... Parts>
std::string joined(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

// Depth-first, inputs before what uses them; the first non-finite tensor met has finite inputs.
// The stack is explicit, since a graph may be deeper than the machine's.
Tensor first_non_finite(const Tensor& root) {
  struct Frame {
    Tensor tensor;
    std::size_t next_input = 0;
  };
  std::unordered_set<const Node*> seen{root.node()};
  std::vector<Frame> stack{{.tensor = root}};
  while (!stack.empty()) {
    Frame& frame = stack.back();
    if (frame.next_input < frame.tensor.inputs().size()) {
      const Tensor input = frame.tensor.inputs()[frame.next_input++];
      if (seen.insert(input.node()).second) stack.push_back({.tensor = input});
      continue;
    }
    if (!all_finite(frame.tensor)) return frame.tensor;
    stack.pop_back();
  }
  return {};
}

}  // namespace

bool all_finite(const Tensor& x) {
  if (!is_floating(x.dtype())) return true;
  for (const double value : x.to_vector<double>()) {
    if (!std::isfinite(value)) return false;
  }
  return true;
}

std::string describe_non_finite(const Module& model, const Tensor& loss, const Tensor& batch) {
  for (const NamedTensor& p : model.named_parameters()) {
    if (!all_finite(p.value)) return joined("parameter ", p.name, ' ', p.value.shape());
  }
  if (!all_finite(batch)) return joined("the batch ", batch.shape());
  const Tensor first = first_non_finite(loss);
  if (!first.defined()) return "none is left in the graph";
  if (first.op()) return joined("output of ", first.op()->name(), ' ', first.shape());
  return joined("a constant of the loss ", first.shape());
}

std::string describe_non_finite_gradient(const Module& model) {
  for (const NamedTensor& p : model.named_parameters()) {
    const Tensor g = p.value.grad();
    if (g.defined() && !all_finite(g)) return joined("gradient of ", p.name, ' ', g.shape());
  }
  return "none: only the norm overflows";
}

}  // namespace ito::nn
