// Typed wrappers over the LAPACK routines of OpenBLAS, for row-major callers.
//
// A row-major matrix is its transpose to Fortran. Each comment states what the caller sees; no
// copy is made. All return LAPACK's info: 0 on success, i > 0 where the mathematics failed at the
// 1-based position i. Illegal arguments (info < 0) and sizes beyond 2^31 - 1 throw. T is float or
// double.
#pragma once

#include <cstdint>

#include "autograd/shape.h"

namespace ito::kernels {

// A = L L^T for symmetric positive definite A [n, n]: reads the lower triangle and writes L there;
// the strict upper triangle is neither read nor written. info = i: the leading minor of order i is
// not positive.
template <class T>
int potrf(Index n, T* a, Index lda);

// Solves op(A) X = alpha B for triangular A [n, n], X over B [n, m]; `lower` names the triangle of
// A that is read and `unit` takes its diagonal as ones. A zero diagonal entry gives info = i.
struct Triangle {
  bool lower = true;
  bool trans = false;
  bool unit = false;
};
template <class T>
int trsm(Triangle triangle, Index n, Index m, T alpha, const T* a, Index lda, T* b, Index ldb);

// LU factors with partial pivoting of A^T, A [n, n] square, in place: opaque, for getrs and
// lu_log_det. info = i: the factor U is exactly singular at i.
template <class T>
int getrf(Index n, T* a, Index lda, std::int32_t* pivots /*[n]*/);

// Solves op(A) x = b for `count` right-hand sides, the *rows* of B [count, n], in place, from the
// factors of getrf.
template <class T>
int getrs(bool trans, Index n, Index count, const T* lu, Index lda, const std::int32_t* pivots,
          T* b, Index ldb);

// log |det A| and the sign of det A (0 if singular) from the factors of getrf.
struct LogDet {
  double log_abs = 0;
  int sign = 1;
};
template <class T>
LogDet lu_log_det(Index n, const T* lu, Index lda, const std::int32_t* pivots);

// Eigenvalues w [n], ascending, of symmetric A [n, n], of which the lower triangle is read.
// With `vectors`, A is overwritten by an orthogonal V whose *row* i is the eigenvector of w[i], so
// A = V^T diag(w) V; otherwise A is destroyed. info > 0: no convergence.
template <class T>
int syevd(bool vectors, Index n, T* a, Index lda, T* w);

}  // namespace ito::kernels
