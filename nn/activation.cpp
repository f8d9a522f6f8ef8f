#include "nn/activation.h"

#include <array>
#include <string>

#include "autograd/kernels/unary.h"
#include "autograd/ops/unary.h"

namespace ito::nn {
namespace {

struct Entry {
  Activation activation;
  const char* name;
  Tensor (*function)(const Tensor&);
  kernels::UnaryFn kernel;  // of all but the identity
};
using K = kernels::UnaryFn;

constexpr std::array kActivations{
    Entry{Activation::identity, "identity", [](const Tensor& x) { return x; }, {}},
    Entry{Activation::relu, "relu", ito::relu, K::relu},
    Entry{Activation::tanh, "tanh", ito::tanh, K::tanh},
    Entry{Activation::sigmoid, "sigmoid", ito::sigmoid, K::sigmoid},
    Entry{Activation::silu, "silu", ito::silu, K::silu},
    Entry{Activation::gelu, "gelu", ito::gelu, K::gelu},
    Entry{Activation::softplus, "softplus", ito::softplus, K::softplus},
};

const Entry& entry(Activation activation) {
  return kActivations[static_cast<std::size_t>(activation)];
}

}  // namespace

Tensor activate(Activation activation, const Tensor& x) {
  return entry(activation).function(x);
}

template <class T>
void activate_in_place(Activation activation, T* x, Index n) {
  if (activation != Activation::identity) kernels::unary(entry(activation).kernel, x, x, n);
}
template void activate_in_place(Activation, float*, Index);
template void activate_in_place(Activation, double*, Index);

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
