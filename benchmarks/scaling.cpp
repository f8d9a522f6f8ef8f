// How the cost grows: of a training step with the batch, the dimension n and the hidden width; of
// sampling with the points K of the grid and the threads. One size is moved at a time from the case
// study's (batch 50, n 128, hidden 256; 5,000 chains, 21 points, one thread).
//
// floor_ratio is the time over that of the matrix products the work consists of, called directly on
// OpenBLAS with one thread, interleaved in one run; by processor time, or with several threads by
// the time that passes. With threads the ratio falls as their number grows.

#include <algorithm>
#include <vector>

#include <benchmark/benchmark.h>
#include <cblas.h>

#include "autograd/parallel.h"
#include "benchmarks/case_study_step.h"
#include "benchmarks/floor.h"
#include "diffusion/grid.h"
#include "diffusion/samplers/localization.h"
#include "nn/two_layer_denoiser.h"

namespace {

using namespace ito;

constexpr Index kGates = 3;

// C [m, n] = A [m, k] B [k, n], on buffers that all products share.
class Products {
 public:
  explicit Products(Index largest) : a_(static_cast<std::size_t>(largest), 0.5F), b_(a_), c_(a_) {}
  void operator()(Index rows, Index columns, Index depth) {
    const int m = static_cast<int>(rows), n = static_cast<int>(columns),
              k = static_cast<int>(depth);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1, a_.data(), k, b_.data(), n,
                0, c_.data(), n);
  }

 private:
  std::vector<float> a_, b_, c_;
};

template <class Work, class Floor>
void compare(benchmark::State& state, double units, const Work& work, const Floor& floor) {
  std::vector<double> times, floors;
  for (auto _ : state) {
    times.push_back(bench::steady_seconds_of(work));
    floors.push_back(bench::steady_seconds_of(floor));
    state.SetIterationTime(times.back());
  }
  state.counters["step_us"] = 1e6 * bench::median(times) / units;
  state.counters["floor_ratio"] = bench::median(times) / bench::median(floors);
}

void scaling_training(benchmark::State& state) {
  const Index batch = state.range(0), n = state.range(1), hidden = state.range(2);
  set_thread_count(1);
  const BlasThreads one(1);
  bench::CaseStudyStep step({.batch = batch, .n = n, .hidden = hidden, .time_features = kGates});
  Products product(std::max({batch, n, hidden}) * kGates * std::max(n, hidden));
  compare(
      state, 1, [&] { step.run(); },
      [&] {
        product(batch, hidden, n);
        product(batch, kGates * n, hidden);
        product(kGates * n, hidden, batch);
        product(batch, hidden, kGates * n);
        product(hidden, n, batch);
      });
}
BENCHMARK(scaling_training)
    ->ArgNames({"batch", "n", "hidden"})
    ->Args({10, 128, 256})
    ->Args({50, 128, 256})
    ->Args({250, 128, 256})
    ->Args({1000, 128, 256})
    ->Args({50, 8, 256})
    ->Args({50, 32, 256})
    ->Args({50, 512, 256})
    ->Args({50, 128, 64})
    ->Args({50, 128, 1024})
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);

void scaling_sampling(benchmark::State& state) {
  const Index chains = state.range(0), points = state.range(1), n = 128, hidden = 256;
  set_thread_count(static_cast<int>(state.range(2)));
  const BlasThreads one(1);
  Generator rng(1);
  const diffusion::NetworkDenoiser denoiser(nn::TwoLayerDenoiser({.n = n, .hidden = hidden}, rng));
  const diffusion::Grid grid = diffusion::uniform_angle(points, 1.4);
  const diffusion::SemiLinear sampler;
  Products product(chains * hidden);
  compare(
      state, static_cast<double>(points - 1),
      [&] {
        benchmark::DoNotOptimize(
            diffusion::sample(denoiser, sampler, grid, {.chains = chains, .dimension = n}));
      },
      [&] {
        for (Index k = 1; k < points; ++k) {
          product(chains, hidden, n);
          product(chains, n, hidden);
        }
      });
}
BENCHMARK(scaling_sampling)
    ->ArgNames({"chains", "points", "threads"})
    ->Args({5000, 6, 1})
    ->Args({5000, 21, 1})
    ->Args({5000, 101, 1})
    ->Args({500, 21, 1})
    ->Args({50000, 21, 1})
    ->Args({5000, 21, 2})
    ->Args({50000, 21, 2})
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
