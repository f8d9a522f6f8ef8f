// packed_gemm beside OpenBLAS with one thread, for every pair of transpositions: floor_ratio is the
// time of the first over that of the second, the median of pairs in turn. gemm.h chooses by it.

#include <algorithm>
#include <vector>

#include <benchmark/benchmark.h>
#include <cblas.h>

#include "autograd/kernels/packed_gemm.h"
#include "autograd/parallel.h"
#include "benchmarks/floor.h"

namespace {

using namespace ito;

void openblas(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, int m, int n, int k, const float* a, int lda,
              const float* b, int ldb, float* c) {
  cblas_sgemm(CblasRowMajor, ta, tb, m, n, k, 1, a, lda, b, ldb, 0, c, n);
}
void openblas(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, int m, int n, int k, const double* a, int lda,
              const double* b, int ldb, double* c) {
  cblas_dgemm(CblasRowMajor, ta, tb, m, n, k, 1, a, lda, b, ldb, 0, c, n);
}

template <class T>
void product(benchmark::State& state) {
  const BlasThreads one(1);
  const Index m = state.range(0), n = state.range(1), k = state.range(2);
  const bool ta = state.range(3) != 0, tb = state.range(4) != 0;
  const auto size = [](Index rows, Index columns) {
    return static_cast<std::size_t>(rows * columns);
  };
  const std::vector<T> a(size(m, k), T(0.5)), b(size(k, n), T(0.5));
  std::vector<T> c(size(m, n));
  const Index lda = ta ? m : k, ldb = tb ? k : n;
  const auto op = [](bool transposed) { return transposed ? CblasTrans : CblasNoTrans; };
  const auto to_int = [](Index i) { return static_cast<int>(i); };
  // Several calls a time where one is shorter than the clock can tell.
  const double flops = 2 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
  const int calls = std::max(1, static_cast<int>(4e6 / flops));
  std::vector<double> times, ratios;
  for (auto _ : state) {
    const double packed = bench::seconds_of([&] {
      for (int i = 0; i < calls; ++i) {
        kernels::packed_gemm(ta, tb, m, n, k, T(1), a.data(), lda, b.data(), ldb, T(0), c.data(),
                             n);
      }
    });
    const double floor = bench::seconds_of([&] {
      for (int i = 0; i < calls; ++i) {
        openblas(op(ta), op(tb), to_int(m), to_int(n), to_int(k), a.data(), to_int(lda), b.data(),
                 to_int(ldb), c.data());
      }
    });
    times.push_back(packed / calls);
    ratios.push_back(packed / floor);
    state.SetIterationTime(times.back());
  }
  state.counters["gflops"] = 1e-9 * flops / bench::median(times);
  state.counters["floor_ratio"] = bench::median(ratios);
}

void shapes(benchmark::internal::Benchmark* b) {
  b->ArgNames({"m", "n", "k", "trans_a", "trans_b"})->UseManualTime();
  b->Unit(benchmark::kMicrosecond);
  for (const std::vector<std::int64_t>& mnk : {std::vector<std::int64_t>{50, 256, 128},
                                               {128, 128, 128},
                                               {256, 256, 256},
                                               {512, 512, 512},
                                               {5000, 128, 256},
                                               {2000, 2000, 2000}}) {
    for (const std::int64_t ta : {0, 1}) {
      for (const std::int64_t tb : {0, 1}) b->Args({mnk[0], mnk[1], mnk[2], ta, tb});
    }
  }
}
BENCHMARK(product<float>)->Apply(shapes);
BENCHMARK(product<double>)->Apply(shapes);

}  // namespace
