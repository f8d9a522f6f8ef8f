// Distributions in the plane that are known by their samples only, all of about unit scale.
#pragma once

#include "autograd/random.h"
#include "autograd/tensor.h"

namespace ito::diffusion {

// Each [count, 2].

// Equally likely circles of radius 0.5, 1, 1.5 and 2 about the origin, with N(0, noise^2 I) added.
Tensor sample_rings(Index count, Generator& rng, DType dtype = DType::f32, double noise = 0.05);

// Uniform on the squares of side 1 of [-2, 2]^2 whose lower left corner has an even sum.
Tensor sample_checkerboard(Index count, Generator& rng, DType dtype = DType::f32);

// Two interleaved half circles of radius 1: the upper about (-0.5, -0.25), the lower about
// (0.5, 0.25), with N(0, noise^2 I) added.
Tensor sample_two_moons(Index count, Generator& rng, DType dtype = DType::f32, double noise = 0.1);

}  // namespace ito::diffusion
