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

// The product for one block of k and one of rows. `panel` holds k rows of a panel of B.
template <class T>
void block(Index m, Index n, Index k, const Operand<T>& a, const Operand<T>& b,
           const Output<T>& out, T* panel) {
  constexpr Index kWidth = kTileVectors * kLanes<T>;
  const Pieces rows(m, kTileRows);
  const Index row_step = a.trans ? 1 : a.ld, step = a.trans ? a.ld : 1;
  for (Index j = 0; j < n; j += kWidth) {
    const Index columns = std::min(kWidth, n - j);
    const bool wide = columns > kLanes<T>;
    const bool reused = rows.count() > 1;
    const Panel<T> bj = wide ? panel_of_b<2>(b.at(0, j), columns, k, reused, panel)
                             : panel_of_b<1>(b.at(0, j), columns, k, reused, panel);
    const auto& tiles_of = wide ? kTiles<T, 2> : kTiles<T, 1>;
    for (Index i = 0; i < rows.count(); ++i) {
      const Index first = rows.begin(i);
      tiles_of[static_cast<std::size_t>(rows.size(i) - 1)](
          columns, k, a.data + first * row_step, row_step, step, bj.data, bj.ld,
          {out.alpha, out.beta, out.c + first * out.ldc + j, out.ldc});
    }
  }
}

// op(A) [m, k] where it is or, if its rows lie far apart and are read often, side by side.
template <class T>
Operand<T> block_of_a(const Operand<T>& a, Index m, Index k, T* packed) {
  if (!packed) return a;
  const Index rows = a.trans ? k : m, columns = a.trans ? m : k, ld = columns + kLine<T>;
  for (Index i = 0; i < rows; ++i) std::copy_n(a.data + i * a.ld, columns, packed + i * ld);
  return {a.trans, packed, ld};
}

template <class T>
void product(Index m, Index n, Index k, const Operand<T>& a, const Operand<T>& b,
             const Output<T>& out) {
  if (n == 1 && m > 1 && out.ldc == 1) {
    // C^T = op(B)^T op(A)^T: vectors along m.
    return product(n, m, k, Operand<T>{!b.trans, b.data, b.ld}, Operand<T>{!a.trans, a.data, a.ld},
                   Output<T>{out.alpha, out.beta, out.c, m});
  }
  const Pieces depths(k, kBlockDepth<T>), heights(m, kBlockRows<T>);
  const Scratch<T> panel(kTileVectors * kLanes<T> * depths.size(0));
  const bool pack_a = a.ld >= kFarApart<T> && n >= kOften;
  const Scratch<T> packed(pack_a ? (heights.size(0) + kLine<T>)*(depths.size(0) + kLine<T>) : 0);
  for (Index p = 0; p < depths.count(); ++p) {
    const Index l = depths.begin(p);
    for (Index q = 0; q < heights.count(); ++q) {
      const Index i = heights.begin(q);
      const Operand<T> aq =
          block_of_a(a.at(i, l), heights.size(q), depths.size(p), pack_a ? packed.data() : nullptr);
      block(heights.size(q), n, depths.size(p), aq, b.at(l, 0),
            Output<T>{out.alpha, p == 0 ? out.beta : T{1}, out.c + i * out.ldc, out.ldc},
            panel.data());
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
