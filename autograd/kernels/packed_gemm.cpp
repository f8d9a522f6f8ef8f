#include "autograd/kernels/packed_gemm.h"

#include <algorithm>
#include <array>
#include <utility>

#include "autograd/kernels/packed_gemm_blocks.h"
#include "autograd/kernels/simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autograd/kernels/packed_gemm.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "autograd/kernels/packed_gemm-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ito::kernels::HWY_NAMESPACE {

// A matrix as stored, and whether op transposes it.
template <class T>
struct Operand {
  bool trans;
  const T* data;
  Index ld;

  // op(M) from row i and column j on.
  Operand at(Index i, Index j) const {
    return {trans, trans ? data + j * ld + i : data + i * ld + j, ld};
  }
};

// A panel of op(B) as tiles read it: row l begins at data + l * ld.
template <class T>
struct Panel {
  const T* data;
  Index ld;
};

// How the rows of op(A) of a tile lie.
enum class Layout { straight, transposed, packed };

// The rows of op(A) of a tile: `step` from one row to the next, if they are transposed from one
// column to the next.
template <class T>
struct Rows {
  Layout layout;
  const T* data;
  Index step;
};

// Of tiles of one kind: element r - 1 is of<r>().
template <class Of, Index... I>
constexpr auto tiles_of(Of of, std::integer_sequence<Index, I...>) {
  return std::array{of.template operator()<I + 1>()...};
}
template <class Of>
constexpr auto tiles_of(Of of) {
  return tiles_of(of, std::make_integer_sequence<Index, kTileRows>());
}
template <class T, Index V>
inline constexpr auto kTiles = std::array{
    tiles_of([]<Index R>() { return &tile<R, V, T>; }),
    tiles_of([]<Index R>() { return &transposed_tile<R, V, T>; }),
    tiles_of([]<Index R>() { return &packed_tile<R, V, T>; }),
};
template <class T, bool packed>
inline constexpr auto kPackingTiles = tiles_of([]<Index R>() {
  return &packing_tile<R, packed, T>;
});
template <class T>
inline constexpr auto kFetchingTiles = tiles_of([]<Index R>() { return &fetching_tile<R, T>; });

// C [rows, n] of packed or unpacked rows and a panel.
template <class T>
void any_tile(Index rows, Index n, Index k, const Rows<T>& a, const Panel<T>& b,
              const Output<T>& out) {
  const auto& tiles = n > kLanes<T> ? kTiles<T, 2> : kTiles<T, 1>;
  tiles[static_cast<std::size_t>(a.layout)][static_cast<std::size_t>(rows - 1)](
      n, k, a.data, a.step, b.data, b.ld, out);
}

// B [k, n] of op(B), n at most V vectors.
template <Index V, class T>
Panel<T> panel_of_b(const Operand<T>& b, Index n, Index k, bool reused, T* buffer) {
  constexpr Index kWidth = V * kLanes<T>;
  if (b.trans) {
    pack_transposed<kWidth>(b.data, b.ld, n, k, buffer);
  } else if (reused || n < kWidth) {
    pack_straight<kWidth>(b.data, b.ld, n, k, buffer);
  } else {
    return {b.data, b.ld};
  }
  return {buffer, kWidth};
}
// The same for any n that a panel holds.
template <class T>
Panel<T> panel_of_b(const Operand<T>& b, Index n, Index k, bool reused, T* buffer) {
  return n > kLanes<T> ? panel_of_b<2>(b, n, k, reused, buffer)
                       : panel_of_b<1>(b, n, k, reused, buffer);
}

// op(A) [m, k] where it lies.
template <class T>
Rows<T> rows_of_a(const Operand<T>& a) {
  return {a.trans ? Layout::transposed : Layout::straight, a.data, a.ld};
}

// A factor of a batch of products: matrix g begins at one.data + g * stride.
template <class T>
struct Batch {
  Operand<T> one;
  Index stride;

  Operand<T> matrix(Index g) const { return {one.trans, one.data + g * stride, one.ld}; }
  Batch at(Index i, Index j) const { return {one.at(i, j), stride}; }
};

// Room for the rows of `count` matrices op(A), those of each tile side by side.
template <class T>
class PackedRows {
 public:
  PackedRows(Index count, Index tiles, Index k, bool wanted)
      : wanted_(wanted),
        tiles_(tiles),
        stride_(k * kTileRows + kOverhang<T>),
        buffer_(wanted ? count * tiles * stride_ : 0) {}
  explicit operator bool() const { return wanted_; }

  // Takes A [rows, k] as matrix g; the rows are cut into tiles.
  void fill(Index g, const Operand<T>& a, const Pieces& rows, Index k) {
    if (a.trans) {
      pack_rows(a.data, a.ld, rows, k, tile(g, 0), stride_);
      return;
    }
    for (Index i = 0; i < rows.count(); ++i) {
      pack_transposed<kPackedRows<T>, kTileRows>(a.at(rows.begin(i), 0).data, a.ld, rows.size(i), k,
                                                 tile(g, i));
    }
  }
  Rows<T> rows(Index g, Index i) const { return {Layout::packed, tile(g, i), kTileRows}; }

 private:
  T* tile(Index g, Index i) const { return buffer_.data() + (g * tiles_ + i) * stride_; }

  bool wanted_;
  Index tiles_, stride_;
  Scratch<T> buffer_;
};

// The products of a batch for one block of k and one of rows. `panel` has room for k rows of a
// panel of B; a panel that all products share is packed once, and so are the rows of A.
template <class T>
void block(Index batch, Index m, Index n, Index k, const Batch<T>& a, const Batch<T>& b,
           const Output<T>& out, Index stride_c, T* panel, PackedRows<T>& packed) {
  constexpr Index kWidth = kPanelWidth<T>;
  const Pieces rows(m, kTileRows);
  const bool reused = rows.count() > 1 || (b.stride == 0 && batch > 1);
  for (Index g = 0; packed && g < (a.stride == 0 ? 1 : batch); ++g) {
    packed.fill(g, a.matrix(g), rows, k);
  }
  // The products that one pass over the panels serves.
  const Index together = b.stride == 0 ? batch : 1;
  for (Index begin = 0; begin < batch; begin += together) {
    for (Index j = 0; j < n; j += kWidth) {
      const Index columns = std::min(kWidth, n - j);
      const Operand<T> from = b.matrix(begin).at(0, j);
      // The first tiles of a whole panel may do some of the packing.
      const bool first_packs =
          (packed || a.one.trans) && reused && !from.trans && columns == kWidth;
      const bool some_fetch = packed && from.trans && j + 2 * kWidth <= n;
      const Panel<T> bj =
          first_packs ? Panel<T>{panel, kWidth} : panel_of_b(from, columns, k, reused, panel);
      for (Index g = begin; g < begin + together; ++g) {
        for (Index i = 0; i < rows.count(); ++i) {
          const Index first = rows.begin(i);
          const Rows<T> ai =
              packed ? packed.rows(a.stride == 0 ? 0 : g, i) : rows_of_a(a.matrix(g).at(first, 0));
          const Output<T> ci{out.alpha, out.beta, out.c + g * stride_c + first * out.ldc + j,
                             out.ldc};
          const auto size = static_cast<std::size_t>(rows.size(i) - 1);
          if (first_packs && g == begin && i == 0) {
            (packed ? kPackingTiles<T, true> : kPackingTiles<T, false>)[size](
                k, ai.data, ai.step, from.data, from.ld, panel, ci);
          } else if (some_fetch && g == begin && i < kWidth / kFetchedRows) {
            const Operand<T> next = b.matrix(begin).at(0, j + kWidth + i * kFetchedRows);
            kFetchingTiles<T>[size](k, ai.data, bj.data, next.data, next.ld, ci);
          } else {
            any_tile(rows.size(i), columns, k, ai, bj, ci);
          }
        }
      }
    }
  }
}

// Whether packing A [m, k] for n columns pays.
template <class T>
bool pays_to_pack(const Operand<T>& a, Index m, Index n, Index k) {
  if (!a.trans) return 3 * m > 2 * kTileRows && n >= kOften;
  return m > 1 && (m * k > kLarge<T> || (a.ld >= kFarApart<T> && n >= kOften));
}

// Whether tiles may as well read A' where it lies.
template <class T>
bool lies_well(const Operand<T>& a, Index k) {
  return a.trans && k <= kShallow && a.ld % kPage<T> != 0;
}

// Whether to go through C by rows: it spreads over more pages than a column of tiles should visit,
// and B stays near.
template <class T>
bool pays_to_go_by_rows(Index m, Index n, Index k, Index ldc) {
  return m * ldc > kWideSpread<T> && n * k <= kSmallB<T>;
}

// The products with all of B packed at once, tile after tile along the rows of C.
template <class T>
void products_by_rows(Index batch, Index m, Index n, Index k, const Batch<T>& a, const Batch<T>& b,
                      const Output<T>& out, Index stride_c) {
  constexpr Index kWidth = kPanelWidth<T>;
  const Pieces depths(k, kBlockDepth<T>), heights(m, kBlockRows<T>);
  const Scratch<T> panels((n + kWidth - 1) / kWidth * kWidth * depths.size(0));
  PackedRows<T> packed(1, Pieces(heights.size(0), kTileRows).count(), depths.size(0), true);
  for (Index p = 0; p < depths.count(); ++p) {
    const Index l = depths.begin(p), depth = depths.size(p);
    const auto panel_at = [&](Index j) { return panels.data() + j * depth; };
    for (Index g = 0; g < batch; ++g) {
      for (Index j = 0; (g == 0 || b.stride != 0) && j < n; j += kWidth) {
        panel_of_b(b.matrix(g).at(l, j), std::min(kWidth, n - j), depth, true, panel_at(j));
      }
      for (Index q = 0; q < heights.count(); ++q) {
        const Pieces rows(heights.size(q), kTileRows);
        packed.fill(0, a.matrix(g).at(heights.begin(q), l), rows, depth);
        for (Index i = 0; i < rows.count(); ++i) {
          const Index first = heights.begin(q) + rows.begin(i);
          for (Index j = 0; j < n; j += kWidth) {
            const Index columns = std::min(kWidth, n - j);
            any_tile(rows.size(i), columns, depth, packed.rows(0, i),
                     Panel<T>{panel_at(j), columns > kLanes<T> ? kWidth : kLanes<T>},
                     Output<T>{out.alpha, p == 0 ? out.beta : T{1},
                               out.c + g * stride_c + first * out.ldc + j, out.ldc});
          }
        }
      }
    }
  }
}

template <class T>
void products(Index batch, Index m, Index n, Index k, const Batch<T>& a, const Batch<T>& b,
              const Output<T>& out, Index stride_c);

// Products of few columns: C^T = op(B)^T op(A)^T has vectors along m.
template <class T>
void turned_product(Index m, Index n, Index k, const Operand<T>& a, const Operand<T>& b,
                    const Output<T>& out) {
  const Scratch<T> turned(n * m);
  T* c = turned.data();
  for (Index i = 0; out.beta != 0 && i < m; ++i) {
    for (Index j = 0; j < n; ++j) c[j * m + i] = out.c[i * out.ldc + j];
  }
  products(1, n, m, k, Batch<T>{{!b.trans, b.data, b.ld}, 0}, Batch<T>{{!a.trans, a.data, a.ld}, 0},
           Output<T>{out.alpha, out.beta, c, m}, 0);
  for (Index i = 0; i < m; ++i) {
    for (Index j = 0; j < n; ++j) out.c[i * out.ldc + j] = c[j * m + i];
  }
}

template <class T>
void products(Index batch, Index m, Index n, Index k, const Batch<T>& a, const Batch<T>& b,
              const Output<T>& out, Index stride_c) {
  if (n <= kFewColumns && m > kTileRows) {
    for (Index g = 0; g < batch; ++g) {
      turned_product(m, n, k, a.matrix(g), b.matrix(g),
                     {out.alpha, out.beta, out.c + g * stride_c, out.ldc});
    }
    return;
  }
  const Pieces depths(k, kBlockDepth<T>), heights(m, kBlockRows<T>);
  const Index depth = depths.size(0), height = heights.size(0);
  const Index tiles = Pieces(height, kTileRows).count();
  const bool shares_a = a.stride == 0;
  const bool many_read_a = pays_to_pack(a.one, m, shares_a ? batch * n : n, depth);
  if (many_read_a && pays_to_go_by_rows<T>(m, n, depth, out.ldc)) {
    products_by_rows(batch, m, n, k, a, b, out, stride_c);
    return;
  }
  const bool pack_a = many_read_a && !lies_well(a.one, depth);
  if (batch > 1 && pack_a && !shares_a && batch * height > kBlockRows<T>) {
    // Together the rows of A would exceed the second-level cache.
    for (Index g = 0; g < batch; ++g) {
      products(1, m, n, k, Batch<T>{a.matrix(g), 0}, Batch<T>{b.matrix(g), 0},
               Output<T>{out.alpha, out.beta, out.c + g * stride_c, out.ldc}, 0);
    }
    return;
  }
  const Scratch<T> panel(kPanelWidth<T> * depth);
  PackedRows<T> packed(shares_a ? 1 : batch, tiles, depth, pack_a);
  for (Index p = 0; p < depths.count(); ++p) {
    const Index l = depths.begin(p);
    for (Index q = 0; q < heights.count(); ++q) {
      const Index i = heights.begin(q);
      block(batch, heights.size(q), n, depths.size(p), a.at(i, l), b.at(l, 0),
            Output<T>{out.alpha, p == 0 ? out.beta : T{1}, out.c + i * out.ldc, out.ldc}, stride_c,
            panel.data(), packed);
    }
  }
}

void products_f32(Index batch, bool ta, bool tb, Index m, Index n, Index k, float alpha,
                  const float* a, Index lda, Index stride_a, const float* b, Index ldb,
                  Index stride_b, float beta, float* c, Index ldc, Index stride_c) {
  products<float>(batch, m, n, k, {{ta, a, lda}, stride_a}, {{tb, b, ldb}, stride_b},
                  {alpha, beta, c, ldc}, stride_c);
}
void products_f64(Index batch, bool ta, bool tb, Index m, Index n, Index k, double alpha,
                  const double* a, Index lda, Index stride_a, const double* b, Index ldb,
                  Index stride_b, double beta, double* c, Index ldc, Index stride_c) {
  products<double>(batch, m, n, k, {{ta, a, lda}, stride_a}, {{tb, b, ldb}, stride_b},
                   {alpha, beta, c, ldc}, stride_c);
}

}  // namespace ito::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ito::kernels {
HWY_EXPORT(products_f32);
HWY_EXPORT(products_f64);

template <>
void packed_batched_gemm(Index batch, bool trans_a, bool trans_b, Index m, Index n, Index k,
                         float alpha, const float* a, Index lda, Index stride_a, const float* b,
                         Index ldb, Index stride_b, float beta, float* c, Index ldc,
                         Index stride_c) {
  if (m == 0 || n == 0) return;
  if (alpha == 0) k = 0;
  HWY_DYNAMIC_DISPATCH(products_f32)
  (batch, trans_a, trans_b, m, n, k, alpha, a, lda, stride_a, b, ldb, stride_b, beta, c, ldc,
   stride_c);
}
template <>
void packed_batched_gemm(Index batch, bool trans_a, bool trans_b, Index m, Index n, Index k,
                         double alpha, const double* a, Index lda, Index stride_a, const double* b,
                         Index ldb, Index stride_b, double beta, double* c, Index ldc,
                         Index stride_c) {
  if (m == 0 || n == 0) return;
  if (alpha == 0) k = 0;
  HWY_DYNAMIC_DISPATCH(products_f64)
  (batch, trans_a, trans_b, m, n, k, alpha, a, lda, stride_a, b, ldb, stride_b, beta, c, ldc,
   stride_c);
}
}  // namespace ito::kernels
#endif
