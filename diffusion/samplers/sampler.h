// Sampler: one step of a chain from time t to time s; sample() runs many chains along a grid.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "autograd/tensor.h"
#include "diffusion/denoiser.h"

namespace ito::diffusion {

// What a step may use besides its state: the denoiser and the noise of its chains. Noise is a pure
// function of (seed, chain, step, draw), so a sample never depends on the batch it is part of.
class StepContext {
 public:
  StepContext(const Denoiser& denoiser, ChainRange chains, std::uint64_t seed)
      : denoiser_(&denoiser), chains_(chains), seed_(seed) {}

  ChainRange chains() const { return chains_; }

  // m(x; t); counts an evaluation and remembers the estimate.
  Tensor posterior_mean(const Tensor& x /*[B, n]*/, double t);
  // Fresh N(0, 1), [B, n].
  Tensor normal(Index n, DType dtype);

  Index evaluations() const { return evaluations_; }    // so far, for each chain
  const Tensor& estimate() const { return estimate_; }  // of x_0, the latest; may be undefined
  void begin_step(Index step);  // 0 is init, k + 1 the step from t_k to t_{k+1}

 private:
  const Denoiser* denoiser_;
  ChainRange chains_;
  std::uint64_t seed_;
  Index step_ = 0;
  Index draw_ = 0;
  Index evaluations_ = 0;
  Tensor estimate_;
};

// Stateless and thread-safe. Nothing is recorded while sampling.
class Sampler {
 public:
  virtual ~Sampler() = default;
  // x at the first time t of the grid, [B, n].
  virtual Tensor init(Index n, DType dtype, double t, StepContext& context) const = 0;
  // From x at time t to time s.
  virtual Tensor step(const Tensor& x /*[B, n]*/, double t, double s,
                      StepContext& context) const = 0;
  // The sample of x_0 from the state at the last time t of the grid.
  virtual Tensor finish(const Tensor& x /*[B, n]*/, double t, StepContext& context) const = 0;
};

// After a step: the state x at the time t just reached, and the last estimate of x_0.
struct StepReport {
  ChainRange chains;
  Index step;  // 1, ..., K - 1
  double t;
  const Tensor& x;
  const Tensor& estimate;
};

struct SampleOptions {
  Index chains = 1;
  Index dimension = 0;
  std::uint64_t seed = 0;
  Index first_chain = 0;  // chains first_chain, ..., first_chain + chains - 1 are sampled
  Index block = 512;      // chains that step together; a fixed size, whatever the thread count
  DType dtype = DType::f32;
  double divergence_threshold = 1e4;  // see SampleResult::diverged
  // Returning false ends the block's chains at this time. Called from the sampling threads, one at
  // a time; an exception it throws ends sample().
  std::function<bool(const StepReport&)> callback = nullptr;
};

struct SampleResult {
  Tensor samples;                      // [chains, n]; diverged ones are kept as they are
  std::vector<std::uint8_t> diverged;  // [chains], 1 where a coordinate is not finite or beyond
                                       // the threshold
  Index diverged_count = 0;
  Index evaluations = 0;  // of the denoiser, for each chain; the largest over blocks
  bool stopped = false;   // by the callback
};

// Runs the chains along the grid, in blocks over the thread pool. Bytes do not depend on the number
// of threads.
SampleResult sample(const Denoiser& denoiser, const Sampler& sampler, std::span<const double> grid,
                    const SampleOptions& options);

}  // namespace ito::diffusion
