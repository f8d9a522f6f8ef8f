// One sampling step of the case study: 5,000 chains of dimension 128 by the network of Algorithm 1,
// its noise and its arithmetic. The time embedding is contracted into the weights, or not, for
// comparison: `contracted`.
//
// floor_ratio is the time of a step over that of the two matrix products it cannot do without,
// called directly on OpenBLAS in one piece, the two interleaved in one run and compared by medians.

#include <vector>

#include <benchmark/benchmark.h>
#include <cblas.h>

#include "autograd/parallel.h"
#include "benchmarks/floor.h"
#include "diffusion/grid.h"
#include "diffusion/samplers/localization.h"
#include "nn/two_layer_denoiser.h"

namespace {

using namespace ito;

constexpr Index kDimension = 128;
constexpr Index kSteps = 8;  // of a run that is timed

class Floor {
 public:
  Floor(Index chains, Index hidden)
      : rows_(static_cast<int>(chains)),
        m_(static_cast<int>(hidden)),
        x_(static_cast<std::size_t>(chains * kDimension), 0.5F),
        h_(static_cast<std::size_t>(chains * hidden), 0.5F),
        w_(static_cast<std::size_t>(hidden * kDimension), 0.5F) {}

  void run() {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows_, m_, n_, 1, x_.data(), n_, w_.data(),
                n_, 0, h_.data(), m_);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows_, n_, m_, 1, h_.data(), m_, w_.data(),
                m_, 0, x_.data(), n_);
  }

 private:
  int n_ = static_cast<int>(kDimension), rows_, m_;
  std::vector<float> x_, h_, w_;
};

void sampling(benchmark::State& state) {
  const Index chains = state.range(0), hidden = state.range(1);
  set_thread_count(static_cast<int>(state.range(2)));
  Generator rng(1);
  const nn::TwoLayerDenoiser network({.n = kDimension, .hidden = hidden}, rng);
  const diffusion::NetworkDenoiser denoiser =
      state.range(3) != 0 ? diffusion::NetworkDenoiser(network)
                          : diffusion::NetworkDenoiser([&](const Tensor& y, const Tensor& alpha) {
                              return network.forward(y, alpha);
                            });
  const diffusion::Grid grid = diffusion::uniform_angle(kSteps + 1, 1.4);
  const diffusion::SemiLinear sampler;
  Floor floor(chains, hidden);
  std::vector<double> steps, floors;
  for (auto _ : state) {
    steps.push_back(bench::steady_seconds_of([&] {
                      benchmark::DoNotOptimize(diffusion::sample(
                          denoiser, sampler, grid, {.chains = chains, .dimension = kDimension}));
                    }) /
                    static_cast<double>(kSteps));
    const BlasThreads one(1);
    floors.push_back(bench::steady_seconds_of([&] { floor.run(); }));
    state.SetIterationTime(steps.back());
  }
  const double step = bench::median(steps);
  const auto scalars = static_cast<double>(chains * kDimension);
  state.counters["step_ms"] = 1e3 * step;
  state.counters["floor_ms"] = 1e3 * bench::median(floors);
  state.counters["floor_ratio"] = step / bench::median(floors);
  state.counters["gflops"] = 1e-9 * 4 * scalars * static_cast<double>(hidden) / step;
}

BENCHMARK(sampling)
    ->ArgNames({"chains", "hidden", "threads", "contracted"})
    ->Args({5000, 256, 1, 1})
    ->Args({5000, 256, 2, 1})
    ->Args({5000, 512, 1, 1})
    ->Args({5000, 256, 1, 0})
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
