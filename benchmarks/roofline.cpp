// The kernels of a training step of the case study, each beside the most the core can do. Every
// kernel is timed after a round of all the others, so that it finds the caches as it does in a
// step. Products report GFLOP/s and their share of independent fused multiply-adds, the others GB/s
// (bytes read and written, each once) and their share of a memcpy of a megabyte. One core.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "benchmarks/roofline.cpp"
#include <cstddef>
#include <utility>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "autograd/shape.h"

HWY_BEFORE_NAMESPACE();
namespace ito::bench::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// One multiply-add in each of the chains I, which are independent.
template <class V, std::size_t... I>
HWY_INLINE void advance(V a, V b, V (&chains)[sizeof...(I)], std::index_sequence<I...>) {
  ((chains[I] = hn::MulAdd(a, chains[I], b)), ...);
}

// Enough chains to hide a multiply-add's latency. Returns the flops; the sink depends on them all.
double multiply_adds(Index rounds, float& sink) {
  constexpr std::size_t kChains = 12;
  const hn::ScalableTag<float> d;
  using V = hn::Vec<decltype(d)>;
  const V a = hn::Set(d, 0.999F), b = hn::Set(d, 0.001F);
  V chains[kChains];
  for (std::size_t i = 0; i < kChains; ++i) chains[i] = hn::Set(d, sink + static_cast<float>(i));
  for (Index i = 0; i < rounds; ++i) advance(a, b, chains, std::make_index_sequence<kChains>());
  V sum = chains[0];
  for (std::size_t i = 1; i < kChains; ++i) sum = hn::Add(sum, chains[i]);
  sink = hn::GetLane(hn::SumOfLanes(d, sum)) / 100;
  return 2.0 * kChains * static_cast<double>(hn::Lanes(d)) * static_cast<double>(rounds);
}

}  // namespace ito::bench::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <cblas.h>

#include "autograd/kernels/gated.h"
#include "autograd/kernels/optim.h"
#include "autograd/kernels/packed_gemm.h"
#include "autograd/kernels/reduce.h"
#include "autograd/parallel.h"
#include "benchmarks/floor.h"

namespace ito::bench {

HWY_EXPORT(multiply_adds);

namespace {

using Buffer = std::vector<float>;
using Product = void (*)(bool ta, bool tb, Index m, Index n, Index k, const Buffer& a, Index lda,
                         const Buffer& b, Index ldb, Buffer& c, Index ldc);

void packed(bool ta, bool tb, Index m, Index n, Index k, const Buffer& a, Index lda,
            const Buffer& b, Index ldb, Buffer& c, Index ldc) {
  kernels::packed_gemm(ta, tb, m, n, k, 1.0F, a.data(), lda, b.data(), ldb, 0.0F, c.data(), ldc);
}
void openblas(bool ta, bool tb, Index m, Index n, Index k, const Buffer& a, Index lda,
              const Buffer& b, Index ldb, Buffer& c, Index ldc) {
  const auto op = [](bool t) { return t ? CblasTrans : CblasNoTrans; };
  const auto i = [](Index size) { return static_cast<int>(size); };
  cblas_sgemm(CblasRowMajor, op(ta), op(tb), i(m), i(n), i(k), 1, a.data(), i(lda), b.data(),
              i(ldb), 0, c.data(), i(ldc));
}

struct Kernel {
  std::string name;
  bool is_product;
  double work;  // flops, or bytes
  std::function<void()> run;
};

// Everything of a step that is bound by arithmetic or memory: `rows` samples in 128 dimensions, 256
// hidden units, 3 gates.
class Step {
 public:
  Step(Index rows, Product product) {
    const auto add_product = [&](const char* name, bool ta, bool tb, Index m, Index n, Index k,
                                 const Buffer& a, Index lda, const Buffer& b, Index ldb,
                                 Buffer& c) {
      kernels_.push_back({name, true, 2.0 * static_cast<double>(m * n * k),
                          [=, &a, &b, &c] { product(ta, tb, m, n, k, a, lda, b, ldb, c, n); }});
    };
    const auto add = [&](const char* name, Index floats, std::function<void()> run) {
      kernels_.push_back({name, false, 4.0 * static_cast<double>(floats), std::move(run)});
    };
    const Index wide = kGates * kN, gates = rows * wide, out = rows * kN;
    for (Buffer* v : {&x_, &y_, &d_}) v->assign(static_cast<std::size_t>(out), 0.5F);
    for (Buffer* v : {&h_, &dh_}) v->assign(static_cast<std::size_t>(rows * kHidden), 0.5F);
    for (Buffer* v : {&p_, &dp_}) v->assign(static_cast<std::size_t>(gates), 0.5F);
    for (Buffer* v : {&gate_, &d_gate_}) v->assign(static_cast<std::size_t>(rows * kGates), 0.5F);

    add_product("h = x W1'", false, true, rows, kHidden, kN, x_, kN, w1_, kN, h_);
    add_product("p = h W2'", false, true, rows, wide, kHidden, h_, kHidden, w2_, kHidden, p_);
    add("gates, forward", gates + out, [=, this] {
      kernels::gate_forward(gate_.data(), p_.data(), static_cast<const float*>(nullptr), rows,
                            kGates, kN, y_.data());
    });
    add("gates, backward", 2 * gates + out, [=, this] {
      kernels::gate_backward(gate_.data(), p_.data(), d_.data(), rows, kGates, kN, d_gate_.data(),
                             dp_.data());
    });
    add_product("dW2 = dp' h", true, false, wide, kHidden, rows, dp_, wide, h_, kHidden, dw2_);
    add_product("dh = dp W2", false, false, rows, kHidden, wide, dp_, wide, w2_, kHidden, dh_);
    add_product("dW1 = dh' x", true, false, kHidden, kN, rows, dh_, kHidden, x_, kN, dw1_);
    add("sum of squares", kParameters,
        [this] { benchmark::DoNotOptimize(kernels::sum_squares(g_.data(), kParameters)); });
    add("AdamW", 7 * kParameters, [this] {
      kernels::adamw({}, w_.data(), g_.data(), m_.data(), v_.data(), static_cast<float*>(nullptr),
                     0, kParameters);
    });
  }
  Step(const Step&) = delete;

  const std::vector<Kernel>& kernels() const { return kernels_; }

 private:
  static constexpr Index kN = 128, kHidden = 256, kGates = 3;
  static constexpr Index kParameters = kN * kHidden * (1 + kGates);

  Buffer x_, y_, d_, h_, dh_, p_, dp_, gate_, d_gate_;
  Buffer w1_ = Buffer(kN * kHidden, 0.5F), w2_ = Buffer(kGates * kN * kHidden, 0.5F);
  Buffer dw1_ = w1_, dw2_ = w2_;
  Buffer w_ = Buffer(kParameters, 0.5F), g_ = w_, m_ = w_, v_ = w_;
  std::vector<Kernel> kernels_;
};

void in_a_step(benchmark::State& state) {
  const BlasThreads one(1);
  const Product products[] = {packed, openblas};
  const Step step(state.range(0), products[state.range(1)]);
  const Kernel& timed = step.kernels()[static_cast<std::size_t>(state.range(2))];
  constexpr std::size_t kMegabyte = 1 << 20;
  Buffer from(kMegabyte / sizeof(float), 1), to(from);
  float sink = 1;
  std::vector<double> times, peaks;
  for (auto _ : state) {
    if (timed.is_product) {
      double flops = 0;
      const double s =
          seconds_of([&] { flops = HWY_DYNAMIC_DISPATCH(multiply_adds)(10000, sink); });
      peaks.push_back(flops / s);
    } else {
      std::memcpy(to.data(), from.data(), kMegabyte);
      const double s = seconds_of([&] { std::memcpy(to.data(), from.data(), kMegabyte); });
      benchmark::DoNotOptimize(to.data());
      peaks.push_back(2.0 * kMegabyte / s);
    }
    for (int round = 0; round < 2; ++round) {
      for (const Kernel& kernel : step.kernels()) {
        if (round == 1 && &kernel == &timed) break;
        kernel.run();
      }
    }
    times.push_back(seconds_of(timed.run));
    state.SetIterationTime(times.back());
  }
  benchmark::DoNotOptimize(sink);
  const double rate = timed.work / median(times);
  state.SetLabel(timed.name);
  state.counters[timed.is_product ? "GFLOP/s" : "GB/s"] = 1e-9 * rate;
  state.counters[timed.is_product ? "of_peak" : "of_memcpy"] = rate / median(peaks);
}

BENCHMARK(in_a_step)
    ->ArgNames({"rows", "openblas", "kernel"})
    ->ArgsProduct({{50, 125, 1000}, {0}, benchmark::CreateDenseRange(0, 8, 1)})
    ->ArgsProduct({{50, 125, 1000}, {1}, {0, 1, 4, 5, 6}})
    ->Iterations(50)  // the rounds between, which are not counted, take most of the time
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace ito::bench
#endif  // HWY_ONCE
