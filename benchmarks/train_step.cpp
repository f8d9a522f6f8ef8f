// One training step of the case study's denoiser: noise, forward, backward, clip, AdamW.
//
// floor_ratio is its time over that of the five matrix products it cannot do without, called
// directly on OpenBLAS. The two take turns in blocks, so that each finds the caches as its own last
// round left them, as in a training; the ratio is the median of those of neighbouring blocks, since
// a shared machine's speed changes by the second. The floor is the faster of two forms: G
// multiplies the outer product of gate and hidden layer by W2; P multiplies the hidden layer by
// each gate's W2 and contracts over the gates. On several threads the step cuts its batch into
// shards and the floor is OpenBLAS's own division of labour.

#include <chrono>
#include <thread>
#include <vector>

#include <benchmark/benchmark.h>
#include <cblas.h>

#include "autograd/kernels/gemm.h"
#include "autograd/parallel.h"
#include "benchmarks/case_study_step.h"
#include "benchmarks/floor.h"

namespace {

using namespace ito;

constexpr Index kDimension = 128;

// The five products, on buffers of their own.
class Floor {
 public:
  Floor(Index batch, Index hidden, Index time_features)
      : b_(static_cast<int>(batch)),
        m_(static_cast<int>(hidden)),
        l_(static_cast<int>(time_features)),
        wide_(l_ * m_) {
    for (auto* v : {&x_, &w1_, &h_, &g_, &w2_, &out_, &dw2_, &dg_, &dw1_}) {
      v->assign(static_cast<std::size_t>(std::max({b_, n_, m_}) * std::max({n_, wide_, l_ * n_})),
                0.5F);
    }
  }

  void g_form() {
    product(CblasNoTrans, CblasTrans, b_, m_, n_, x_, n_, w1_, n_, h_, m_);
    product(CblasNoTrans, CblasTrans, b_, n_, wide_, g_, wide_, w2_, wide_, out_, n_);
    product(CblasTrans, CblasNoTrans, n_, wide_, b_, out_, n_, g_, wide_, dw2_, wide_);
    product(CblasNoTrans, CblasNoTrans, b_, wide_, n_, out_, n_, w2_, wide_, dg_, wide_);
    product(CblasTrans, CblasNoTrans, m_, n_, b_, h_, m_, x_, n_, dw1_, n_);
  }
  void p_form() {
    const int rows = l_ * n_;
    product(CblasNoTrans, CblasTrans, b_, m_, n_, x_, n_, w1_, n_, h_, m_);
    product(CblasNoTrans, CblasTrans, b_, rows, m_, h_, m_, w2_, m_, g_, rows);
    product(CblasTrans, CblasNoTrans, rows, m_, b_, g_, rows, h_, m_, dw2_, m_);
    product(CblasNoTrans, CblasNoTrans, b_, m_, rows, g_, rows, w2_, m_, dg_, m_);
    product(CblasTrans, CblasNoTrans, m_, n_, b_, h_, m_, x_, n_, dw1_, n_);
  }

 private:
  using Buffer = std::vector<float>;
  static void product(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, int m, int n, int k, const Buffer& a,
                      int lda, const Buffer& b, int ldb, Buffer& c, int ldc) {
    cblas_sgemm(CblasRowMajor, ta, tb, m, n, k, 1, a.data(), lda, b.data(), ldb, 0, c.data(), ldc);
  }
  int n_ = static_cast<int>(kDimension), b_, m_, l_, wide_;
  Buffer x_, w1_, h_, g_, w2_, out_, dw2_, dg_, dw1_;
};

constexpr int kBlock = 10;

// OpenBLAS's threads spin after a product, for up to 2^28 ticks of the processor's clock, before
// they sleep, and meanwhile take a core from the step's.
void let_spinning_threads_sleep() {
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
}

void train_step(benchmark::State& state) {
  const Index batch = state.range(0), hidden = state.range(1), time_features = state.range(2);
  const auto threads = static_cast<int>(state.range(3));
  set_thread_count(threads);
  const BlasThreads held(threads);
  bench::CaseStudyStep step({.batch = batch,
                             .n = kDimension,
                             .hidden = hidden,
                             .time_features = time_features,
                             .shard = state.range(4),
                             .accumulate = state.range(5)});
  Floor floor(batch, hidden, time_features);
  std::vector<double> steps, g_forms, p_forms;  // medians of blocks
  // Times a block, after a round that refills the caches.
  const auto time_block = [](std::vector<double>& medians, auto&& round) {
    round();
    std::vector<double> times;
    for (int i = 0; i < kBlock; ++i) times.push_back(bench::seconds_of(round));
    medians.push_back(bench::median(times));
  };
  for (auto _ : state) {
    if (threads > 1) let_spinning_threads_sleep();
    time_block(steps, [&] { step.run(); });
    time_block(g_forms, [&] { floor.g_form(); });
    time_block(p_forms, [&] { floor.p_form(); });
    state.SetIterationTime(steps.back());
  }
  const auto& floors = bench::median(g_forms) < bench::median(p_forms) ? g_forms : p_forms;
  std::vector<double> ratios;
  for (std::size_t i = 0; i < steps.size(); ++i) ratios.push_back(steps[i] / floors[i]);
  const double products = 2.0 * static_cast<double>(batch * kDimension * hidden) *
                          static_cast<double>(2 + 3 * time_features);
  state.counters["step_us"] = 1e6 * bench::median(steps);
  state.counters["floor_us"] = 1e6 * bench::median(floors);
  state.counters["floor_ratio"] = bench::median(ratios);
  state.counters["gflops"] = 1e-9 * products / bench::median(steps);
}

BENCHMARK(train_step)
    ->ArgNames({"batch", "hidden", "time_features", "threads", "shard", "accumulate"})
    ->Args({50, 256, 3, 1, 0, 1})
    ->Args({50, 512, 6, 1, 0, 1})
    ->Args({1000, 256, 3, 1, 0, 1})
    ->Args({1000, 256, 3, 1, 125, 4})
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(train_step)
    ->ArgNames({"batch", "hidden", "time_features", "threads", "shard", "accumulate"})
    ->Args({1000, 256, 3, 2, 125, 4})
    ->Args({1000, 256, 3, 2, 125, 2})
    ->Args({1000, 256, 3, 2, 250, 1})
    ->Iterations(4)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace
