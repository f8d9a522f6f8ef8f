#include "diffusion/samplers/sampler.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>

#include "autograd/grad_mode.h"
#include "autograd/kernels/rng.h"
#include "autograd/ops.h"
#include "autograd/parallel.h"
#include "diffusion/grid.h"

namespace ito::diffusion {
namespace {

constexpr Index kDrawsPerStep = Index{1} << 16;

// Specialises a denoiser at each time it is asked about, once for all blocks of chains.
class SpecialisedAlongTheGrid final : public Denoiser {
 public:
  explicit SpecialisedAlongTheGrid(const Denoiser& denoiser) : denoiser_(denoiser) {}
  const Schedule& schedule() const override { return denoiser_.schedule(); }
  Tensor posterior_mean(const Tensor& x, double t, ChainRange chains) const override {
    const DenoiserPtr special = specialised(t);
    return (special ? *special : denoiser_).posterior_mean(x, t, chains);
  }

 private:
  // Each holds weights: times beyond these are specialised at by each block for itself.
  static constexpr std::size_t kKept = 256;

  DenoiserPtr specialised(double t) const {
    {
      const std::lock_guard lock(mutex_);
      if (const auto found = kept_.find(t); found != kept_.end()) return found->second;
    }
    // Two threads may come here with the same t, and then make the same twice.
    DenoiserPtr made = denoiser_.at(t);
    const std::lock_guard lock(mutex_);
    if (kept_.size() < kKept) kept_.emplace(t, made);
    return made;
  }

  const Denoiser& denoiser_;
  mutable std::mutex mutex_;
  mutable std::map<double, DenoiserPtr> kept_;
};

struct BlockResult {
  Index evaluations = 0;
  bool stopped = false;
};

struct Run {
  const Denoiser& denoiser;
  const Sampler& sampler;
  std::span<const double> grid;
  const SampleOptions& options;
  std::mutex callback_mutex;

  bool keep_going(const StepReport& report) {
    if (!options.callback) return true;
    const std::lock_guard lock(callback_mutex);
    return options.callback(report);
  }

  // Writes the samples of `chains` to out [chains.count, n] and returns how they came about.
  BlockResult block(ChainRange chains, Tensor& samples) {
    NoGrad guard;
    StepContext context(denoiser, chains, options.seed);
    Tensor x = sampler.init(options.dimension, options.dtype, grid.front(), context);
    std::size_t k = 0;
    bool stopped = false;
    while (k + 1 < grid.size() && !stopped) {
      const auto step = static_cast<Index>(k + 1);
      context.begin_step(step);
      x = sampler.step(x, grid[k], grid[k + 1], context);
      ++k;
      stopped = !keep_going({chains, step, grid[k], x, context.estimate()});
    }
    context.begin_step(static_cast<Index>(grid.size()));
    samples = contiguous(sampler.finish(x, grid[k], context));
    check(samples.shape() == Shape{chains.count, options.dimension} &&
              samples.dtype() == options.dtype,
          "sample: the sampler returned ", samples.shape(), " ", samples.dtype(), " for ",
          chains.count, " chains of dimension ", options.dimension);
    return {context.evaluations(), stopped};
  }
};

// A comparison with NaN is false, so the negation catches it.
template <class T>
bool diverged(const T* x, Index n, double threshold) {
  return !std::all_of(x, x + n, [=](T v) { return std::abs(static_cast<double>(v)) <= threshold; });
}

}  // namespace

Tensor StepContext::posterior_mean(const Tensor& x, double t) {
  ++evaluations_;
  estimate_ = denoiser_->posterior_mean(x, t, chains_);
  return estimate_;
}

Tensor StepContext::score(const Tensor& x, double t) {
  return convert_prediction(posterior_mean(x, t), x, Prediction::x0, Prediction::score,
                            schedule().point(t));
}

void StepContext::begin_step(Index step) {
  step_ = step;
  draw_ = 0;
}

Tensor StepContext::normal(Index n, DType dtype) {
  check(draw_ < kDrawsPerStep, "sampler: a step draws at most ", kDrawsPerStep, " times");
  if (drawn_n_ == 0) {
    drawn_n_ = n;
    drawn_dtype_ = dtype;
  }
  check(n == drawn_n_ && dtype == drawn_dtype_, "sampler: noise of ", n, " ", dtype, " after ",
        drawn_n_, " ", drawn_dtype_, " would repeat some of it");
  // Draws start at whole blocks of the generator: four floats or two doubles.
  const Index stride = (n + 3) / 4 * 4;
  const Index position = (step_ * kDrawsPerStep + draw_) * stride;
  ++draw_;
  Tensor z = empty({chains_.count, n}, dtype);
  visit_floating(dtype, "sampler", [&](auto zero) {
    using T = decltype(zero);
    kernels::normal_rows(seed_, static_cast<std::uint64_t>(chains_.first),
                         static_cast<std::uint64_t>(position), z.mutable_data<T>(), chains_.count,
                         n);
  });
  return z;
}

Tensor Sampler::init(Index n, DType dtype, double t, StepContext& context) const {
  return context.normal(n, dtype) * context.schedule().start_std(t);
}

Tensor Sampler::finish(const Tensor& x, double t, StepContext& context) const {
  return output_ == Output::scaled ? x / context.schedule().a(t) : context.posterior_mean(x, t);
}

SampleResult sample(const Denoiser& denoiser, const Sampler& sampler, std::span<const double> grid,
                    const SampleOptions& options) {
  check_path_grid(grid, denoiser.schedule(), "sample");
  check(options.chains >= 0 && options.first_chain >= 0 && options.dimension >= 1 &&
            options.block >= 1,
        "sample: needs chains >= 0, first_chain >= 0, dimension >= 1, block >= 1; got ",
        options.chains, ", ", options.first_chain, ", ", options.dimension, ", ", options.block);
  check(options.divergence_threshold > 0, "sample: the divergence threshold is ",
        options.divergence_threshold);
  const Index n = options.dimension;
  SampleResult result{empty({options.chains, n}, options.dtype),
                      std::vector<std::uint8_t>(static_cast<std::size_t>(options.chains))};
  const Index blocks = (options.chains + options.block - 1) / options.block;
  std::vector<BlockResult> done(static_cast<std::size_t>(blocks));
  const SpecialisedAlongTheGrid specialised(denoiser);
  Run run{specialised, sampler, grid, options, {}};
  parallel_for(blocks, [&](Index b) {
    const Index row = b * options.block;
    const Index count = std::min(options.block, options.chains - row);
    Tensor samples;
    done[static_cast<std::size_t>(b)] = run.block({options.first_chain + row, count}, samples);
    visit_floating(options.dtype, "sample", [&](auto zero) {
      using T = decltype(zero);
      const T* x = samples.data<T>();
      std::copy_n(x, count * n, result.samples.mutable_data<T>() + row * n);
      for (Index i = 0; i < count; ++i) {
        result.diverged[static_cast<std::size_t>(row + i)] =
            diverged(x + i * n, n, options.divergence_threshold);
      }
    });
  });
  for (const BlockResult& block : done) {
    result.evaluations = std::max(result.evaluations, block.evaluations);
    result.stopped |= block.stopped;
  }
  result.diverged_count = std::count(result.diverged.begin(), result.diverged.end(), 1);
  return result;
}

}  // namespace ito::diffusion
