// What losses, divergences and denoisers ask of a network's answer.
#pragma once

#include "autograd/tensor.h"

namespace ito::diffusion {

// The answer, if it has the shape of x: another might broadcast without a word.
inline Tensor checked_answer(Tensor answer, const Tensor& x, const char* op) {
  check(answer.shape() == x.shape(), op, ": the network maps ", x.shape(), " to ", answer.shape());
  return answer;
}

}  // namespace ito::diffusion
