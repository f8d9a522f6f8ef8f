// Sampler: one step of a chain from time t to time s; sample() runs many chains along a grid.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
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
  const Schedule& schedule() const { return denoiser_->schedule(); }

  // m(x; t); counts an evaluation and remembers the estimate.
  Tensor posterior_mean(const Tensor& x /*[B, n]*/, double t);
  // (a m - x)/s^2; one evaluation.
  Tensor score(const Tensor& x /*[B, n]*/, double t);
  // Fresh N(0, 1), [B, n]. Every draw of a context has the same n and dtype: they share a stream.
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
  Index drawn_n_ = 0;  // of the first draw
  DType drawn_dtype_ = DType::f32;
  Index evaluations_ = 0;
  Tensor estimate_;
};

// What a sampler returns from the state x at the last time T of the grid.
enum class Output {
  scaled,          // x/a(T) ~ mu * N(0, s^2/a^2 I)
  posterior_mean,  // m(x; T): one evaluation more
};

// Stateless and thread-safe. Nothing is recorded while sampling. The path is the denoiser's.
class Sampler {
 public:
  explicit Sampler(Output output = Output::scaled) : output_(output) {}
  virtual ~Sampler() = default;
  // x at the first time t of the grid, [B, n]: N(0, prior_std^2 I) at the noise end of the path,
  // elsewhere N(0, s(t)^2 I).
  virtual Tensor init(Index n, DType dtype, double t, StepContext& context) const;
  // From x at time t to time s, which is nearer to the data, or t itself.
  virtual Tensor step(const Tensor& x /*[B, n]*/, double t, double s,
                      StepContext& context) const = 0;
  // The sample of x_0 from the state at the last time t of the grid.
  virtual Tensor finish(const Tensor& x /*[B, n]*/, double t, StepContext& context) const;

 private:
  Output output_;
};
using SamplerPtr = std::shared_ptr<const Sampler>;

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

// Runs the chains along the grid, in blocks over the thread pool. The grid is monotone, its times
// may repeat, and it leads from noise to data in the direction of the denoiser's path. Bytes do not
// depend on the number of threads.
SampleResult sample(const Denoiser& denoiser, const Sampler& sampler, std::span<const double> grid,
                    const SampleOptions& options);

}  // namespace ito::diffusion
