// The exact divergence as a loss: implicit score matching, forward and backward, batch 50 in 128
// dimensions, for perceptrons of two and three layers.
//
// floor_ratio is its time over that of a plain forward and backward pass of the same network, the
// two interleaved in one run and compared by medians of processor time. `method` is
// DivergenceMethod: 0 takes the trace of the product of layers, 1 pushes one-hot tangents through
// the network.

#include <vector>

#include <benchmark/benchmark.h>

#include "autograd/ops.h"
#include "autograd/parallel.h"
#include "benchmarks/floor.h"
#include "diffusion/losses/score_matching.h"
#include "nn/mlp.h"

namespace {

using namespace ito;

constexpr Index kDimension = 128, kHidden = 256;

void divergence(benchmark::State& state) {
  const Index layers = state.range(0), batch = state.range(1);
  const auto method = static_cast<diffusion::DivergenceMethod>(state.range(2));
  set_thread_count(1);
  const BlasThreads one(1);
  Generator rng(1);
  std::vector<Index> sizes(static_cast<std::size_t>(layers + 1), kHidden);
  sizes.front() = sizes.back() = kDimension;
  nn::Mlp network(sizes, rng, {.activation = nn::Activation::tanh});
  const Function score = [&](const Tensor& x) { return network.forward(x); };
  const Tensor x = randn({batch, kDimension}, rng);
  const auto timed = [&](const auto& loss) {
    network.zero_grad();
    return bench::processor_seconds_of([&] { loss().backward(); });
  };
  std::vector<double> losses, plain;
  for (auto _ : state) {
    losses.push_back(
        timed([&] { return diffusion::implicit_score_matching(score, x, {.method = method}); }));
    plain.push_back(timed([&] { return mean(sum(square(score(x)), {1})); }));
    state.SetIterationTime(losses.back());
  }
  state.counters["loss_us"] = 1e6 * bench::median(losses);
  state.counters["floor_us"] = 1e6 * bench::median(plain);
  state.counters["floor_ratio"] = bench::median(losses) / bench::median(plain);
}

BENCHMARK(divergence)
    ->ArgNames({"layers", "batch", "method"})
    ->Args({2, 50, 0})
    ->Args({3, 50, 0})
    ->Args({4, 50, 0})
    ->Args({2, 50, 1})
    ->Args({3, 50, 1})
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace
