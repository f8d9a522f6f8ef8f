// The two inner loops of packed_gemm, compiled once per instruction set: packing and the tile.
#if defined(ITO_KERNELS_PACKED_GEMM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ITO_KERNELS_PACKED_GEMM_INL_H_
#undef ITO_KERNELS_PACKED_GEMM_INL_H_
#else
#define ITO_KERNELS_PACKED_GEMM_INL_H_
#endif

#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include "autograd/kernels/lanes-inl.h"
#include "autograd/kernels/packed_gemm_blocks.h"
#include "autograd/shape.h"

HWY_BEFORE_NAMESPACE();
namespace ito::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class T>
using Tag = hn::ScalableTag<T>;

template <class T>
inline constexpr Index kLanes = static_cast<Index>(hn::MaxLanes(Tag<T>()));

// A tile of C is kTileRows x (kTileVectors vectors); its accumulators, a row of B and an element of
// A fill the registers: 32 of AVX-512 and NEON, 16 elsewhere.
inline constexpr Index kTileVectors = 2;
#if HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM_A64
inline constexpr Index kTileRows = 14;
#else
inline constexpr Index kTileRows = 6;
#endif

// Rows of A that fill most of a tile are packed where at least so many columns read them, since
// fourteen pointers are more than there are registers; columns of A that lie far apart are, too.
inline constexpr Index kOften = kTileRows >= 14 ? 128 : 256;

// Tiles of few rows have too few products to fetch their rows of A' ahead of them.
inline constexpr bool kFetchesA = kTileRows >= 14;
// Where they do, and the columns of A' are no longer than this, they read A' where it lies, unless
// the columns are whole pages apart: even if each tile fetches, that costs less than packing.
inline constexpr Index kShallow = kFetchesA ? 128 : 0;

// Columns of a tile, and of a panel of B.
template <class T>
inline constexpr Index kPanelWidth = kTileVectors* kLanes<T>;

// A tile's rows of A in whole vectors, as packing writes them, and how far those reach beyond.
template <class T>
inline constexpr Index kPackedRows = (kTileRows + kLanes<T> - 1) / kLanes<T>* kLanes<T>;
template <class T>
inline constexpr Index kOverhang = kPackedRows<T> - kTileRows;

#if HWY_TARGET == HWY_SCALAR
template <class T>
inline constexpr Index kBlock = 1;
#else
template <class T>
inline constexpr Index kBlock = 16 / sizeof(T);  // elements of a 128-bit block
#endif
// Transposes read two blocks of a row where vectors have as many.
template <class T>
inline constexpr Index kPiece = std::min(2 * kBlock<T>, kLanes<T>);

#if HWY_TARGET != HWY_SCALAR
// A vector whose pieces come from one row each: piece i from rows[i * (elements a piece)].
template <class D, class T = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> load_pieces(D d, const T* const* rows, Index l) {
  constexpr Index kN = static_cast<Index>(hn::MaxLanes(D()));
  if constexpr (kN <= kPiece<T>) {
    return hn::LoadU(d, rows[0] + l);
  } else {
    const hn::Half<D> half;
    return hn::Combine(d, load_pieces(half, rows + kN / 2, l), load_pieces(half, rows, l));
  }
}

// Transposes within blocks, 4 x 4 or 2 x 2: out[i] holds, in each block, element i of that block of
// every row.
HWY_INLINE void transpose_blocks(Tag<float> d, const float* const* rows, Index l,
                                 hn::Vec<Tag<float>>* out) {
  const hn::RepartitionToWide<Tag<float>> pairs;
  const auto r0 = load_pieces(d, rows, l), r1 = load_pieces(d, rows + 1, l);
  const auto r2 = load_pieces(d, rows + 2, l), r3 = load_pieces(d, rows + 3, l);
  const auto low01 = hn::BitCast(pairs, hn::InterleaveLower(d, r0, r1));
  const auto low23 = hn::BitCast(pairs, hn::InterleaveLower(d, r2, r3));
  const auto high01 = hn::BitCast(pairs, hn::InterleaveUpper(d, r0, r1));
  const auto high23 = hn::BitCast(pairs, hn::InterleaveUpper(d, r2, r3));
  out[0] = hn::BitCast(d, hn::InterleaveLower(pairs, low01, low23));
  out[1] = hn::BitCast(d, hn::InterleaveUpper(pairs, low01, low23));
  out[2] = hn::BitCast(d, hn::InterleaveLower(pairs, high01, high23));
  out[3] = hn::BitCast(d, hn::InterleaveUpper(pairs, high01, high23));
}
HWY_INLINE void transpose_blocks(Tag<double> d, const double* const* rows, Index l,
                                 hn::Vec<Tag<double>>* out) {
  const auto r0 = load_pieces(d, rows, l), r1 = load_pieces(d, rows + 1, l);
  out[0] = hn::InterleaveLower(d, r0, r1);
  out[1] = hn::InterleaveUpper(d, r0, r1);
}

// out[i] holds rows[j][l + i] in the lanes j, for the elements i of a piece.
template <class T>
HWY_INLINE void transpose_pieces(Tag<T> d, const T* const* rows, Index l, hn::Vec<Tag<T>>* out) {
  if constexpr (kPiece<T> == kBlock<T>) {
    transpose_blocks(d, rows, l, out);
  } else {
    hn::Vec<Tag<T>> near[kBlock<T>], far[kBlock<T>];
    transpose_blocks(d, rows, l, near);
    transpose_blocks(d, rows + kBlock<T>, l, far);
    for (Index i = 0; i < kBlock<T>; ++i) {
      out[i] = hn::OddEvenBlocks(hn::SwapAdjacentBlocks(far[i]), near[i]);
      out[kBlock<T> + i] = hn::OddEvenBlocks(far[i], hn::SwapAdjacentBlocks(near[i]));
    }
  }
}
#else
template <class T>
HWY_INLINE void transpose_pieces(Tag<T> d, const T* const* rows, Index l, hn::Vec<Tag<T>>* out) {
  out[0] = hn::LoadU(d, rows[0] + l);
}
#endif

// Packs op(M)[0..k, 0..count) into rows of W, where op(M)[l, j] = from[j * ld + l]. Row l begins at
// to + l * Stride; if that is less than W, the next row takes the place of its end, and the last
// one reaches beyond k * Stride. Columns beyond count repeat the last: what a tile computes from
// them is not stored.
template <Index W, Index Stride = W, class T>
void pack_transposed(const T* from, Index ld, Index count, Index k, T* to) {
  const T* rows[W];
  for (Index j = 0; j < W; ++j) rows[j] = from + std::min(j, count - 1) * ld;
  const Tag<T> d;
  const Index whole = k - k % kPiece<T>;
  // From the end, since that may reach into the beginning of the next row.
  for (Index j = W - kLanes<T>; j >= 0; j -= kLanes<T>) {
    for (Index l = 0; l < whole; l += kPiece<T>) {
      hn::Vec<Tag<T>> piece[kPiece<T>];
      transpose_pieces(d, rows + j, l, piece);
      for (Index i = 0; i < kPiece<T>; ++i) hn::StoreU(piece[i], d, to + (l + i) * Stride + j);
    }
  }
  for (Index l = whole; l < k; ++l) {
    for (Index j = 0; j < W; ++j) to[l * Stride + j] = rows[j][l];
  }
}

// The same for op(M)[l, j] = from[l * ld + j]. Columns beyond count are zero.
template <Index W, class T>
void pack_straight(const T* from, Index ld, Index count, Index k, T* to) {
  const Tag<T> d;
  const Index last = W - kLanes<T>;  // where the last vector begins
  for (Index l = 0; l < k; ++l, from += ld, to += W) {
    for (Index j = 0; j < last; j += kLanes<T>) hn::StoreU(hn::LoadU(d, from + j), d, to + j);
    hn::StoreU(load_first(d, from + last, static_cast<std::size_t>(count - last)), d, to + last);
  }
}

// Packs rows of op(A), cut into tiles, where op(A)[i, l] = from[l * ld + i]: those of tile t into
// columns of kTileRows from to + t * stride on. Writes vectors like pack_transposed. Reads memory
// from one end to the other, which processors foresee, even if that writes to many places.
template <class T>
void pack_rows(const T* from, Index ld, const Pieces& rows, Index k, T* to, Index stride) {
  const Tag<T> d;
  Index whole = rows.count();  // tiles that may read beyond their rows
  while (whole > 0 && rows.total() < rows.begin(whole - 1) + kPackedRows<T>) --whole;
  for (Index l = 0; l < k; ++l, from += ld, to += kTileRows) {
    for (Index t = 0; t < whole; ++t) {
      for (Index i = 0; i < kPackedRows<T>; i += kLanes<T>) {
        hn::StoreU(hn::LoadU(d, from + rows.begin(t) + i), d, to + t * stride + i);
      }
    }
    for (Index t = whole; t < rows.count(); ++t) {
      for (Index i = 0; i < rows.size(t); i += kLanes<T>) {
        const auto left = static_cast<std::size_t>(rows.size(t) - i);
        hn::StoreU(load_first(d, from + rows.begin(t) + i, left), d, to + t * stride + i);
      }
    }
  }
}

template <class T>
struct Output {
  T alpha, beta;
  T* c;
  Index ldc;
};

// V vectors side by side: a row of a tile.
template <Index V, class T>
using Row = hn::Vec<Tag<T>>[V];

template <Index V, class T>
HWY_INLINE void clear_row(Row<V, T>& sum) {
  for (Index v = 0; v < V; ++v) sum[v] = hn::Zero(Tag<T>());
}

// sum += a * b, where `again` is a.
template <Index V, class T>
HWY_INLINE void add_product(const T& a, const T& again, const Row<V, T>& b, Row<V, T>& sum) {
  const Tag<T> d;
  for (Index v = 0; v < V; ++v) sum[v] = fma(d, hn::Set(d, v == 0 ? a : again), b[v], sum[v]);
}

// c = alpha * sum + beta * c, where the last vector has `last` elements.
template <Index V, class T>
HWY_INLINE void store_row(const T* sum, T alpha, T beta, T* c, std::size_t last) {
  const Tag<T> d;
  for (Index v = 0; v < V; ++v, c += kLanes<T>) {
    const std::size_t lanes = v + 1 < V ? static_cast<std::size_t>(kLanes<T>) : last;
    auto value = hn::Mul(hn::Set(d, alpha), hn::Load(d, sum + v * kLanes<T>));
    if (beta != 0) value = fma(d, hn::Set(d, beta), load_first(d, c, lanes), value);
    store_first(d, value, c, lanes);
  }
}

template <Index V, class T>
HWY_INLINE void set_row(const Row<V, T>& sum, T* c) {
  for (Index v = 0; v < V; ++v) hn::StoreU(sum[v], Tag<T>(), c + v * kLanes<T>);
}
template <Index V, class T>
HWY_INLINE void add_to_row(const Row<V, T>& sum, T* c) {
  const Tag<T> d;
  for (Index v = 0; v < V; ++v, c += kLanes<T>) {
    hn::StoreU(hn::Add(hn::LoadU(d, c), sum[v]), d, c);
  }
}

// C [R, n] = alpha * sum + beta * C. Whole tiles with the commonest factors go from the registers
// to C; the rest by way of memory, which keeps the code of the others short.
template <Index V, class T, Index... I>
HWY_INLINE void store_tile(const Row<V, T> (&sum)[sizeof...(I)], Index n, const Output<T>& out,
                           std::integer_sequence<Index, I...>) {
  constexpr Index kWidth = V * kLanes<T>;
  if (out.alpha == 1 && n == kWidth) {
    if (out.beta == 0) {
      (set_row<V, T>(sum[I], out.c + I * out.ldc), ...);
      return;
    }
    if (out.beta == 1) {
      (add_to_row<V, T>(sum[I], out.c + I * out.ldc), ...);
      return;
    }
  }
  HWY_ALIGN T rows[sizeof...(I) * kWidth];
  (set_row<V, T>(sum[I], rows + I * kWidth), ...);
  const auto last = static_cast<std::size_t>(n - (kWidth - kLanes<T>));
  T* c = out.c;
  for (std::size_t i = 0; i < sizeof...(I); ++i, c += out.ldc) {
    store_row<V, T>(rows + i * kWidth, out.alpha, out.beta, c, last);
  }
}

template <Index V, class T>
HWY_INLINE void load_row(const T* b, Row<V, T>& row) {
  for (Index v = 0; v < V; ++v) row[v] = hn::LoadU(Tag<T>(), b + v * kLanes<T>);
}

// The same address, as another that compilers do not know to be equal.
template <class T>
HWY_INLINE const T* twin_of(const T* a) {
#if HWY_TARGET <= HWY_AVX3 && (HWY_COMPILER_GCC || HWY_COMPILER_CLANG)
  asm("" : "+r"(a));
#endif
  return a;
}

// AVX-512 multiplies by an element where it lies in memory. That spares the instruction which would
// spread it over a register, and costs a load for each vector but the first: every fourth row is as
// many as leave the loads as fast as the products. The fewer instructions count where another
// thread shares the core, and with it the decoder.
inline constexpr Index kFromMemory = 4;

// The step from one row to the next of an l's elements of A that lie side by side.
using SideBySide = std::integral_constant<Index, 1>;

// sum += a b for one l. Unrolled over the rows I, so that the sums stay in registers. Rows apart
// have their pointers to keep there, and no register for a twin.
template <Index V, class T, class RowStep, Index... I>
HWY_INLINE void add_products(const T* a, RowStep row_step, const Row<V, T>& b,
                             Row<V, T> (&sum)[sizeof...(I)], std::integer_sequence<Index, I...>) {
  const T* twin = std::is_same_v<RowStep, SideBySide> ? twin_of(a) : a;
  (add_product<V, T>(a[I * row_step], (I % kFromMemory > 0 ? a : twin)[I * row_step], b, sum[I]),
   ...);
}

// How many rows ahead tiles fetch: fewer than a set of the first-level cache has ways, should all
// fall into the same set.
inline constexpr Index kRowsAhead = 6;

// Fetches the lines of N elements, N > 0.
template <Index N, class T>
HWY_INLINE void fetch(const T* from) {
  for (Index i = 0; i < N - 1; i += kLine<T>) hwy::Prefetch(from + i);
  hwy::Prefetch(from + (N - 1));
}

// Fetches the lines of a row, V vectors.
template <Index V, class T>
HWY_INLINE void fetch_row(const T* row) {
  for (Index j = 0; j < V * kLanes<T>; j += kLine<T>) hwy::Prefetch(row + j);
}

// sum += a b for one l, whose elements of A are fetched ahead of their turn if `fetches`. If
// `packs`, so is the row of B, whole, and goes to `panel` as well.
template <Index V, bool fetches, bool packs, class T, class RowStep, Index... I>
HWY_INLINE void add_l(const T* a, RowStep row_step, Index step, const T* b, Index ldb, T* panel,
                      Row<V, T> (&sum)[sizeof...(I)], std::integer_sequence<Index, I...> rows) {
  if constexpr (packs) fetch_row<V>(b + kRowsAhead * ldb);
  if constexpr (fetches) fetch<sizeof...(I)>(a + kRowsAhead * step);
  Row<V, T> row;
  load_row<V>(b, row);
  if constexpr (packs) set_row<V, T>(row, panel);
  add_products<V, T>(a, row_step, row, sum, rows);
}

// The first l fetch a row of C each: at its end a tile would wait for what is not in the caches, as
// gradients of weights seldom are.
template <Index V, bool fetches, bool packs, class T, class RowStep, Index... I>
HWY_INLINE void tile_rows(Index n, Index k, const T* HWY_RESTRICT a, RowStep row_step, Index step,
                          const T* HWY_RESTRICT b, Index ldb, T* HWY_RESTRICT panel,
                          const Output<T>& out, std::integer_sequence<Index, I...> rows) {
  constexpr Index kWidth = packs ? V * kLanes<T> : 0;
  Row<V, T> sum[sizeof...(I)];
  (clear_row<V, T>(sum[I]), ...);
  const Index rest = std::max<Index>(k - static_cast<Index>(sizeof...(I)), 0);
  const T* c = out.c;
  for (Index left = k; left > rest; --left, a += step, b += ldb, panel += kWidth, c += out.ldc) {
    fetch_row<V>(c);
    add_l<V, fetches, packs>(a, row_step, step, b, ldb, panel, sum, rows);
  }
  for (Index left = rest; left > 0; --left, a += step, b += ldb, panel += kWidth) {
    add_l<V, fetches, packs>(a, row_step, step, b, ldb, panel, sum, rows);
  }
  store_tile<V, T>(sum, n, out, rows);
}

// Tiles: C [R, n] = alpha A B + beta C for B[l, j] = b[l * ldb + j], where (V - 1) vectors < n <= V
// vectors and all V vectors of a row of B can be read. There is one for each way that A lies, a
// function of its own since steps that are known leave registers and instructions for the work.

// A[i, l] = a[i * step + l].
template <Index R, Index V, class T>
void tile(Index n, Index k, const T* a, Index step, const T* b, Index ldb, const Output<T>& out) {
  tile_rows<V, false, false, T>(n, k, a, step, 1, b, ldb, nullptr, out,
                                std::make_integer_sequence<Index, R>());
}

// A[i, l] = a[l * kTileRows + i].
template <Index R, Index V, class T>
void packed_tile(Index n, Index k, const T* a, Index, const T* b, Index ldb, const Output<T>& out) {
  tile_rows<V, false, false, T>(n, k, a, SideBySide(), kTileRows, b, ldb, nullptr, out,
                                std::make_integer_sequence<Index, R>());
}

// A[i, l] = a[l * step + i]: each l lies on lines of its own, which no processor foresees.
template <Index R, Index V, class T>
void transposed_tile(Index n, Index k, const T* a, Index step, const T* b, Index ldb,
                     const Output<T>& out) {
  tile_rows<V, kFetchesA, false, T>(n, k, a, SideBySide(), step, b, ldb, nullptr, out,
                                    std::make_integer_sequence<Index, R>());
}

// Two kinds of tiles of packed rows of A and whole panels, for the sake of panels that lie far
// away: packing alone would wait for them, and the products hide that.

// A tile that packs B, for the tiles to come.
template <Index R, bool packed, class T>
void packing_tile(Index k, const T* a, Index step, const T* b, Index ldb, T* panel,
                  const Output<T>& out) {
  tile_rows<kTileVectors, kFetchesA && !packed, true, T>(
      kPanelWidth<T>, k, a, SideBySide(), packed ? kTileRows : step, b, ldb, panel, out,
      std::make_integer_sequence<Index, R>());
}

// Rows of the next panel that a tile fetches where B is transposed.
inline constexpr Index kFetchedRows = 8;

// A tile that fetches rows of the next panel, a line of each for every line's worth of its own
// sums.
template <class T, Index... I>
HWY_INLINE void fetching_tile_rows(Index k, const T* HWY_RESTRICT a, const T* HWY_RESTRICT panel,
                                   const T* next, Index ld, const Output<T>& out,
                                   std::integer_sequence<Index, I...> rows) {
  Row<kTileVectors, T> sum[sizeof...(I)];
  (clear_row<kTileVectors, T>(sum[I]), ...);
  for (Index l = 0; l < k; l += kLine<T>, next += kLine<T>) {
    for (Index r = 0; r < kFetchedRows; ++r) hwy::Prefetch(next + r * ld);
    for (Index left = std::min(kLine<T>, k - l); left > 0;
         --left, a += kTileRows, panel += kPanelWidth<T>) {
      Row<kTileVectors, T> row;
      load_row<kTileVectors>(panel, row);
      add_products<kTileVectors, T>(a, SideBySide(), row, sum, rows);
    }
  }
  store_tile<kTileVectors, T>(sum, kPanelWidth<T>, out, rows);
}
template <Index R, class T>
void fetching_tile(Index k, const T* a, const T* panel, const T* next, Index ld,
                   const Output<T>& out) {
  fetching_tile_rows(k, a, panel, next, ld, out, std::make_integer_sequence<Index, R>());
}

}  // namespace ito::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif  // per-target include guard
