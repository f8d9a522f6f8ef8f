#include "autograd/kernels/gemm.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>
#include <string_view>

#include <cblas.h>

// First, since it tells Highway which targets there are.
#include "autograd/kernels/simd.h"
// Then Highway.
#include <hwy/targets.h>

#include "autograd/error.h"
#include "autograd/kernels/packed_gemm.h"

namespace ito::kernels {
namespace {

// Whether OpenBLAS runs kernels a generation behind `targets`, Highway's set for this machine. Core
// names that are not listed, newer ones among them, are trusted.
[[maybe_unused]] bool openblas_is_behind(std::string_view core, std::int64_t targets) {
  constexpr std::array<std::string_view, 19> kBeforeAvx2 = {
      "katmai",       "coppermine", "northwood",   "prescott",  "banias",    "core2",  "penryn",
      "dunnington",   "nehalem",    "sandybridge", "atom",      "nano",      "athlon", "opteron",
      "opteron_sse3", "barcelona",  "bobcat",      "bulldozer", "piledriver"};
  std::string name(core);
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const bool before_avx2 =
      std::find(kBeforeAvx2.begin(), kBeforeAvx2.end(), name) != kBeforeAvx2.end();
  return (before_avx2 && (targets & (HWY_AVX2 | HWY_AVX3))) ||
         (name == "haswell" && (targets & HWY_AVX3));
}

// The most multiply-adds of a product that packed_gemm takes: in f32, where OpenBLAS has one thread
// or several, and in f64.
struct Reach {
  double f32_alone, f32, f64;
};
constexpr Reach up_to(double most) {
  return {most, most, most};
}

// What OpenBLAS calls small on AVX-512: there it has a kernel for each pair of transpositions, each
// with an order of its own, so that a transposed view would give other bytes than its copy.
constexpr double kLayoutShows = 1e6;
constexpr double kEverything = std::numeric_limits<double>::infinity();

// Measured against OpenBLAS 0.3.21 with the kernels for the processor, on one thread: up to so many
// packed_gemm takes 0.65 to 1.05 times as long for matrices of at least 50 rows, with AVX2 0.8 to
// 1.05 times (bench_products). Then OpenBLAS's blocks for every level of cache win, by a fifth for
// f32 and by a half for f64 from 2,000^3 on; so do its threads.
[[maybe_unused]] Reach measured_reach(std::int64_t targets) {
  constexpr double kMedium = 256.0 * 256 * 256, kLarge = 512.0 * 512 * 512;
  return {.f32_alone = targets & HWY_AVX3 ? kLarge : kMedium, .f32 = kMedium, .f64 = kMedium / 4};
}

Reach choose_reach() {
  if (const char* asked = std::getenv("ITO_GEMM")) {
    const std::string_view name = asked;
    check(name == "openblas" || name == "packed",
          "gemm: ITO_GEMM is openblas or packed, but it is set to \"", name, "\"");
    return up_to(name == "packed" ? kEverything : kLayoutShows);
  }
#if HWY_ARCH_X86
  if (openblas_is_behind(openblas_get_corename(), hwy::SupportedTargets())) {
    return up_to(kEverything);
  }
  return measured_reach(hwy::SupportedTargets());
#else
  return up_to(kLayoutShows);
#endif
}

const Reach& reach() {
  static const Reach chosen = choose_reach();
  return chosen;
}

template <class T>
double reach_of() {
  if (sizeof(T) == sizeof(double)) return reach().f64;
  return blas_threads() == 1 ? reach().f32_alone : reach().f32;
}

// Vectors always: for them OpenBLAS has one kernel for rows and one for columns.
template <class T>
bool is_for_packed(Index m, Index n, Index k) {
  return m == 1 || n == 1 ||
         static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k) <= reach_of<T>();
}

void blas_gemm(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, int m, int n, int k, float alpha,
               const float* a, int lda, const float* b, int ldb, float beta, float* c, int ldc) {
  cblas_sgemm(CblasRowMajor, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}
void blas_gemm(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, int m, int n, int k, double alpha,
               const double* a, int lda, const double* b, int ldb, double beta, double* c,
               int ldc) {
  cblas_dgemm(CblasRowMajor, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}
int to_int(Index value, const char* what) {
  check(value >= 0 && value <= std::numeric_limits<int>::max(), "gemm: ", what, " = ", value,
        " does not fit BLAS's 32-bit sizes");
  return static_cast<int>(value);
}

// C *= beta, without reading C if beta is zero.
template <class T>
void scale(Index m, Index n, T beta, T* c, Index ldc) {
  if (beta == 1) return;
  for (Index i = 0; i < m; ++i, c += ldc) {
    if (beta == 0) {
      std::fill_n(c, n, T{0});
    } else {
      for (Index j = 0; j < n; ++j) c[j] *= beta;
    }
  }
}

}  // namespace

template <class T>
void gemm(bool trans_a, bool trans_b, Index m, Index n, Index k, T alpha, const T* a, Index lda,
          const T* b, Index ldb, T beta, T* c, Index ldc) {
  batched_gemm(1, trans_a, trans_b, m, n, k, alpha, a, lda, Index{0}, b, ldb, Index{0}, beta, c,
               ldc, Index{0});
}

template <class T>
void batched_gemm(Index batch, bool trans_a, bool trans_b, Index m, Index n, Index k, T alpha,
                  const T* a, Index lda, Index stride_a, const T* b, Index ldb, Index stride_b,
                  T beta, T* c, Index ldc, Index stride_c) {
  const int im = to_int(m, "m"), in = to_int(n, "n"), ik = to_int(k, "k");
  if (m == 0 || n == 0) return;
  if (k == 0) {
    for (Index i = 0; i < batch; ++i) scale(m, n, beta, c + i * stride_c, ldc);
    return;
  }
  // A matrix of one row has any leading dimension; BLAS insists on a legal one.
  const int ia = to_int(std::max(lda, trans_a ? m : k), "lda");
  const int ib = to_int(std::max(ldb, trans_b ? k : n), "ldb");
  const int ic = to_int(std::max(ldc, n), "ldc");
  if (is_for_packed<T>(m, n, k)) {
    return packed_batched_gemm(batch, trans_a, trans_b, m, n, k, alpha, a, lda, stride_a, b, ldb,
                               stride_b, beta, c, ldc, stride_c);
  }
  const auto op = [](bool transposed) { return transposed ? CblasTrans : CblasNoTrans; };
  for (Index i = 0; i < batch; ++i) {
    blas_gemm(op(trans_a), op(trans_b), im, in, ik, alpha, a + i * stride_a, ia, b + i * stride_b,
              ib, beta, c + i * stride_c, ic);
  }
}

template void gemm(bool, bool, Index, Index, Index, float, const float*, Index, const float*, Index,
                   float, float*, Index);
template void gemm(bool, bool, Index, Index, Index, double, const double*, Index, const double*,
                   Index, double, double*, Index);
template void batched_gemm(Index, bool, bool, Index, Index, Index, float, const float*, Index,
                           Index, const float*, Index, Index, float, float*, Index, Index);
template void batched_gemm(Index, bool, bool, Index, Index, Index, double, const double*, Index,
                           Index, const double*, Index, Index, double, double*, Index, Index);

const char* gemm_backend() {
  const double most = reach().f64;
  return most == kEverything ? "packed" : most == kLayoutShows ? "openblas" : "by size";
}

int blas_threads() noexcept {
  return openblas_get_num_threads();
}
void set_blas_threads(int count) noexcept {
  openblas_set_num_threads(count);
}

}  // namespace ito::kernels
