// Gradient clipping.
#pragma once

#include <span>

#include "autograd/tensor.h"

namespace ito::nn {

// The Euclidean norm of all gradients taken as one vector, in double. Parameters without a
// gradient count as zero.
double grad_norm(std::span<const Tensor> parameters);

// The factor that brings a gradient of this norm down to max_norm: min(1, max_norm/(norm + 1e-6)),
// as in PyTorch. Pass it to Optimizer::step.
double clip_factor(double norm, double max_norm);

// Scales the gradients so that their norm is at most max_norm; returns the norm before.
double clip_grad_norm(std::span<const Tensor> parameters, double max_norm);

// Limits every element of every gradient to [-bound, bound].
void clip_grad_value(std::span<const Tensor> parameters, double bound);

}  // namespace ito::nn
