// Elementwise, strided and reduction kernels. In-cache ones, on tensors' memory, which begins at a
// cache line, report ns_per_element; those over 10^7 elements report floor_ratio, their time over
// that of moving the same bytes (std::memcpy for what reads and writes, a plain sum of eight
// streams for what only reads), measured in turn.

#include <cstring>
#include <vector>

#include <benchmark/benchmark.h>

#include "autograd/kernels/reduce.h"
#include "autograd/kernels/rng.h"
#include "autograd/kernels/strided.h"
#include "autograd/tensor.h"
#include "benchmarks/floor.h"

namespace {

using namespace ito;
using kernels::UnaryFn;

constexpr Index kInCache = 4096;
constexpr Index kSide = 3163;  // 3163^2 is 10^7
constexpr Index kLarge = kSide * kSide;

void report(benchmark::State& state, const std::vector<double>& times, Index elements) {
  state.counters["ns_per_element"] = 1e9 * bench::median(times) / static_cast<double>(elements);
}

void elementwise(benchmark::State& state) {
  const auto f = static_cast<UnaryFn>(state.range(0));
  Tensor x = empty({kInCache}, DType::f32), y = empty({kInCache}, DType::f32);
  const auto from = x.mutable_data<float>(), to = y.mutable_data<float>();
  kernels::normal(1, 0, 0, from, kInCache);
  std::vector<double> times;
  for (auto _ : state) {
    times.push_back(bench::seconds_of([&] { kernels::unary(f, from, to, kInCache); }));
    benchmark::DoNotOptimize(to);
    state.SetIterationTime(times.back());
  }
  state.SetLabel(kernels::name(f));
  report(state, times, kInCache);
}

void normals(benchmark::State& state) {
  Tensor z = empty({kInCache}, DType::f32);
  const auto to = z.mutable_data<float>();
  std::vector<double> times;
  for (auto _ : state) {
    times.push_back(bench::seconds_of([&] { kernels::normal(1, 0, 0, to, kInCache); }));
    benchmark::DoNotOptimize(to);
    state.SetIterationTime(times.back());
  }
  report(state, times, kInCache);
}

// What only reads memory at its full rate: eight independent sums.
float read_all(const std::vector<float>& x) {
  float sums[8] = {};
  for (std::size_t i = 0; i + 128 <= x.size(); i += 128) {
    for (std::size_t k = 0; k < 8; ++k) sums[k] += x[i + 16 * k];
  }
  return sums[0] + sums[1] + sums[2] + sums[3] + sums[4] + sums[5] + sums[6] + sums[7];
}

template <class Kernel, class Floor>
void against(benchmark::State& state, Kernel&& kernel, Floor&& floor) {
  std::vector<double> times, floors;
  for (auto _ : state) {
    times.push_back(bench::seconds_of(kernel));
    floors.push_back(bench::seconds_of(floor));
    state.SetIterationTime(times.back());
  }
  report(state, times, kLarge);
  state.counters["floor_ratio"] = bench::median(times) / bench::median(floors);
}

template <class T>
void transpose_copy(benchmark::State& state) {
  std::vector<T> x(kLarge, 1), y(kLarge), from(kLarge, 1), to(kLarge);
  against(
      state,
      [&] {
        kernels::copy(x.data(), {1, kSide}, y.data(), {kSide, kSide});
      },
      [&] { std::memcpy(to.data(), from.data(), sizeof(T) * kLarge); });
}

void add_rows(benchmark::State& state) {  // [n, n] + [n]
  std::vector<float> x(kLarge, 1), row(kSide, 1), y(kLarge), from(kLarge, 1), to(kLarge);
  against(
      state,
      [&] {
        kernels::binary(kernels::BinaryFn::add, x.data(), {kSide, 1}, row.data(), {0, 1}, y.data(),
                        {kSide, kSide});
      },
      [&] { std::memcpy(to.data(), from.data(), sizeof(float) * kLarge); });
}

void sum_over(benchmark::State& state) {  // 0: all, 1: the last axis, 2: the first
  std::vector<float> x(kLarge, 1), y(kSide);
  const Index outer = state.range(0) == 1 ? kSide : 1, inner = state.range(0) == 2 ? kSide : 1;
  against(
      state,
      [&] {
        kernels::reduce(kernels::ReduceFn::sum, x.data(), outer, kLarge / (outer * inner), inner,
                        y.data());
      },
      [&] { benchmark::DoNotOptimize(read_all(x)); });
}

BENCHMARK(elementwise)
    ->ArgName("function")
    ->Arg(static_cast<int>(UnaryFn::exp))
    ->Arg(static_cast<int>(UnaryFn::log))
    ->Arg(static_cast<int>(UnaryFn::sin))
    ->Arg(static_cast<int>(UnaryFn::tanh))
    ->UseManualTime();
BENCHMARK(normals)->UseManualTime();
BENCHMARK_TEMPLATE(transpose_copy, float)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK_TEMPLATE(transpose_copy, double)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(add_rows)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(sum_over)->ArgName("axis")->DenseRange(0, 2)->UseManualTime()->Unit(
    benchmark::kMillisecond);

}  // namespace
