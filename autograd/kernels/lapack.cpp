#include "autograd/kernels/lapack.h"

#include <cmath>
#include <limits>
#include <type_traits>
#include <vector>

// Fortran symbols, as exported by OpenBLAS (32-bit integers, trailing string lengths omitted as
// its own headers do: every string has one character, which is all that is read).
extern "C" {
void spotrf_(const char* uplo, const int* n, float* a, const int* lda, int* info);
void dpotrf_(const char* uplo, const int* n, double* a, const int* lda, int* info);
void strsm_(const char* side, const char* uplo, const char* trans, const char* diag, const int* m,
            const int* n, const float* alpha, const float* a, const int* lda, float* b,
            const int* ldb);
void dtrsm_(const char* side, const char* uplo, const char* trans, const char* diag, const int* m,
            const int* n, const double* alpha, const double* a, const int* lda, double* b,
            const int* ldb);
void sgetrf_(const int* m, const int* n, float* a, const int* lda, int* pivots, int* info);
void dgetrf_(const int* m, const int* n, double* a, const int* lda, int* pivots, int* info);
void sgetrs_(const char* trans, const int* n, const int* count, const float* a, const int* lda,
             const int* pivots, float* b, const int* ldb, int* info);
void dgetrs_(const char* trans, const int* n, const int* count, const double* a, const int* lda,
             const int* pivots, double* b, const int* ldb, int* info);
void ssyevd_(const char* jobz, const char* uplo, const int* n, float* a, const int* lda, float* w,
             float* work, const int* lwork, int* iwork, const int* liwork, int* info);
void dsyevd_(const char* jobz, const char* uplo, const int* n, double* a, const int* lda, double* w,
             double* work, const int* lwork, int* iwork, const int* liwork, int* info);
}

namespace ito::kernels {
namespace {

// The routine of T's precision.
template <class T, class F, class D>
constexpr auto pick(F f, D d) {
  if constexpr (std::is_same_v<T, float>) {
    return f;
  } else {
    return d;
  }
}

int to_int(Index value, const char* routine) {
  check(value >= 0 && value <= std::numeric_limits<int>::max(), routine, ": size ", value,
        " does not fit LAPACK's 32-bit sizes");
  return static_cast<int>(value);
}

int legal(int info, const char* routine) {
  check(info >= 0, routine, ": argument ", -info, " is illegal");
  return info;
}

// Rows become columns, so the lower triangle is Fortran's upper one.
constexpr const char* kLowerTriangle = "U";
constexpr const char* kUpperTriangle = "L";

}  // namespace

template <class T>
int potrf(Index n, T* a, Index lda) {
  if (n == 0) return 0;
  const int in = to_int(n, "potrf"), ia = to_int(lda, "potrf");
  int info = 0;
  pick<T>(spotrf_, dpotrf_)(kLowerTriangle, &in, a, &ia, &info);
  return legal(info, "potrf");
}

// op(A) X = alpha B transposed is X^T op(A)^T = alpha B^T: the triangle moves to the right, and
// Fortran reads A^T, so `trans` keeps its sense.
template <class T>
int trsm(Triangle triangle, Index n, Index m, T alpha, const T* a, Index lda, T* b, Index ldb) {
  if (!triangle.unit) {
    for (Index i = 0; i < n; ++i) {
      if (a[i * lda + i] == 0) return to_int(i + 1, "trsm");
    }
  }
  if (n == 0 || m == 0) return 0;
  const int in = to_int(n, "trsm"), im = to_int(m, "trsm");
  const int ia = to_int(lda, "trsm"), ib = to_int(ldb, "trsm");
  pick<T>(strsm_, dtrsm_)("R", triangle.lower ? kLowerTriangle : kUpperTriangle,
                          triangle.trans ? "T" : "N", triangle.unit ? "U" : "N", &im, &in, &alpha,
                          a, &ia, b, &ib);
  return 0;
}

template <class T>
int getrf(Index n, T* a, Index lda, std::int32_t* pivots) {
  if (n == 0) return 0;
  const int in = to_int(n, "getrf"), ia = to_int(lda, "getrf");
  int info = 0;
  pick<T>(sgetrf_, dgetrf_)(&in, &in, a, &ia, pivots, &info);
  return legal(info, "getrf");
}

// The factors are those of A^T, so the transposed system is the plain one.
template <class T>
int getrs(bool trans, Index n, Index count, const T* lu, Index lda, const std::int32_t* pivots,
          T* b, Index ldb) {
  if (n == 0 || count == 0) return 0;
  const int in = to_int(n, "getrs"), ic = to_int(count, "getrs");
  const int ia = to_int(lda, "getrs"), ib = to_int(ldb, "getrs");
  int info = 0;
  pick<T>(sgetrs_, dgetrs_)(trans ? "N" : "T", &in, &ic, lu, &ia, pivots, b, &ib, &info);
  return legal(info, "getrs");
}

template <class T>
LogDet lu_log_det(Index n, const T* lu, Index lda, const std::int32_t* pivots) {
  LogDet result;
  for (Index i = 0; i < n; ++i) {
    const auto u = static_cast<double>(lu[i * lda + i]);
    result.log_abs += std::log(std::abs(u));
    if (u == 0) result.sign = 0;
    if ((u < 0) != (pivots[i] != i + 1)) result.sign = -result.sign;
  }
  return result;
}

template <class T>
int syevd(bool vectors, Index n, T* a, Index lda, T* w) {
  if (n == 0) return 0;
  const int in = to_int(n, "syevd"), ia = to_int(lda, "syevd");
  const char* job = vectors ? "V" : "N";
  const auto routine = pick<T>(ssyevd_, dsyevd_);
  int info = 0;
  // Workspace sizes of LAPACK's manual; a query in f32 may round large ones down.
  const Index work_size = vectors ? 1 + 6 * n + 2 * n * n : 2 * n + 1;
  const Index integer_size = vectors ? 3 + 5 * n : 1;
  const int lwork = to_int(work_size, "syevd"), liwork = to_int(integer_size, "syevd");
  std::vector<T> work(static_cast<std::size_t>(work_size));
  std::vector<int> integers(static_cast<std::size_t>(integer_size));
  routine(job, kLowerTriangle, &in, a, &ia, w, work.data(), &lwork, integers.data(), &liwork,
          &info);
  return legal(info, "syevd");
}

template int potrf(Index, float*, Index);
template int potrf(Index, double*, Index);
template int trsm(Triangle, Index, Index, float, const float*, Index, float*, Index);
template int trsm(Triangle, Index, Index, double, const double*, Index, double*, Index);
template int getrf(Index, float*, Index, std::int32_t*);
template int getrf(Index, double*, Index, std::int32_t*);
template int getrs(bool, Index, Index, const float*, Index, const std::int32_t*, float*, Index);
template int getrs(bool, Index, Index, const double*, Index, const std::int32_t*, double*, Index);
template LogDet lu_log_det(Index, const float*, Index, const std::int32_t*);
template LogDet lu_log_det(Index, const double*, Index, const std::int32_t*);
template int syevd(bool, Index, float*, Index, float*);
template int syevd(bool, Index, double*, Index, double*);

}  // namespace ito::kernels
