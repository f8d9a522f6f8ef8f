#include "autograd/kernels/strided.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "autograd/kernels/transpose.h"

namespace ito::kernels {
namespace {

// Rows of at least kDirect elements go to the contiguous kernels as they are; shorter or strided
// ones are gathered into blocks of kBlock elements first.
constexpr Index kDirect = 32;
constexpr Index kBlock = 512;
// Transposes go through square tiles whose rows fill whole cache lines, and panel by panel: a panel
// touches few enough pages for the TLB.
constexpr Index kTile = 16;
constexpr Index kPanel = 128;

// The loops over `shape` with as few dimensions as possible; stride[k] belongs to operand k.
template <std::size_t N>
struct Nest {
  int rank = 0;
  std::array<Index, kMaxRank> size;
  std::array<std::array<Index, kMaxRank>, N> stride;

  Index inner() const { return size[static_cast<std::size_t>(rank - 1)]; }
  Index inner_stride(std::size_t k) const { return stride[k][static_cast<std::size_t>(rank - 1)]; }

  void move_to_back(int dim) {
    const auto rotate = [&](auto& values) {
      std::rotate(values.begin() + dim, values.begin() + dim + 1, values.begin() + rank);
    };
    rotate(size);
    for (auto& s : stride) rotate(s);
  }
};

// Drops dimensions of size 1 and merges neighbours that every operand crosses with one stride. At
// least one dimension remains.
template <std::size_t N>
Nest<N> coalesce(const Shape& shape, const std::array<const Strides*, N>& strides) {
  Nest<N> nest;
  for (int i = 0; i < shape.rank(); ++i) {
    if (shape[i] == 1) continue;
    bool merges = nest.rank > 0;
    for (std::size_t k = 0; merges && k < N; ++k) {
      merges = nest.inner_stride(k) == (*strides[k])[i] * shape[i];
    }
    if (!merges) ++nest.rank;
    const auto last = static_cast<std::size_t>(nest.rank - 1);
    nest.size[last] = merges ? nest.size[last] * shape[i] : shape[i];
    for (std::size_t k = 0; k < N; ++k) nest.stride[k][last] = (*strides[k])[i];
  }
  if (nest.rank == 0) {
    nest.rank = 1;
    nest.size[0] = 1;
    for (auto& s : nest.stride) s[0] = 1;
  }
  return nest;
}

// Walks the outer dimensions of a nest (all but the last `inner_rank`) in row-major order.
template <std::size_t N>
class Odometer {
 public:
  Odometer(const Nest<N>& nest, int inner_rank) : nest_(nest), rank_(nest.rank - inner_rank) {}

  Index offset(std::size_t k) const { return offset_[k]; }

  // Steps to the next position; false after the last one.
  bool next() {
    for (int i = rank_ - 1; i >= 0; --i) {
      const auto d = static_cast<std::size_t>(i);
      ++at_[d];
      for (std::size_t k = 0; k < N; ++k) offset_[k] += nest_.stride[k][d];
      if (at_[d] < nest_.size[d]) return true;
      for (std::size_t k = 0; k < N; ++k) offset_[k] -= nest_.stride[k][d] * at_[d];
      at_[d] = 0;
    }
    return false;
  }

 private:
  const Nest<N>& nest_;
  int rank_;
  std::array<Index, kMaxRank> at_{};
  std::array<Index, N> offset_{};
};

template <class T>
void gather(const T* x, Index stride, T* y, Index n) {
  if (stride == 1) {
    std::copy_n(x, n, y);
  } else if (stride == 0) {
    std::fill_n(y, n, *x);
  } else {
    for (Index i = 0; i < n; ++i) y[i] = x[i * stride];
  }
}

// Calls kernel(block, y, count) for successive runs of `y`, where block[k] holds the elements of
// operand k that belong to the run.
template <std::size_t N, class T, class Kernel>
void for_each_block(const Nest<N>& nest, const std::array<const T*, N>& x, T* y, Index n,
                    const Kernel& kernel) {
  alignas(64) T buffer[N][kBlock];
  std::array<const T*, N> block;
  for (std::size_t k = 0; k < N; ++k) block[k] = buffer[k];
  Odometer<N> row(nest, 1);
  Index column = 0;
  while (n > 0) {
    const Index count = std::min(kBlock, n);
    for (Index filled = 0; filled < count;) {
      const Index run = std::min(nest.inner() - column, count - filled);
      for (std::size_t k = 0; k < N; ++k) {
        const Index stride = nest.inner_stride(k);
        gather(x[k] + row.offset(k) + column * stride, stride, buffer[k] + filled, run);
      }
      filled += run;
      column += run;
      if (column == nest.inner()) {
        column = 0;
        row.next();
      }
    }
    kernel(block, y, count);
    y += count;
    n -= count;
  }
}

template <std::size_t N>
bool rows_are_direct(const Nest<N>& nest) {
  if (nest.inner() < kDirect && nest.rank > 1) return false;
  for (std::size_t k = 0; k < N; ++k) {
    const Index stride = nest.inner_stride(k);
    if (stride != 0 && stride != 1) return false;
  }
  return true;
}

// y[i * yp + j * yq] = x[i * xp + j * xq] for i < rows, j < columns, both at most kTile. Through a
// buffer, since the lines of x may evict each other where xp is a power of two.
template <class T>
void copy_tile(const T* x, Index xp, Index xq, T* y, Index yp, Index yq, Index rows,
               Index columns) {
  T tile[kTile * kTile];
  if (rows == kTile && columns == kTile && xq == 1 && yp == 1) {
    for (Index i = 0; i < kTile; ++i) std::memcpy(tile + i * kTile, x + i * xp, kTile * sizeof(T));
    for (Index j = 0; j < kTile; ++j) {
      for (Index i = 0; i < kTile; ++i) y[i + j * yq] = tile[i * kTile + j];
    }
    return;
  }
  for (Index i = 0; i < rows; ++i) gather(x + i * xp, xq, tile + i * kTile, columns);
  for (Index j = 0; j < columns; ++j) {
    for (Index i = 0; i < rows; ++i) y[i * yp + j * yq] = tile[i * kTile + j];
  }
}

// The last two dimensions of the nest, transposed: operand 0 (source) advances fastest along the
// last but one, operand 1 (target) along the last.
template <class T>
void copy_tiles(const Nest<2>& nest, const T* x, T* y) {
  const auto p = static_cast<std::size_t>(nest.rank - 1), q = p - 1;
  const Index xp = nest.stride[0][p], xq = nest.stride[0][q];
  const Index yp = nest.stride[1][p], yq = nest.stride[1][q];
  if (xq == 1 && yp == 1 && std::min(nest.size[p], nest.size[q]) >= kPanel &&
      nest.size[p] * nest.size[q] * static_cast<Index>(sizeof(T)) >= kLargeTranspose) {
    return transpose_large(x, xp, nest.size[p], nest.size[q], y, yq);
  }
  const auto for_each = [](Index from, Index to, Index step, const auto& body) {
    for (Index i = from; i < to; i += step) body(i, std::min(i + step, to));
  };
  for_each(0, nest.size[p], kPanel, [&](Index p0, Index p1) {
    for_each(0, nest.size[q], kPanel, [&](Index q0, Index q1) {
      for_each(p0, p1, kTile, [&](Index i, Index i_end) {
        for_each(q0, q1, kTile, [&](Index j, Index j_end) {
          // The next tile's target lines, one a row: no hardware prefetcher follows this pattern.
          for (Index r = j_end; r < std::min(j_end + kTile, nest.size[q]); ++r) {
            __builtin_prefetch(y + (i_end - 1) * yp + r * yq, 1);
          }
          copy_tile(x + i * xp + j * xq, xp, xq, y + i * yp + j * yq, yp, yq, i_end - i, j_end - j);
        });
      });
    });
  });
}

// The dimension operand k crosses in the smallest steps, not counting broadcast ones.
int fastest_dimension(const Nest<2>& nest, std::size_t k) {
  int best = nest.rank - 1;
  for (int i = nest.rank - 1; i >= 0; --i) {
    const Index step = std::abs(nest.stride[k][static_cast<std::size_t>(i)]);
    const Index least = std::abs(nest.stride[k][static_cast<std::size_t>(best)]);
    if (step != 0 && (least == 0 || step < least)) best = i;
  }
  return best;
}

template <class T>
void copy_strided(const T* x, const Strides& sx, T* y, const Strides& sy, const Shape& shape) {
  if (numel(shape) == 0) return;
  Nest<2> nest = coalesce<2>(shape, {&sx, &sy});
  const int source = fastest_dimension(nest, 0);
  const int target = fastest_dimension(nest, 1);
  const bool tiled = source != target && nest.stride[0][static_cast<std::size_t>(target)] != 0;
  if (tiled) nest.move_to_back(source);
  nest.move_to_back(tiled && source < target ? target - 1 : target);
  Odometer<2> outer(nest, tiled ? 2 : 1);
  do {
    const T* from = x + outer.offset(0);
    T* to = y + outer.offset(1);
    const Index step = nest.inner_stride(1);
    if (tiled) {
      copy_tiles(nest, from, to);
    } else if (step == 1) {
      gather(from, nest.inner_stride(0), to, nest.inner());
    } else {
      for (Index i = 0; i < nest.inner(); ++i) to[i * step] = from[i * nest.inner_stride(0)];
    }
  } while (outer.next());
}

}  // namespace

template <class T>
void unary(UnaryFn f, const T* x, const Strides& sx, T* y, const Shape& shape) {
  const Index n = numel(shape);
  if (is_contiguous(shape, sx)) return unary(f, x, y, n);
  if (n == 0) return;
  const Nest<1> nest = coalesce<1>(shape, {&sx});
  if (!rows_are_direct<1>(nest)) {
    return for_each_block<1, T>(nest, {x}, y, n, [f](const auto& block, T* out, Index count) {
      unary(f, block[0], out, count);
    });
  }
  Odometer<1> row(nest, 1);
  do {
    const bool constant = nest.inner_stride(0) == 0;
    unary(f, x + row.offset(0), y, constant ? 1 : nest.inner());
    if (constant) std::fill_n(y + 1, nest.inner() - 1, *y);
    y += nest.inner();
  } while (row.next());
}

template <class T>
void binary(BinaryFn f, const T* a, const Strides& sa, const T* b, const Strides& sb, T* y,
            const Shape& shape) {
  const Index n = numel(shape);
  // Of nothing too, so that what T lacks is refused whatever the shape.
  if (n == 0 || (is_contiguous(shape, sa) && is_contiguous(shape, sb)))
    return binary(f, a, false, b, false, y, n);
  const Nest<2> nest = coalesce<2>(shape, {&sa, &sb});
  if (!rows_are_direct<2>(nest)) {
    return for_each_block<2, T>(nest, {a, b}, y, n, [f](const auto& block, T* out, Index count) {
      binary(f, block[0], false, block[1], false, out, count);
    });
  }
  Odometer<2> row(nest, 1);
  do {
    binary(f, a + row.offset(0), nest.inner_stride(0) == 0, b + row.offset(1),
           nest.inner_stride(1) == 0, y, nest.inner());
    y += nest.inner();
  } while (row.next());
}

template <class T>
void copy(const T* x, const Strides& sx, T* y, const Shape& shape) {
  if (is_contiguous(shape, sx)) {
    std::copy_n(x, numel(shape), y);
  } else {
    copy_strided(x, sx, y, contiguous_strides(shape), shape);
  }
}

template <class T>
void scatter_copy(const T* x, T* y, const Strides& sy, const Shape& shape) {
  if (is_contiguous(shape, sy)) {
    std::copy_n(x, numel(shape), y);
  } else {
    copy_strided(x, contiguous_strides(shape), y, sy, shape);
  }
}

template void unary(UnaryFn, const float*, const Strides&, float*, const Shape&);
template void unary(UnaryFn, const double*, const Strides&, double*, const Shape&);
template void binary(BinaryFn, const float*, const Strides&, const float*, const Strides&, float*,
                     const Shape&);
template void binary(BinaryFn, const double*, const Strides&, const double*, const Strides&,
                     double*, const Shape&);
template void binary(BinaryFn, const std::int64_t*, const Strides&, const std::int64_t*,
                     const Strides&, std::int64_t*, const Shape&);
template void copy(const float*, const Strides&, float*, const Shape&);
template void copy(const double*, const Strides&, double*, const Shape&);
template void copy(const std::int64_t*, const Strides&, std::int64_t*, const Shape&);
template void scatter_copy(const float*, float*, const Strides&, const Shape&);
template void scatter_copy(const double*, double*, const Strides&, const Shape&);
template void scatter_copy(const std::int64_t*, std::int64_t*, const Strides&, const Shape&);

}  // namespace ito::kernels
