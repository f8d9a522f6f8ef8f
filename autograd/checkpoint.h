// Checkpointing: memory for time.
#pragma once

#include <functional>
#include <initializer_list>
#include <span>

#include "autograd/random.h"
#include "autograd/tensor.h"

namespace ito {

// f(inputs), without keeping what f computes in between: derivatives run f again. Every order and
// both modes work. f must be a pure function of its inputs, of captured leaves (parameters: found
// and differentiated like inputs) and of captured constants; other tensors that require a gradient
// have to be inputs.
Tensor checkpoint(const std::function<Tensor(std::span<const Tensor>)>& f,
                  std::span<const Tensor> inputs);
Tensor checkpoint(const std::function<Tensor(std::span<const Tensor>)>& f,
                  std::initializer_list<Tensor> inputs);

// The same for an f that draws: `rng` advances once, and every later run of f draws the same
// numbers again.
Tensor checkpoint(const std::function<Tensor(std::span<const Tensor>, Generator&)>& f,
                  std::span<const Tensor> inputs, Generator& rng);

}  // namespace ito
