#include "autograd/transforms.h"

#include <algorithm>

#include "autograd/grad_mode.h"
#include "autograd/graph/engine.h"
#include "autograd/ops/binary.h"
#include "autograd/ops/reduce.h"

namespace ito {
namespace {

void check_differentiable(const Tensor& output, const char* what) {
  check(output.defined() && output.requires_grad(), what,
        ": the output does not depend on anything that requires a gradient");
}

void check_one_element(const Tensor& output, const char* what) {
  check_differentiable(output, what);
  check(output.numel() == 1, what, ": needs a one-element output, the shape is ", output.shape(),
        "; reduce it, or use vjp with a cotangent");
}

void check_cotangents(std::span<const Tensor> of, std::span<const Tensor> v, const char* what) {
  check(of.size() == v.size(), what, ": ", of.size(), " tensors but ", v.size(), " vectors");
  for (std::size_t k = 0; k < of.size(); ++k) {
    check(v[k].shape() == of[k].shape() && v[k].dtype() == of[k].dtype(), what, ": vector ", k,
          " is ", v[k].dtype(), v[k].shape(), ", its tensor is ", of[k].dtype(), of[k].shape());
  }
}

void check_inputs(std::span<const Tensor> inputs) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    check(inputs[i].requires_grad(), "grad: input ", i,
          " does not require a gradient; call set_requires_grad() on it before it is used");
  }
}

void check_different(std::span<const Tensor> inputs) {
  std::vector<const Node*> nodes;
  for (const Tensor& x : inputs) nodes.push_back(x.node());
  std::sort(nodes.begin(), nodes.end());
  check(std::adjacent_find(nodes.begin(), nodes.end()) == nodes.end(),
        "add_vjp: an input is given twice");
}

}  // namespace

void backward(const Tensor& loss, BackwardOptions options) {
  check_one_element(loss, "backward");
  const Tensor seed = ones_like(loss);
  detail::pull_back({&loss, 1}, {&seed, 1}, {}, true,
                    {options.retain_graph || options.create_graph, options.create_graph});
}

std::vector<Tensor> vjp(std::span<const Tensor> outputs, std::span<const Tensor> v,
                        std::span<const Tensor> inputs, GradOptions options) {
  check_cotangents(outputs, v, "vjp");
  check_inputs(inputs);
  std::vector<Tensor> grads =
      detail::pull_back(outputs, v, inputs, false,
                        {options.retain_graph || options.create_graph, options.create_graph});
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    check(grads[i].defined() || options.allow_unused, "grad: the output does not depend on input ",
          i, " of shape ", inputs[i].shape(), "; pass allow_unused = true to get it undefined");
  }
  return grads;
}

void add_vjp(std::span<const Tensor> outputs, std::span<const Tensor> v,
             std::span<const Tensor> inputs, std::span<Tensor> sums) {
  check_cotangents(outputs, v, "add_vjp");
  check_inputs(inputs);
  check(sums.size() == inputs.size(), "add_vjp: ", inputs.size(), " inputs but ", sums.size(),
        " sums");
  check_different(inputs);
  // Of other inputs, what was there before must not flow on, or be shown to hooks.
  const auto begins = [](const Tensor& x) {
    const Node* node = x.node();
    return !node->op && (!node->extras || node->extras->hooks.empty());
  };
  std::vector<Tensor> begun(inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    check(!sums[i].defined() ||
              (sums[i].shape() == inputs[i].shape() && sums[i].dtype() == inputs[i].dtype()),
          "add_vjp: sum ", i, " does not have the shape and dtype of its input");
    if (begins(inputs[i])) begun[i] = std::move(sums[i]);
  }
  std::vector<Tensor> grads = detail::pull_back(outputs, v, inputs, false, {}, begun);
  NoGrad guard;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!sums[i].defined()) {
      sums[i] = std::move(grads[i]);
    } else if (grads[i].defined()) {
      sums[i] = sums[i] + grads[i];
    }
  }
}

std::vector<Tensor> grad(const Tensor& output, std::span<const Tensor> inputs,
                         GradOptions options) {
  check_one_element(output, "grad");
  const Tensor seed = ones_like(output);
  return vjp({&output, 1}, {&seed, 1}, inputs, options);
}
std::vector<Tensor> grad(const Tensor& output, std::initializer_list<Tensor> inputs,
                         GradOptions options) {
  return grad(output, std::span(inputs.begin(), inputs.size()), options);
}
Tensor grad(const Tensor& output, const Tensor& input, GradOptions options) {
  return grad(output, std::span(&input, 1), options)[0];
}

std::vector<Tensor> jvp(std::span<const Tensor> outputs, std::span<const Tensor> inputs,
                        std::span<const Tensor> tangents) {
  check_cotangents(inputs, tangents, "jvp");
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    check(inputs[i].requires_grad(), "jvp: input ", i,
          " does not require a gradient, so the graph from it was not recorded; call "
          "set_requires_grad() on it before it is used");
  }
  std::vector<Tensor> results = detail::push_forward(outputs, inputs, tangents);
  for (std::size_t k = 0; k < results.size(); ++k) {
    if (!results[k].defined()) results[k] = zeros_like(outputs[k]);
  }
  return results;
}
Tensor jvp(const Tensor& output, const Tensor& input, const Tensor& tangent) {
  return jvp(std::span(&output, 1), std::span(&input, 1), std::span(&tangent, 1))[0];
}

Tensor hvp(const Function& f, const Tensor& x, const Tensor& v) {
  GradMode record(true);
  Tensor at = x.detach().set_requires_grad();
  const Tensor y = f(at);
  Tensor gradient;
  if (y.requires_grad()) gradient = grad(y, {at}, {.create_graph = true, .allow_unused = true})[0];
  return gradient.defined() ? jvp(gradient, at, v).detach() : zeros_like(at);
}

}  // namespace ito
