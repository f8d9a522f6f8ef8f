// A matrix product of our own, for what OpenBLAS is slow at: matrices of small networks, and
// processors newer than itself. gemm.h chooses. After Goto and van de Geijn, Anatomy of
// High-Performance Matrix Multiplication (2008).
#pragma once

#include "autograd/shape.h"

namespace ito::kernels {

// C = alpha op(A) op(B) + beta C for each of a batch, with the arguments of batched_gemm(), in the
// calling thread. T is float or double. With beta = 0, C is not read; with alpha = 0, A and B are
// not. What repeats, by a stride of zero, is packed once.
//
// Every element of the product is summed over k in sequence, by fused multiply-adds, in blocks of a
// size that depends on k and T alone; the blocks' sums are added to C in order. So an element of C
// depends on its own row of op(A), its own column of op(B) and k only: a row has the same bytes in
// any batch, and the same on every instruction set that has a fused multiply-add.
template <class T>
void packed_batched_gemm(Index batch, bool trans_a, bool trans_b, Index m, Index n, Index k,
                         T alpha, const T* a, Index lda, Index stride_a, const T* b, Index ldb,
                         Index stride_b, T beta, T* c, Index ldc, Index stride_c);

// One product.
template <class T>
void packed_gemm(bool trans_a, bool trans_b, Index m, Index n, Index k, T alpha, const T* a,
                 Index lda, const T* b, Index ldb, T beta, T* c, Index ldc) {
  packed_batched_gemm(1, trans_a, trans_b, m, n, k, alpha, a, lda, Index{0}, b, ldb, Index{0}, beta,
                      c, ldc, Index{0});
}

}  // namespace ito::kernels
