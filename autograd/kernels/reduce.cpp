#include "autograd/kernels/reduce.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "autograd/kernels/compensated_sum.h"
#include "autograd/kernels/simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autograd/kernels/reduce.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "autograd/kernels/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ito::kernels::HWY_NAMESPACE {

// A contiguous row is cut into blocks of kBlock elements, of kSquares where squares are summed in
// double, which can afford fewer folds. Within a block element i joins virtual lane i mod (256
// bytes / sizeof T), and the lanes are folded in halves. Columns are summed over kRows rows at a
// time. None of this depends on the vector width.
inline constexpr std::size_t kVirtualBytes = 256;
inline constexpr std::size_t kBlock = 1024;
inline constexpr std::size_t kSquares = 4096;
inline constexpr std::size_t kRows = 32;
inline constexpr std::size_t kColumns = 256;

template <ReduceFn F, class T>
constexpr T identity() {
  if constexpr (F == ReduceFn::sum) return 0;
  if constexpr (F == ReduceFn::prod) return 1;
  constexpr T inf = std::numeric_limits<T>::infinity();
  return F == ReduceFn::max ? -inf : inf;
}

template <ReduceFn F, class T>
T join(T sofar, T x) {
  if constexpr (F == ReduceFn::sum) return sofar + x;
  if constexpr (F == ReduceFn::prod) return sofar * x;
  if constexpr (F == ReduceFn::max) return x > sofar || std::isnan(x) ? x : sofar;
  if constexpr (F == ReduceFn::min) return x < sofar || std::isnan(x) ? x : sofar;
}

template <ReduceFn F, class V>
HWY_INLINE V join_lanes(V sofar, V x) {
  if constexpr (F == ReduceFn::sum) {
    return hn::Add(sofar, x);
  } else if constexpr (F == ReduceFn::prod) {
    return hn::Mul(sofar, x);
  } else if constexpr (F == ReduceFn::max) {
    return hn::IfThenElse(hn::Or(hn::Gt(x, sofar), hn::IsNaN(x)), x, sofar);
  } else {
    return hn::IfThenElse(hn::Or(hn::Lt(x, sofar), hn::IsNaN(x)), x, sofar);
  }
}

// Adds up the partial results of blocks.
template <ReduceFn F, class T>
struct Total {
  T value_ = identity<F, T>();
  void add(T x) { value_ = join<F>(value_, x); }
  T value() const { return value_; }
};
template <class T>
struct Total<ReduceFn::sum, T> {
  CompensatedSum sum;
  void add(T x) { sum.add(x); }
  T value() const { return static_cast<T>(sum.value()); }
};

// What a row is reduced from: its terms i to i + n, of which load() gives a vector; join() adds a
// whole vector of them to what there is so far.
template <class T>
struct Elements {
  template <class D>
  HWY_INLINE hn::Vec<D> load(D d, std::size_t i, std::size_t n) const {
    return load_first(d, x + i, n);
  }
  template <ReduceFn F, class D>
  HWY_INLINE hn::Vec<D> join(D d, hn::Vec<D> sofar, std::size_t i) const {
    return join_lanes<F>(sofar, hn::LoadU(d, x + i));
  }

  const T* x;
};

// Squares, in double.
template <class T>
struct Squares {
  template <class D>
  HWY_INLINE hn::Vec<D> load(D d, std::size_t i, std::size_t n) const {
    const auto v = value(d, i, n);
    return hn::Mul(v, v);
  }
  // The square of a float is exact in double, so fusing it changes nothing.
  template <ReduceFn F, class D>
  HWY_INLINE hn::Vec<D> join(D d, hn::Vec<D> sofar, std::size_t i) const {
    const auto v = value(d, i, hn::Lanes(d));
    if constexpr (sizeof(T) < sizeof(double)) {
      return hn::MulAdd(v, v, sofar);
    } else {
      return join_lanes<F>(sofar, hn::Mul(v, v));
    }
  }
  template <class D>
  HWY_INLINE hn::Vec<D> value(D d, std::size_t i, std::size_t n) const {
    if constexpr (sizeof(T) < sizeof(double)) {
      return hn::PromoteTo(d, load_first(hn::Rebind<T, D>{}, x + i, n));
    } else {
      return load_first(d, x + i, n);
    }
  }

  const T* x;
};

template <class T>
struct SquaredDifferences {
  template <class D>
  HWY_INLINE hn::Vec<D> load(D d, std::size_t i, std::size_t n) const {
    const auto v = hn::Sub(load_first(d, a + i, n), load_first(d, b + i, n));
    return hn::Mul(v, v);
  }
  template <ReduceFn F, class D>
  HWY_INLINE hn::Vec<D> join(D d, hn::Vec<D> sofar, std::size_t i) const {
    return join_lanes<F>(sofar, load(d, i, hn::Lanes(d)));
  }

  const T *a, *b;
};

// Reduces the terms [begin, begin + n) in the arithmetic of A.
template <ReduceFn F, class A, class Terms>
A reduce_block(const Terms& terms, std::size_t begin, std::size_t n) {
  const hn::ScalableTag<A> d;
  using V = hn::Vec<decltype(d)>;
  constexpr std::size_t kVirtualLanes = kVirtualBytes / sizeof(A);
  HWY_ALIGN A lanes[kVirtualLanes];
  const std::size_t width = hn::Lanes(d);
  const V start = hn::Set(d, identity<F, A>());
  // Four vectors at a time stay in registers; a narrow target makes several passes over the block.
  const std::size_t group = 4 * width;
  for (std::size_t g = 0; g < kVirtualLanes; g += group) {
    V v0 = start, v1 = start, v2 = start, v3 = start;
    std::size_t i = g;
    for (; i + group <= n; i += kVirtualLanes) {
      const std::size_t at = begin + i;
      v0 = terms.template join<F>(d, v0, at);
      v1 = terms.template join<F>(d, v1, at + width);
      v2 = terms.template join<F>(d, v2, at + 2 * width);
      v3 = terms.template join<F>(d, v3, at + 3 * width);
    }
    const auto join_rest = [&](V v, std::size_t at) HWY_ATTR {
      if (at >= n) return v;
      const std::size_t count = std::min(width, n - at);
      const V term = terms.load(d, begin + at, count);
      return join_lanes<F>(v, hn::IfThenElse(hn::FirstN(d, count), term, start));
    };
    hn::Store(join_rest(v0, i), d, lanes + g);
    hn::Store(join_rest(v1, i + width), d, lanes + g + width);
    hn::Store(join_rest(v2, i + 2 * width), d, lanes + g + 2 * width);
    hn::Store(join_rest(v3, i + 3 * width), d, lanes + g + 3 * width);
  }
  for (std::size_t half = kVirtualLanes / 2; half >= width; half /= 2) {
    for (std::size_t i = 0; i < half; i += width) {
      hn::Store(join_lanes<F>(hn::Load(d, lanes + i), hn::Load(d, lanes + i + half)), d, lanes + i);
    }
  }
  for (std::size_t half = width / 2; half > 0; half /= 2) {
    for (std::size_t i = 0; i < half; ++i) lanes[i] = join<F>(lanes[i], lanes[i + half]);
  }
  return lanes[0];
}

template <ReduceFn F, class A, class Terms>
A reduce_row(const Terms& terms, std::size_t n, std::size_t block = kBlock) {
  Total<F, A> total;
  for (std::size_t i = 0; i < n; i += block) {
    total.add(reduce_block<F, A>(terms, i, std::min(block, n - i)));
  }
  return total.value();
}

// acc[j] = reduction of x[r * stride + j] over r < rows, for j < columns.
template <ReduceFn F, class T>
void reduce_rows_block(const T* x, std::size_t rows, std::size_t stride, std::size_t columns,
                       T* acc) {
  const hn::ScalableTag<T> d;
  using V = hn::Vec<decltype(d)>;
  const std::size_t width = hn::Lanes(d);
  for (std::size_t j = 0; j < columns; j += width) {
    const std::size_t count = std::min(width, columns - j);
    V sofar = hn::Set(d, identity<F, T>());
    std::size_t r = 0;
    for (; r + 4 <= rows; r += 4) {
      const T* p = x + r * stride + j;
      const V v01 = join_lanes<F>(load_first(d, p, count), load_first(d, p + stride, count));
      const V v23 =
          join_lanes<F>(load_first(d, p + 2 * stride, count), load_first(d, p + 3 * stride, count));
      sofar = join_lanes<F>(sofar, join_lanes<F>(v01, v23));
    }
    for (; r < rows; ++r) sofar = join_lanes<F>(sofar, load_first(d, x + r * stride + j, count));
    store_first(d, sofar, acc + j, count);
  }
}

template <ReduceFn F, class T>
void reduce_columns(const T* x, std::size_t len, std::size_t inner, T* y) {
  for (std::size_t c = 0; c < inner; c += kColumns) {
    const std::size_t columns = std::min(kColumns, inner - c);
    if (len <= kRows) {
      reduce_rows_block<F>(x + c, len, inner, columns, y + c);
      continue;
    }
    Total<F, T> totals[kColumns];
    T partial[kColumns];
    for (std::size_t r = 0; r < len; r += kRows) {
      reduce_rows_block<F>(x + r * inner + c, std::min(kRows, len - r), inner, columns, partial);
      for (std::size_t j = 0; j < columns; ++j) totals[j].add(partial[j]);
    }
    for (std::size_t j = 0; j < columns; ++j) y[c + j] = totals[j].value();
  }
}

template <ReduceFn F, class T>
void reduce_all(const T* x, std::size_t outer, std::size_t len, std::size_t inner, T* y) {
  for (std::size_t o = 0; o < outer; ++o) {
    if (inner == 1) {
      y[o] = reduce_row<F, T>(Elements<T>{x + o * len}, len);
    } else {
      reduce_columns<F>(x + o * len * inner, len, inner, y + o * inner);
    }
  }
}

template <class T>
void reduce_any(ReduceFn f, const T* x, std::size_t outer, std::size_t len, std::size_t inner,
                T* y) {
  switch (f) {
    case ReduceFn::sum:
      return reduce_all<ReduceFn::sum>(x, outer, len, inner, y);
    case ReduceFn::prod:
      return reduce_all<ReduceFn::prod>(x, outer, len, inner, y);
    case ReduceFn::max:
      return reduce_all<ReduceFn::max>(x, outer, len, inner, y);
    case ReduceFn::min:
      return reduce_all<ReduceFn::min>(x, outer, len, inner, y);
  }
}

void reduce_f32(ReduceFn f, const float* x, std::size_t outer, std::size_t len, std::size_t inner,
                float* y) {
  reduce_any(f, x, outer, len, inner, y);
}

void reduce_f64(ReduceFn f, const double* x, std::size_t outer, std::size_t len, std::size_t inner,
                double* y) {
  reduce_any(f, x, outer, len, inner, y);
}

double sum_squares_f32(const float* x, std::size_t n) {
  return reduce_row<ReduceFn::sum, double>(Squares<float>{x}, n, kSquares);
}

double sum_squares_f64(const double* x, std::size_t n) {
  return reduce_row<ReduceFn::sum, double>(Squares<double>{x}, n, kSquares);
}

float squared_distance_f32(const float* a, const float* b, std::size_t n) {
  return reduce_row<ReduceFn::sum, float>(SquaredDifferences<float>{a, b}, n);
}

double squared_distance_f64(const double* a, const double* b, std::size_t n) {
  return reduce_row<ReduceFn::sum, double>(SquaredDifferences<double>{a, b}, n);
}

}  // namespace ito::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ito::kernels {
HWY_EXPORT(reduce_f32);
HWY_EXPORT(reduce_f64);
HWY_EXPORT(sum_squares_f32);
HWY_EXPORT(sum_squares_f64);
HWY_EXPORT(squared_distance_f32);
HWY_EXPORT(squared_distance_f64);

namespace {
std::size_t size(Index n) {
  return static_cast<std::size_t>(n);
}
}  // namespace

template <>
void reduce<float>(ReduceFn f, const float* x, Index outer, Index len, Index inner, float* y) {
  HWY_DYNAMIC_DISPATCH(reduce_f32)(f, x, size(outer), size(len), size(inner), y);
}

template <>
void reduce<double>(ReduceFn f, const double* x, Index outer, Index len, Index inner, double* y) {
  HWY_DYNAMIC_DISPATCH(reduce_f64)(f, x, size(outer), size(len), size(inner), y);
}

template <>
double sum_squares<float>(const float* x, Index n) {
  return HWY_DYNAMIC_DISPATCH(sum_squares_f32)(x, size(n));
}

template <>
double sum_squares<double>(const double* x, Index n) {
  return HWY_DYNAMIC_DISPATCH(sum_squares_f64)(x, size(n));
}

template <>
float squared_distance<float>(const float* a, const float* b, Index n) {
  return HWY_DYNAMIC_DISPATCH(squared_distance_f32)(a, b, size(n));
}

template <>
double squared_distance<double>(const double* a, const double* b, Index n) {
  return HWY_DYNAMIC_DISPATCH(squared_distance_f64)(a, b, size(n));
}

}  // namespace ito::kernels
#endif  // HWY_ONCE
