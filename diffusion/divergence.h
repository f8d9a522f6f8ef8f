// The divergence sum_i d f_i/d x_i of a network at each row of a batch.
#pragma once

#include "autograd/random.h"
#include "autograd/tensor.h"
#include "autograd/transforms.h"

namespace ito::diffusion {

enum class DivergenceMethod {
  // The trace of the product of the layers' matrices and slopes, where f is made of linear layers,
  // elementwise functions and columns that do not depend on x: for perceptrons of two and three
  // layers hardly more than f itself. See layered_jacobian.h. Otherwise exact_forward.
  exact,
  exact_forward,  // one-hot tangents pushed forward
  exact_reverse,  // one-hot cotangents pulled back
  hutchinson,     // E[v' J v] over random probes v with E[v v'] = I
};
enum class Probe { rademacher, gaussian, sphere };  // sphere: uniform on radius sqrt(n)

struct DivergenceOptions {
  DivergenceMethod method = DivergenceMethod::exact;
  Index chunk = 0;  // directions in one pass, so that f sees chunk * B rows; 0 makes them about 256
                    // (not for the product of layers, where f sees B rows)
  Probe probe = Probe::rademacher;  // hutchinson
  Index probes = 1;                 // hutchinson: K
  Generator* rng = nullptr;         // hutchinson: draws the probes; required without `directions`
  Tensor directions = {};           // hutchinson: [K, B, n], used in place of random ones
};

struct Divergence {
  Tensor value;           // f(x), [B, n]
  Tensor divergence;      // [B]
  Tensor standard_error;  // [B], not recorded: zero when exact, NaN for a single probe
  Tensor samples;         // hutchinson: v' J v of each probe, [K, B]; divergence is their mean
};

// f: [B, n] -> [B, n] must treat rows independently (no batch statistics); it may be called several
// times, and on a repeated batch. Everything is recorded when recording is on, so the results can
// be differentiated in f's parameters, and in x if x requires a gradient.
Divergence divergence(const Function& f, const Tensor& x /*[B, n]*/,
                      const DivergenceOptions& options = {});

// K probes for each row: [K, B, n].
Tensor draw_probes(Index probes, const Shape& shape /*[B, n]*/, Probe probe, Generator& rng,
                   DType dtype);

}  // namespace ito::diffusion
