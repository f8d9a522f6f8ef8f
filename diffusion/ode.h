// Initial value problems dx/dt = f(x, t) over Tensor states, forwards or backwards in t.
#pragma once

#include <functional>
#include <span>

#include "autograd/tensor.h"

namespace ito::diffusion {

// [B, d] -> [B, d].
using OdeField = std::function<Tensor(const Tensor& x, double t)>;

// One step from t to s. Differentiable: each is its few operations.
Tensor heun_step(const OdeField& f, const Tensor& x, double t, double s);  // order 2, 2 evaluations
Tensor rk4_step(const OdeField& f, const Tensor& x, double t, double s);   // order 4, 4 evaluations

enum class OdeMethod { heun, rk4 };
// Along a grid of strictly monotone times.
Tensor integrate(const OdeField& f, const Tensor& x, std::span<const double> grid,
                 OdeMethod method = OdeMethod::rk4);

struct AdaptiveOptions {
  double relative =
      1e-6;  // a step's error estimate is at most absolute + relative |x|, in the root
  double absolute = 1e-6;  // mean square over each row's entries, for every row
  double first_step = 0;   // |h|; 0 chooses it
  Index max_steps = 100000;
};
struct AdaptiveResult {
  Tensor x;
  Index evaluations = 0;
  Index accepted = 0;
  Index rejected = 0;
};
// Dormand and Prince 5(4) with local extrapolation, first-same-as-last and a PI controller, from t
// to s. All rows of x [B, d] share the steps. Throws if it needs more than max_steps, or if a
// step underflows.
AdaptiveResult dormand_prince(const OdeField& f, const Tensor& x, double t, double s,
                              const AdaptiveOptions& options = {});

}  // namespace ito::diffusion
