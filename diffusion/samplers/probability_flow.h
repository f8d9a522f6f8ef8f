// The probability flow ODE, deterministic once x is drawn.
#pragma once

#include "diffusion/samplers/sampler.h"

namespace ito::diffusion {

enum class FlowMethod {
  heun,            // order 2, two evaluations a step
  rk4,             // order 4, four evaluations a step
  dormand_prince,  // order 5, adaptive inside each step of the grid
};

struct FlowOptions {
  FlowMethod method = FlowMethod::heun;
  // dormand_prince: a step's error estimate is at most absolute + relative |X| in the root mean
  // square over a sample's coordinates.
  double relative = 1e-4;
  double absolute = 1e-4;
  Output output = Output::scaled;
};

// With X = x/a and the noise-to-signal ratio q = s/a for the clock, the flow is the same for every
// schedule (Karras et al. 2022):  dX/dq = (X - m)/q.
//
// A step that starts at a = 0, where q is infinite, or ends at s = 0, where the field is not
// defined, is DDIM's, which is Euler's method for this equation and finite at both ends. Where a
// and s vanish together, as at the start of localization, there is no flow: start after it.
//
// Adaptive steps halve: a sample that misses the tolerance repeats the step in two halves of q, so
// its path depends on itself alone, never on the samples beside it. A sample is not finite if
// kMaxHalvings do not suffice.
class ProbabilityFlow final : public Sampler {
 public:
  static constexpr int kMaxHalvings = 20;

  explicit ProbabilityFlow(const FlowOptions& options = {});
  Tensor step(const Tensor& x, double t, double s, StepContext& context) const override;

 private:
  FlowOptions options_;
};

}  // namespace ito::diffusion
