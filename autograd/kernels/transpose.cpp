#include "autograd/kernels/transpose.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "autograd/kernels/packed_gemm_blocks.h"
#include "autograd/kernels/simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autograd/kernels/transpose.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "autograd/kernels/lanes-inl.h"
#include "autograd/kernels/packed_gemm-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ito::kernels::HWY_NAMESPACE {

// The matrix goes in pieces of up to kRowBytes of a row of y by kColumnBytes of a row of x, through
// a buffer that the second-level cache holds. Long rows of y, since they are written past the
// caches: that saves reading what is overwritten, and pays if many whole lines follow each other.
// A few lines of each row of x, since every row lies on a page of its own.
constexpr Index kRowBytes = Index{16} << 10;
constexpr Index kColumnBytes = 256;
constexpr Index kAhead = 8;  // rows of x, asked for in advance: no hardware prefetcher sees them

// A square of one 128-bit vector a side, if there are vectors: to[j * ldt + i] = x[i * ldx + j].
#if HWY_TARGET == HWY_SCALAR
template <class T>
void transpose_square(const T* x, Index, T* to, Index) {
  *to = *x;
}
#else
template <class T>
void transpose_square(const T* x, Index ldx, T* to, Index ldt) {
  if constexpr (sizeof(T) == 4) {
    const hn::FixedTag<T, 4> d;
    const auto a = hn::LoadU(d, x), b = hn::LoadU(d, x + ldx);
    const auto c = hn::LoadU(d, x + 2 * ldx), e = hn::LoadU(d, x + 3 * ldx);
    const auto ab = hn::InterleaveLower(d, a, b), ce = hn::InterleaveLower(d, c, e);
    hn::StoreU(hn::ConcatLowerLower(d, ce, ab), d, to);
    hn::StoreU(hn::ConcatUpperUpper(d, ce, ab), d, to + ldt);
    const auto ab2 = hn::InterleaveUpper(d, a, b), ce2 = hn::InterleaveUpper(d, c, e);
    hn::StoreU(hn::ConcatLowerLower(d, ce2, ab2), d, to + 2 * ldt);
    hn::StoreU(hn::ConcatUpperUpper(d, ce2, ab2), d, to + 3 * ldt);
  } else {
    const hn::FixedTag<T, 2> d;
    const auto a = hn::LoadU(d, x), b = hn::LoadU(d, x + ldx);
    hn::StoreU(hn::InterleaveLower(d, a, b), d, to);
    hn::StoreU(hn::InterleaveUpper(d, a, b), d, to + ldt);
  }
}
#endif

// to[j * ldt + i] = x[i * ldx + j], in cache on the side of `to`.
template <class T>
void gather_columns(const T* x, Index ldx, Index rows, Index columns, T* to, Index ldt) {
  const Index whole_rows = rows - rows % kBlock<T>, whole_columns = columns - columns % kBlock<T>;
  for (Index i = 0; i < whole_rows; i += kBlock<T>) {
    for (Index r = i + kAhead; r < std::min(i + kAhead + kBlock<T>, rows); ++r) {
      for (Index j = 0; j < columns; j += kLine<T>) __builtin_prefetch(x + r * ldx + j);
    }
    for (Index j = 0; j < whole_columns; j += kBlock<T>) {
      transpose_square(x + i * ldx + j, ldx, to + j * ldt + i, ldt);
    }
    for (Index r = i; r < i + kBlock<T>; ++r) {
      for (Index j = whole_columns; j < columns; ++j) to[j * ldt + r] = x[r * ldx + j];
    }
  }
  for (Index i = whole_rows; i < rows; ++i) {
    for (Index j = 0; j < columns; ++j) to[j * ldt + i] = x[i * ldx + j];
  }
}

// Copies past the caches. Not visible to other threads before hwy::FlushStream.
template <class T>
void stream_row(const T* from, T* to, Index n) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<Index>(hn::Lanes(d));
  const auto vector = static_cast<std::uintptr_t>(lanes) * sizeof(T);
  Index i = 0;
  for (; i < n && reinterpret_cast<std::uintptr_t>(to + i) % vector != 0; ++i) to[i] = from[i];
  for (; i + lanes <= n; i += lanes) hn::Stream(hn::LoadU(d, from + i), d, to + i);
  for (; i < n; ++i) to[i] = from[i];
}

template <class T>
void transpose(const T* x, Index ldx, Index rows, Index columns, T* y, Index ldy) {
  constexpr Index kStep = kColumnBytes / sizeof(T);
  const Pieces lengths(rows, kRowBytes / sizeof(T));
  const Index ld = lengths.size(0) + kLine<T>;
  const Scratch<T> buffer(kStep * ld);
  for (Index p = 0; p < lengths.count(); ++p) {
    const Index i = lengths.begin(p), length = lengths.size(p);
    for (Index j = 0; j < columns; j += kStep) {
      const Index step = std::min(kStep, columns - j);
      gather_columns(x + i * ldx + j, ldx, length, step, buffer.data(), ld);
      for (Index r = 0; r < step; ++r) {
        stream_row(buffer.data() + r * ld, y + (j + r) * ldy + i, length);
      }
    }
  }
  hwy::FlushStream();
}

// Small matrices are turned in registers: the elements [0, kLanes) of the columns j to j + kPiece
// of x, one column a vector.
template <class T>
struct Band {
  void set(const T* x, Index ld) {
    for (Index r = 0; r < kLanes<T>; ++r) rows[r] = x + r * ld;
  }
  HWY_INLINE void columns(Index j, hn::Vec<Tag<T>> (&out)[kPiece<T>]) const {
    transpose_pieces(Tag<T>(), rows, j, out);
  }
  HWY_INLINE hn::Vec<Tag<T>> column(Index j) const {
    HWY_ALIGN T x[kLanes<T>];
    for (Index r = 0; r < kLanes<T>; ++r) x[r] = rows[r][j];
    return hn::Load(Tag<T>(), x);
  }

  const T* rows[kLanes<T>];
};

// sum[i] for V vectors of i at once, whose additions do not wait for each other.
template <Index V, class T>
HWY_INLINE void diagonal_of_bands(const T* a, const T* b, Index n, Index k, T* sum) {
  const Tag<T> d;
  Band<T> bands[V];
  hn::Vec<Tag<T>> sums[V];
  for (Index v = 0; v < V; ++v) {
    bands[v].set(a + v * kLanes<T> * k, k);
    sums[v] = hn::Zero(d);
  }
  const Index whole = k - k % kPiece<T>;
  for (Index j = 0; j < whole; j += kPiece<T>) {
    hn::Vec<Tag<T>> x[V][kPiece<T>];
    for (Index v = 0; v < V; ++v) bands[v].columns(j, x[v]);
    for (Index c = 0; c < kPiece<T>; ++c) {
      for (Index v = 0; v < V; ++v) {
        sums[v] = fma(d, x[v][c], hn::LoadU(d, b + (j + c) * n + v * kLanes<T>), sums[v]);
      }
    }
  }
  for (Index j = whole; j < k; ++j) {
    for (Index v = 0; v < V; ++v) {
      sums[v] = fma(d, bands[v].column(j), hn::LoadU(d, b + j * n + v * kLanes<T>), sums[v]);
    }
  }
  for (Index v = 0; v < V; ++v) hn::StoreU(sums[v], d, sum + v * kLanes<T>);
}

template <class T>
void diagonal(const T* a, const T* b, Index n, Index k, T* sum) {
  constexpr Index kAtOnce = 2;
  Index i = 0;
  for (; i + kAtOnce * kLanes<T> <= n; i += kAtOnce * kLanes<T>) {
    diagonal_of_bands<kAtOnce>(a + i * k, b + i, n, k, sum + i);
  }
  for (; i + kLanes<T> <= n; i += kLanes<T>) {
    diagonal_of_bands<1>(a + i * k, b + i, n, k, sum + i);
  }
  for (; i < n; ++i) {
    sum[i] = 0;
    for (Index j = 0; j < k; ++j) sum[i] = std::fma(a[i * k + j], b[j * n + i], sum[i]);
  }
}

template <class T>
void scaled(const T* x, Index rows, Index columns, ScaleBy by, const T* scale, T* y) {
  const Tag<T> d;
  const bool by_row = by == ScaleBy::row_of_x;
  const Index whole = columns - columns % kPiece<T>;
  Index i = 0;
  for (; i + kLanes<T> <= rows; i += kLanes<T>) {
    Band<T> band;
    band.set(x + i * columns, columns);
    const auto scale_of = [&](Index j) HWY_ATTR {
      return by_row ? hn::LoadU(d, scale + i) : hn::Set(d, scale[j]);
    };
    for (Index j = 0; j < whole; j += kPiece<T>) {
      hn::Vec<Tag<T>> piece[kPiece<T>];
      band.columns(j, piece);
      for (Index c = 0; c < kPiece<T>; ++c) {
        hn::StoreU(hn::Mul(piece[c], scale_of(j + c)), d, y + (j + c) * rows + i);
      }
    }
    for (Index j = whole; j < columns; ++j) {
      hn::StoreU(hn::Mul(band.column(j), scale_of(j)), d, y + j * rows + i);
    }
  }
  for (; i < rows; ++i) {
    for (Index j = 0; j < columns; ++j) {
      y[j * rows + i] = x[i * columns + j] * scale[by_row ? i : j];
    }
  }
}

void diagonal_f32(const float* a, const float* b, Index n, Index k, float* d) {
  diagonal(a, b, n, k, d);
}
void diagonal_f64(const double* a, const double* b, Index n, Index k, double* d) {
  diagonal(a, b, n, k, d);
}
void scaled_f32(const float* x, Index rows, Index columns, ScaleBy by, const float* scale,
                float* y) {
  scaled(x, rows, columns, by, scale, y);
}
void scaled_f64(const double* x, Index rows, Index columns, ScaleBy by, const double* scale,
                double* y) {
  scaled(x, rows, columns, by, scale, y);
}

void transpose_f32(const float* x, Index ldx, Index rows, Index columns, float* y, Index ldy) {
  transpose(x, ldx, rows, columns, y, ldy);
}
void transpose_f64(const double* x, Index ldx, Index rows, Index columns, double* y, Index ldy) {
  transpose(x, ldx, rows, columns, y, ldy);
}
void transpose_i64(const std::int64_t* x, Index ldx, Index rows, Index columns, std::int64_t* y,
                   Index ldy) {
  transpose(x, ldx, rows, columns, y, ldy);
}

}  // namespace ito::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ito::kernels {
HWY_EXPORT(transpose_f32);
HWY_EXPORT(transpose_f64);
HWY_EXPORT(transpose_i64);
HWY_EXPORT(diagonal_f32);
HWY_EXPORT(diagonal_f64);
HWY_EXPORT(scaled_f32);
HWY_EXPORT(scaled_f64);

template <>
void transpose_large(const float* x, Index ldx, Index rows, Index columns, float* y, Index ldy) {
  HWY_DYNAMIC_DISPATCH(transpose_f32)(x, ldx, rows, columns, y, ldy);
}
template <>
void transpose_large(const double* x, Index ldx, Index rows, Index columns, double* y, Index ldy) {
  HWY_DYNAMIC_DISPATCH(transpose_f64)(x, ldx, rows, columns, y, ldy);
}
template <>
void transpose_large(const std::int64_t* x, Index ldx, Index rows, Index columns, std::int64_t* y,
                     Index ldy) {
  HWY_DYNAMIC_DISPATCH(transpose_i64)(x, ldx, rows, columns, y, ldy);
}

template <>
void diagonal_of_product(const float* a, const float* b, Index n, Index k, float* d) {
  HWY_DYNAMIC_DISPATCH(diagonal_f32)(a, b, n, k, d);
}
template <>
void diagonal_of_product(const double* a, const double* b, Index n, Index k, double* d) {
  HWY_DYNAMIC_DISPATCH(diagonal_f64)(a, b, n, k, d);
}

template <>
void scaled_transpose(const float* x, Index rows, Index columns, ScaleBy by, const float* scale,
                      float* y) {
  HWY_DYNAMIC_DISPATCH(scaled_f32)(x, rows, columns, by, scale, y);
}
template <>
void scaled_transpose(const double* x, Index rows, Index columns, ScaleBy by, const double* scale,
                      double* y) {
  HWY_DYNAMIC_DISPATCH(scaled_f64)(x, rows, columns, by, scale, y);
}

}  // namespace ito::kernels
#endif  // HWY_ONCE
