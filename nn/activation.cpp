#include "nn/activation.h"

#include <array>
#include <string>

#include "autograd/ops/unary.h"

namespace ito::nn {
namespace {

struct Entry {
  Activation activation;
  const char* name;
  Tensor (*function)(const Tensor&);
};

constexpr std::array kActivations{
    Entry{Activation::identity, "identity", [](const Tensor& x) { return x; }},
    Entry{Activation::relu, "relu", ito::relu},
    Entry{Activation::tanh, "tanh", ito::tanh},
    Entry{Activation::sigmoid, "sigmoid", ito::sigmoid},
    Entry{Activation::silu, "silu", ito::silu},
    Entry{Activation::gelu, "gelu", ito::gelu},
    Entry{Activation::softplus, "softplus", ito::softplus},
};

const Entry& entry(Activation activation) {
  return kActivations[static_cast<std::size_t>(activation)];
}

}  // namespace

Tensor activate(Activation activation, const Tensor& x) {
  return entry(activation).function(x);
}

const char* name(Activation activation) {
  return entry(activation).name;
}

Activation activation_from_name(std::string_view name) {
  std::string known;
  for (const Entry& e : kActivations) {
    if (name == e.name) return e.activation;
    known += known.empty() ? "" : ", ";
    known += e.name;
  }
  fail("activation: no \"", name, "\"; there are ", known);
}

}  // namespace ito::nn
