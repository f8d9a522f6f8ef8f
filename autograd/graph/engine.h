// The engine: orders a recorded graph, accumulates derivatives along it, frees it. Private.
#pragma once

#include <span>
#include <vector>

#include "autograd/tensor.h"

namespace ito::detail {

struct ReverseOptions {
  bool retain_graph = false;
  bool create_graph = false;
  bool stop_at_inputs = false;  // partial derivatives: none flows through one input to another
};

// Pulls the cotangents v of the outputs back. With `inputs`, returns their gradients (undefined
// where not reached) and visits only what lies between; without, accumulates into the leaves.
// `begun`, if not empty, is taken and added to: a gradient for each input, which must be a leaf
// without hooks, or undefined.
std::vector<Tensor> pull_back(std::span<const Tensor> outputs, std::span<const Tensor> v,
                              std::span<const Tensor> inputs, bool into_leaves,
                              ReverseOptions options, std::span<Tensor> begun = {});

// Pushes the tangents of the inputs forward; undefined for an output that does not depend on them.
std::vector<Tensor> push_forward(std::span<const Tensor> outputs, std::span<const Tensor> inputs,
                                 std::span<const Tensor> tangents);

}  // namespace ito::detail
