// Linear algebra on LAPACK. Matrices are the last two dimensions; leading ones are batches, which
// broadcast where there are two operands. Failures (a matrix that is singular, or not positive
// definite) throw and name the matrix.
#pragma once

#include "autograd/tensor.h"

namespace ito {

// L, lower triangular, with (A + A')/2 = L L'.
Tensor cholesky(const Tensor& a);

struct TriangularOptions {
  bool lower = true;       // which triangle of A counts; the other is taken as zero
  bool transpose = false;  // solve A' X = B
};
// X with A X = B, for triangular A [.., n, n] and B [.., n, m].
Tensor triangular_solve(const Tensor& a, const Tensor& b, TriangularOptions options = {});

// X with A X = B, for A [.., n, n] and B [.., n, m], by LU with partial pivoting.
Tensor solve(const Tensor& a, const Tensor& b);
Tensor inverse(const Tensor& a);

// log |det A|; -inf for a singular matrix, whose derivative throws.
Tensor logdet(const Tensor& a);

// Eigenvalues [.., n], ascending, and the eigenvectors as columns [.., n, n], of the symmetric
// (A + A')/2 = V diag(w) V'. Derivatives of the eigenvectors need distinct eigenvalues; between
// equal ones their rotation is left out, which is right for all functions that do not depend on it.
// The sign of a column is LAPACK's: functions of V should not depend on it.
struct Eigen {
  Tensor values;
  Tensor vectors;
};
Eigen eigh(const Tensor& a);

// The eigenvalue of largest magnitude of A [.., n, n] and its unit eigenvector [.., n], by `steps`
// multiplications from `start` [n]. Differentiable through the steps. Throws where A maps a vector
// to zero.
struct Dominant {
  Tensor value;
  Tensor vector;
};
Dominant power_iteration(const Tensor& a, const Tensor& start, int steps);

}  // namespace ito
