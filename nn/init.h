// Initial values of parameters. A weight has shape [out, in]; U(-b, b) has variance b^2/3.
#pragma once

#include <functional>

#include "autograd/random.h"
#include "autograd/tensor.h"

namespace ito::nn {

using Init = std::function<Tensor(const Shape& shape, Generator& rng, DType dtype)>;

Tensor uniform(const Shape& shape, double low, double high, Generator& rng,
               DType dtype = DType::f32);
Tensor normal(const Shape& shape, double mean, double std, Generator& rng,
              DType dtype = DType::f32);

// U(-1/sqrt(in), 1/sqrt(in)): PyTorch's default for linear layers.
Tensor fan_in_uniform(const Shape& shape, Generator& rng, DType dtype = DType::f32);

Tensor zero_init(const Shape& shape, Generator& rng, DType dtype = DType::f32);

// The initialisers below return an Init: Linear(64, 64, rng, {.init = he_normal()}).

// Variance gain^2 2/(in + out) (Glorot and Bengio, 2010).
Init xavier_uniform(double gain = 1);
Init xavier_normal(double gain = 1);
// Variance 2/in, for relu (He et al., 2015).
Init he_uniform();
Init he_normal();
// Variance 1/in, for selu and networks that normalise (LeCun et al., 1998).
Init lecun_uniform();
Init lecun_normal();
// gain Q, Q uniform among the matrices with orthonormal rows or columns, whichever are fewer (Saxe
// et al., 2014).
Init orthogonal(double gain = 1);

}  // namespace ito::nn
