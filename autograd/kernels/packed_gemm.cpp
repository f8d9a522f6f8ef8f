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

// The rows of op(A) of a tile: element l of row i is data[i * row_step + l * step].
template <class T>
struct Rows {
  const T* data;
  Index row_step, step;
};

template <class T>
using Tile = void (*)(Index n, Index k, const T* a, Index row_step, Index step, const T* b,
                      Index ldb, const Output<T>& out);
template <class T, Index V, Index... I>
constexpr std::array<Tile<T>, sizeof...(I)> tiles(std::integer_sequence<Index, I...>) {
  return {&tile<I + 1, V, T>...};
}
// kTiles<T, V>[r - 1] makes r rows of V vectors.
template <class T, Index V>
inline constexpr auto kTiles = tiles<T, V>(std::make_integer_sequence<Index, kTileRows>());

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

// op(A) [m, k] where it lies.
template <class T>
Rows<T> rows_of_a(const Operand<T>& a) {
  return a.trans ? Rows<T>{a.data, 1, a.ld} : Rows<T>{a.data, a.ld, 1};
}

// Room for the rows of op(A), those of each tile side by side.
template <class T>
class PackedRows {
 public:
  PackedRows(Index tiles, Index k, bool wanted)
      : wanted_(wanted),
        stride_(k * kTileRows),
        buffer_(wanted ? tiles * stride_ + kOverhang<T> : 0) {}
  explicit operator bool() const { return wanted_; }

  // Takes A [rows, k]; the rows are cut into tiles.
  void fill(const Operand<T>& a, const Pieces& rows, Index k) {
    for (Index i = 0; i < rows.count(); ++i) {
      const Index first = rows.begin(i), count = rows.size(i);
      const Operand<T> from = a.at(first, 0);
      if (a.trans) {
        pack_rows(from.data, from.ld, count, rows.total() - first, k, tile(i));
      } else {
        pack_transposed<kPackedRows<T>, kTileRows>(from.data, from.ld, count, k, tile(i));
      }
    }
  }
  Rows<T> rows(Index i) const { return {tile(i), 1, kTileRows}; }

 private:
  T* tile(Index i) const { return buffer_.data() + i * stride_; }

  bool wanted_;
  Index stride_;
  Scratch<T> buffer_;
};

// The product for one block of k and one of rows. `panel` has room for k rows of a panel of B.
template <class T>
void block(Index m, Index n, Index k, const Operand<T>& a, const Operand<T>& b,
           const Output<T>& out, T* panel, PackedRows<T>& packed) {
  constexpr Index kWidth = kTileVectors * kLanes<T>;
  const Pieces rows(m, kTileRows);
  if (packed) packed.fill(a, rows, k);
  for (Index j = 0; j < n; j += kWidth) {
    const Index columns = std::min(kWidth, n - j);
    const bool wide = columns > kLanes<T>;
    const bool reused = rows.count() > 1;
    const Panel<T> bj = wide ? panel_of_b<2>(b.at(0, j), columns, k, reused, panel)
                             : panel_of_b<1>(b.at(0, j), columns, k, reused, panel);
    const auto& tiles_of = wide ? kTiles<T, 2> : kTiles<T, 1>;
    for (Index i = 0; i < rows.count(); ++i) {
      const Index first = rows.begin(i);
      const Rows<T> ai = packed ? packed.rows(i) : rows_of_a(a.at(first, 0));
      tiles_of[static_cast<std::size_t>(rows.size(i) - 1)](
          columns, k, ai.data, ai.row_step, ai.step, bj.data, bj.ld,
          {out.alpha, out.beta, out.c + first * out.ldc + j, out.ldc});
    }
  }
}

// Whether packing A [m, k] for n columns pays.
template <class T>
bool pays_to_pack(const Operand<T>& a, Index m, Index n, Index k) {
  if (m == 1) return false;
  if (!a.trans) return n >= kOften;
  return m * k > kLarge<T> || (a.ld >= kFarApart<T> && n >= kOften);
}

template <class T>
void product(Index m, Index n, Index k, const Operand<T>& a, const Operand<T>& b,
             const Output<T>& out) {
  if (n <= kFewColumns && m > kTileRows) {
    // C^T = op(B)^T op(A)^T: vectors along m.
    const Scratch<T> turned(n * m);
    T* c = turned.data();
    for (Index i = 0; out.beta != 0 && i < m; ++i) {
      for (Index j = 0; j < n; ++j) c[j * m + i] = out.c[i * out.ldc + j];
    }
    product(n, m, k, Operand<T>{!b.trans, b.data, b.ld}, Operand<T>{!a.trans, a.data, a.ld},
            Output<T>{out.alpha, out.beta, c, m});
    for (Index i = 0; i < m; ++i) {
      for (Index j = 0; j < n; ++j) out.c[i * out.ldc + j] = c[j * m + i];
    }
    return;
  }
  const Pieces depths(k, kBlockDepth<T>), heights(m, kBlockRows<T>);
  const Scratch<T> panel(kTileVectors * kLanes<T> * depths.size(0));
  PackedRows<T> packed(Pieces(heights.size(0), kTileRows).count(), depths.size(0),
                       pays_to_pack(a, m, n, depths.size(0)));
  for (Index p = 0; p < depths.count(); ++p) {
    const Index l = depths.begin(p);
    for (Index q = 0; q < heights.count(); ++q) {
      const Index i = heights.begin(q);
      block(heights.size(q), n, depths.size(p), a.at(i, l), b.at(l, 0),
            Output<T>{out.alpha, p == 0 ? out.beta : T{1}, out.c + i * out.ldc, out.ldc},
            panel.data(), packed);
    }
  }
}

void product_f32(bool ta, bool tb, Index m, Index n, Index k, float alpha, const float* a,
                 Index lda, const float* b, Index ldb, float beta, float* c, Index ldc) {
  product<float>(m, n, k, {ta, a, lda}, {tb, b, ldb}, {alpha, beta, c, ldc});
}
void product_f64(bool ta, bool tb, Index m, Index n, Index k, double alpha, const double* a,
                 Index lda, const double* b, Index ldb, double beta, double* c, Index ldc) {
  product<double>(m, n, k, {ta, a, lda}, {tb, b, ldb}, {alpha, beta, c, ldc});
}

}  // namespace ito::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ito::kernels {
HWY_EXPORT(product_f32);
HWY_EXPORT(product_f64);

template <>
void packed_gemm(bool trans_a, bool trans_b, Index m, Index n, Index k, float alpha, const float* a,
                 Index lda, const float* b, Index ldb, float beta, float* c, Index ldc) {
  if (m == 0 || n == 0) return;
  if (alpha == 0) k = 0;
  HWY_DYNAMIC_DISPATCH(product_f32)
  (trans_a, trans_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}
template <>
void packed_gemm(bool trans_a, bool trans_b, Index m, Index n, Index k, double alpha,
                 const double* a, Index lda, const double* b, Index ldb, double beta, double* c,
                 Index ldc) {
  if (m == 0 || n == 0) return;
  if (alpha == 0) k = 0;
  HWY_DYNAMIC_DISPATCH(product_f64)
  (trans_a, trans_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}
}  // namespace ito::kernels
#endif
