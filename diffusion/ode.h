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

// Dormand and Prince 5(4): order 5, and an estimate of the error of order 4.
struct EmbeddedStep {
  Tensor x;      // at s
  Tensor error;  // order 5 less order 4
  Tensor slope;  // f(x, s): the next step's first
};
// `first` is f(x, t); 6 evaluations, the last two at s exactly.
EmbeddedStep dormand_prince_step(const OdeField& f, const Tensor& x, const Tensor& first, double t,
                                 double s);

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
// Such steps from t to s, first-same-as-last, with a PI controller. All rows of x [B, d] share the
// steps. Throws if it needs more than max_steps, or if a step underflows.
AdaptiveResult dormand_prince(const OdeField& f, const Tensor& x, double t, double s,
                              const AdaptiveOptions& options = {});

}  // namespace ito::diffusion
