// What an operation costs beyond its arithmetic: chains of additions of 0-dim tensors, one that the
// caches of the processor hold and one far beyond them.
// ns_per_op is the median over repetitions of the time of a chain over its length. The backward
// pass frees the chain; without one that is left out.

#include <vector>

#include <benchmark/benchmark.h>

#include "autograd/ops.h"
#include "autograd/transforms.h"
#include "benchmarks/floor.h"

namespace {

using namespace ito;

Tensor chain(const Tensor& start, const Tensor& one, Index length) {
  Tensor x = start;
  for (Index i = 0; i < length; ++i) x = x + one;
  return x;
}

void op_overhead(benchmark::State& state) {
  const Index length = state.range(0);
  const bool backward = state.range(1) != 0;
  const Tensor start = scalar(1).set_requires_grad();
  const Tensor one = scalar(1);
  std::vector<double> times;
  for (auto _ : state) {
    Tensor end;
    times.push_back(bench::seconds_of([&] {
      end = chain(start, one, length);
      if (backward) benchmark::DoNotOptimize(grad(end, start));
    }));
    state.SetIterationTime(times.back());
  }
  state.counters["ns_per_op"] = 1e9 * bench::median(times) / static_cast<double>(length);
}

BENCHMARK(op_overhead)
    ->ArgNames({"length", "backward"})
    ->Args({1000, 0})
    ->Args({1000, 1})
    ->Args({100000, 0})
    ->Args({100000, 1})
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace
