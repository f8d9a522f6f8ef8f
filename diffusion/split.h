// Splitting data in two along its principal direction, for mixture-aware training.
#pragma once

#include <vector>

#include "autograd/tensor.h"

namespace ito::diffusion {

// The unit leading eigenvector [n] of the uncentred second-moment matrix 1/N sum x x'. Power
// iteration in f64 until ||S v - lambda v|| <= 1e-10 lambda, or throws after `max_iterations`
// (the two largest eigenvalues then agree). The sign makes the largest-modulus entry positive.
std::vector<double> principal_direction(const Tensor& x /*[N, n]*/, int max_iterations = 10000);

struct PrincipalSplit {
  std::vector<double> direction;  // [n]
  std::vector<Index> positive;    // rows with <x, direction> >= 0
  std::vector<Index> negative;
  double share;  // q: the share of the larger part
  bool larger_is_positive;
};

PrincipalSplit principal_split(const Tensor& x /*[N, n]*/);

}  // namespace ito::diffusion
