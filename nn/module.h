// Module: the base of everything that owns parameters.
//
//   struct Regressor : ito::nn::Module {
//     explicit Regressor(Generator& rng)
//         : hidden(add("hidden", Linear(8, 32, rng))), head(add("head", Linear(32, 1, rng))) {}
//     Tensor forward(const Tensor& x /*[B, 8]*/) const { return
//     head.forward(tanh(hidden.forward(x))); } Linear hidden, head;
//   };
//
// A parameter is registered once, under a name; a child's parameters appear in its parent under
// "child.name". Tensors are handles, so parent and child see the same parameters, and a copied
// module shares those of the original: copy_parameters copies values instead.
#pragma once

#include <concepts>
#include <string>
#include <utility>
#include <vector>

#include "autograd/tensor.h"

namespace ito::nn {

struct NamedTensor {
  std::string name;
  Tensor value;
};

// Names and values, in the order of registration.
using StateDict = std::vector<NamedTensor>;
// The value of that name; null if there is none.
const Tensor* find(const StateDict& list, const std::string& name);

// Copies the values of `from` into the tensors of `to`, matched by name. Throws an Error headed by
// `what` that lists every missing, unexpected or different entry, and then changes nothing.
void load_values(const StateDict& from, const StateDict& to, const char* what);

class Module {
 public:
  // In the order of registration. A parameter registered under several names, as weights that are
  // tied, has them all, and is one parameter.
  const std::vector<NamedTensor>& named_parameters() const { return parameters_; }
  std::vector<Tensor> parameters() const;
  Index parameter_count() const;  // elements, not tensors

  // Tensors that are saved but not trained, such as random frequencies.
  const std::vector<NamedTensor>& named_buffers() const { return buffers_; }

  void zero_grad();

  // Copies of the values of all parameters and buffers.
  StateDict state_dict() const;

  // Copies values in. Names, shapes and dtypes must be exactly those of this module, in any order;
  // otherwise throws an Error that lists every difference, and changes nothing.
  void load_state_dict(const StateDict& state);

 protected:
  Module() = default;
  ~Module() = default;
  Module(const Module&) = default;
  Module& operator=(const Module&) = default;
  Module(Module&&) = default;
  Module& operator=(Module&&) = default;

  // Registers `value` under `name` (unique, not empty, no '.') and returns it. A parameter is a
  // leaf and requires a gradient from here on.
  Tensor add(std::string name, Tensor value);
  Tensor add_buffer(std::string name, Tensor value);

  // Registers the parameters and buffers of `child` under "name." and returns it.
  template <std::derived_from<Module> M>
  M add(const std::string& name, M child) {
    adopt(name, child);
    return child;
  }

 private:
  void check_name(const std::string& name) const;
  void adopt(const std::string& name, const Module& child);

  std::vector<NamedTensor> parameters_;
  std::vector<NamedTensor> buffers_;
};

// Copies the values of `from` into `to`, which must have the same names and shapes.
void copy_parameters(const Module& from, Module& to);

}  // namespace ito::nn
