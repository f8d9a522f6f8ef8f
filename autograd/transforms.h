// Derivatives as functions: backward, grad, vjp, jvp, hvp.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "autograd/tensor.h"

namespace ito {

struct GradOptions {
  bool retain_graph = false;  // keep the graph for another pass; implied by create_graph
  bool create_graph = false;  // record the derivative, so that it can be differentiated again
  bool allow_unused = false;  // an input the output does not depend on gives an undefined tensor
};

// Accumulates d(loss)/d(leaf) into grad() of every leaf that requires one. `loss` has one element.
void backward(const Tensor& loss, BackwardOptions options = {});

// d(output)/d(inputs), in the inputs' shapes. `output` has one element. Throws if an input is not
// reached, unless allow_unused.
std::vector<Tensor> grad(const Tensor& output, std::span<const Tensor> inputs,
                         GradOptions options = {});
std::vector<Tensor> grad(const Tensor& output, std::initializer_list<Tensor> inputs,
                         GradOptions options = {});
Tensor grad(const Tensor& output, const Tensor& input, GradOptions options = {});

// J' v for recorded outputs: sum_k <outputs[k], v[k]> differentiated by the inputs.
std::vector<Tensor> vjp(std::span<const Tensor> outputs, std::span<const Tensor> v,
                        std::span<const Tensor> inputs, GradOptions options = {});

// Adds J' v to `sums`, one an input, where undefined counts as zero: in place where nobody else
// sees the values, which spares each pass of a sum over many a gradient of its own. Records nothing
// and frees the graph; an input that is not reached leaves its sum as it is. The inputs differ. If
// this throws, the sums are lost.
void add_vjp(std::span<const Tensor> outputs, std::span<const Tensor> v,
             std::span<const Tensor> inputs, std::span<Tensor> sums);

// J t for recorded outputs: tangents of the inputs pushed forward through the graph. The rules are
// recorded too when recording is on, so the result can be differentiated (reverse over forward).
// An output that does not depend on the inputs gets zeros.
std::vector<Tensor> jvp(std::span<const Tensor> outputs, std::span<const Tensor> inputs,
                        std::span<const Tensor> tangents);
Tensor jvp(const Tensor& output, const Tensor& input, const Tensor& tangent);

using Function = std::function<Tensor(const Tensor&)>;

// H v of a scalar function at x, forward over reverse: one gradient, one tangent.
Tensor hvp(const Function& f, const Tensor& x, const Tensor& v);

}  // namespace ito
