// Matrix products: OpenBLAS (this is the only user of cblas) or packed_gemm.h, by size. OpenBLAS's
// kernels are for large matrices; those of small networks packed_gemm does faster, the more so the
// fewer rows there are.
//
// OpenBLAS takes its kernels by processor model and falls back to ones of twenty years ago when it
// does not know the model, at a quarter of the speed. So the first product compares the core it
// chose with the instruction sets of this machine, and keeps to packed_gemm if OpenBLAS is behind.
// The environment variable ITO_GEMM, "openblas" or "packed", overrides both; what OpenBLAS would
// sum in an order that depends on the layout stays with packed_gemm even then, so that the bytes of
// a product do not depend on the transpositions and leading dimensions of its operands.
#pragma once

#include "autograd/shape.h"

namespace ito::kernels {

// C = alpha op(A) op(B) + beta C, row-major, op(A) [m, k], op(B) [k, n], C [m, n]; op transposes if
// trans_* is set, and the leading dimensions are those of the matrices as stored. With beta = 0, C
// is written without being read. T is float or double. Throws if a size exceeds 2^31 - 1.
template <class T>
void gemm(bool trans_a, bool trans_b, Index m, Index n, Index k, T alpha, const T* a, Index lda,
          const T* b, Index ldb, T beta, T* c, Index ldc);

// The same for `batch` matrices at fixed strides, in elements; a stride of zero repeats an operand
// (not C).
template <class T>
void batched_gemm(Index batch, bool trans_a, bool trans_b, Index m, Index n, Index k, T alpha,
                  const T* a, Index lda, Index stride_a, const T* b, Index ldb, Index stride_b,
                  T beta, T* c, Index ldc, Index stride_c);

// What computes the products: "openblas", "packed" or "by size". Throws if ITO_GEMM is neither of
// the first two; so do products.
const char* gemm_backend();

// OpenBLAS's process-wide number of threads; use BlasThreads of parallel.h instead.
int blas_threads() noexcept;
void set_blas_threads(int count) noexcept;

}  // namespace ito::kernels
