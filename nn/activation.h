// Activations by name, so that a network's nonlinearity can be an option.
#pragma once

#include <string_view>

#include "autograd/tensor.h"

namespace ito::nn {

enum class Activation { identity, relu, tanh, sigmoid, silu, gelu, softplus };

Tensor activate(Activation activation, const Tensor& x);

// x[i] = act(x[i]) for i in [0, n), f32 or f64, for values outside any graph.
template <class T>
void activate_in_place(Activation activation, T* x, Index n);

const char* name(Activation activation);
// The inverse of name; throws an Error that lists the names it knows.
Activation activation_from_name(std::string_view name);

}  // namespace ito::nn
