#include "autograd/ops/fused.h"

#include "autograd/grad_mode.h"
#include "autograd/graph/op.h"
#include "autograd/kernels/gated.h"
#include "autograd/kernels/gemm.h"
#include "autograd/kernels/reduce.h"
#include "autograd/kernels/transpose.h"
#include "autograd/kernels/unary.h"
#include "autograd/ops/binary.h"
#include "autograd/ops/convert.h"
#include "autograd/ops/matmul.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/unary.h"
#include "autograd/ops/view.h"

namespace ito {
namespace {

struct Sizes {
  Index batch, gates, in, out;
};
Sizes sizes_of(const Tensor& gate, const Tensor& x, const Tensor& weight) {
  return {gate.size(0), gate.size(1), x.size(1), weight.size(0)};
}

// outer [B, gates * in]: gate[b, l] x[b, j] in column l * in + j.
Tensor outer_rows(const Tensor& gate, const Tensor& x) {
  return reshape(unsqueeze(gate, 2) * unsqueeze(x, 1), {x.size(0), gate.size(1) * x.size(1)});
}

// P [B, gates, out]: P[b, l] = W_l x[b]. One product a gate; W is read where it lies.
Tensor projections(const Tensor& x, const Tensor& weight, Index gates) {
  const Index batch = x.size(0), in = x.size(1), out = weight.size(0);
  Tensor p = empty({batch, gates, out}, x.dtype());
  visit_floating(x.dtype(), "gated_linear", [&]<class T>(T) {
    kernels::batched_gemm(gates, false, true, batch, out, in, T(1), x.data<T>(), in, Index{0},
                          weight.data<T>(), gates * in, in, T(0), p.mutable_data<T>(), gates * out,
                          out);
  });
  return p;
}

struct GatedLinear final : Op {
  static constexpr const char* kName = "gated_linear";
  // The projections of the forward pass serve the gate's gradient; they are values, not history.
  explicit GatedLinear(Tensor p) : projected(std::move(p)) {}
  const char* name() const override { return kName; }

  Tensor vjp(const Call& c, const Tensor& g, int i) const override {
    const Tensor &gate = c.in[0], &x = c.in[1], &weight = c.in[2];
    const Sizes n = sizes_of(gate, x, weight);
    switch (i) {
      case 0: {  // ds[b, l] = <g[b], W_l x[b]>
        const Tensor w = reshape(weight, {n.out, n.gates, n.in});
        const Tensor p =
            reshape(matmul(x, transpose(reshape(permute(w, {1, 0, 2}), {n.gates * n.out, n.in}))),
                    {n.batch, n.gates, n.out});
        return sum(p * unsqueeze(g, 1), {2});
      }
      case 1: {  // dx[b] = sum_l s[b, l] W_l' g[b]
        const Tensor outer = reshape(matmul(g, weight), {n.batch, n.gates, n.in});
        return sum(outer * unsqueeze(gate, 2), {1});
      }
      case 2:
        return matmul(transpose(g), outer_rows(gate, x));
      default:
        return sum(g, {0});
    }
  }

  void vjps(const Call& c, const Tensor& g, Gradients out) const override {
    if (grad_enabled()) return Op::vjps(c, g, out);
    const Tensor gate = contiguous(c.in[0]), x = contiguous(c.in[1]), w = contiguous(c.in[2]);
    const Tensor gy = contiguous(g);
    const Sizes n = sizes_of(gate, x, w);
    visit_floating(x.dtype(), kName, [&]<class T>(T) {
      Tensor d_gate = empty(gate.shape(), gate.dtype());
      Tensor d_projected = empty(projected.shape(), x.dtype());
      kernels::gate_backward(gate.data<T>(), projected.data<T>(), gy.data<T>(), n.batch, n.gates,
                             n.out, d_gate.mutable_data<T>(), d_projected.mutable_data<T>());
      const T* dp = d_projected.data<T>();
      if (out.wants(0)) out.set(0, d_gate);
      if (out.wants(1)) {
        Tensor dx = n.gates > 0 ? empty(x.shape(), x.dtype()) : zeros_like(x);
        for (Index l = 0; l < n.gates; ++l) {
          kernels::gemm(false, false, n.batch, n.in, n.out, T(1), dp + l * n.out, n.gates * n.out,
                        w.data<T>() + l * n.in, n.gates * n.in, T(l > 0), dx.mutable_data<T>(),
                        n.in);
        }
        out.set(1, dx);
      }
      if (out.wants(2)) {
        out.write(2, w, [&](Tensor& dw, bool adds) {
          kernels::batched_gemm(n.gates, true, false, n.out, n.in, n.batch, T(1), dp,
                                n.gates * n.out, n.out, x.data<T>(), n.in, Index{0}, T(adds),
                                dw.mutable_data<T>(), n.gates * n.in, n.in);
        });
      }
    });
    if (out.size() > 3 && out.wants(3)) out.set(3, sum(gy, {0}));
  }

  Tangent jvp(const Call& c, Tangents t) const override {
    const Tensor &gate = c.in[0], &x = c.in[1], &weight = c.in[2];
    return map(t[0], [&](const Tensor& s) { return gated_linear(s, x, weight); }) +
           map(t[1], [&](const Tensor& v) { return gated_linear(gate, v, weight); }) +
           map(t[2], [&](const Tensor& w) { return gated_linear(gate, x, w); }) +
           (c.in.size() > 3 ? t[3] : Tangent());
  }

  Tensor projected;
};

struct DiagonalOfProduct final : Op {
  static constexpr const char* kName = "diagonal_of_product";
  const char* name() const override { return kName; }

  Tensor vjp(const Call& c, const Tensor& g, int i) const override {
    return i == 0 ? unsqueeze(g, 1) * transpose(c.in[1]) : transpose(c.in[0]) * g;
  }

  void vjps(const Call& c, const Tensor& g, Gradients out) const override {
    if (grad_enabled()) return Op::vjps(c, g, out);
    const Tensor a = contiguous(c.in[0]), b = contiguous(c.in[1]), gd = contiguous(g);
    const Index n = a.size(0), k = a.size(1);
    using enum kernels::ScaleBy;
    visit_floating(a.dtype(), kName, [&]<class T>(T) {
      if (out.wants(0)) {  // da[i, j] = g[i] b[j, i]
        Tensor da = empty(a.shape(), a.dtype());
        kernels::scaled_transpose(b.data<T>(), k, n, column_of_x, gd.data<T>(),
                                  da.mutable_data<T>());
        out.set(0, da);
      }
      if (out.wants(1)) {  // db[j, i] = g[i] a[i, j]
        Tensor db = empty(b.shape(), b.dtype());
        kernels::scaled_transpose(a.data<T>(), n, k, row_of_x, gd.data<T>(), db.mutable_data<T>());
        out.set(1, db);
      }
    });
  }

  Tangent jvp(const Call& c, Tangents t) const override {
    return map(t[0], [&](const Tensor& a) { return diagonal_of_product(a, c.in[1]); }) +
           map(t[1], [&](const Tensor& b) { return diagonal_of_product(c.in[0], b); });
  }
};

struct SquaredDistance final : Op {
  static constexpr const char* kName = "squared_distance";
  const char* name() const override { return kName; }

  Tensor vjp(const Call& c, const Tensor& g, int i) const override {
    const Tensor da = g * (2 * (c.in[0] - c.in[1]));
    return i == 0 ? da : -da;
  }

  void vjps(const Call& c, const Tensor& g, Gradients out) const override {
    if (grad_enabled()) return Op::vjps(c, g, out);
    Tensor da = c.in[0] - c.in[1];
    visit_floating(da.dtype(), kName, [&]<class T>(T) {
      T* d = da.mutable_data<T>();
      kernels::unary_backward(kernels::UnaryFn::square, g.data<T>(), true, d, d, da.numel());
    });
    if (out.wants(1)) out.set(1, -da);
    if (out.wants(0)) out.set(0, da);
  }

  Tangent jvp(const Call& c, Tangents t) const override {
    return map(t[0] - t[1], [&](const Tensor& v) { return sum((2 * (c.in[0] - c.in[1])) * v); });
  }
};

}  // namespace

Tensor gated_linear(const Tensor& gate, const Tensor& x, const Tensor& weight, const Tensor& bias) {
  check(gate.rank() == 2 && x.rank() == 2 && weight.rank() == 2 && gate.size(0) == x.size(0) &&
            weight.size(1) == gate.size(1) * x.size(1),
        "gated_linear: needs gate [B, L], x [B, m], weight [out, L m]; got ", gate.shape(), ", ",
        x.shape(), ", ", weight.shape());
  check(gate.dtype() == x.dtype() && weight.dtype() == x.dtype(),
        "gated_linear: dtypes differ: ", gate.dtype(), ", ", x.dtype(), ", ", weight.dtype());
  check(!bias.defined() || (bias.shape() == Shape{weight.size(0)} && bias.dtype() == x.dtype()),
        "gated_linear: the bias must be ", x.dtype(), "[", weight.size(0), "]");
  const Sizes n = sizes_of(gate, x, weight);
  Tensor p, y = empty({n.batch, n.out}, x.dtype());
  {
    NoGrad guard;
    const Tensor s = contiguous(gate), b = bias.defined() ? contiguous(bias) : bias;
    p = projections(contiguous(x), contiguous(weight), n.gates);
    visit_floating(x.dtype(), GatedLinear::kName, [&]<class T>(T) {
      kernels::gate_forward(s.data<T>(), p.data<T>(), b.defined() ? b.data<T>() : nullptr, n.batch,
                            n.gates, n.out, y.mutable_data<T>());
    });
  }
  if (bias.defined()) return apply<GatedLinear>(std::move(y), {gate, x, weight, bias}, p);
  return apply<GatedLinear>(std::move(y), {gate, x, weight}, p);
}

Tensor diagonal_of_product(const Tensor& a, const Tensor& b) {
  check(a.defined() && b.defined(), "diagonal_of_product: an operand has no value");
  check(a.rank() == 2 && b.rank() == 2 && a.size(0) == b.size(1) && a.size(1) == b.size(0),
        "diagonal_of_product: needs a [n, k] and b [k, n], got ", a.shape(), " and ", b.shape());
  check(a.dtype() == b.dtype(), "diagonal_of_product: dtypes differ: ", a.dtype(), ", ", b.dtype());
  Tensor y = empty({a.size(0)}, a.dtype());
  {
    NoGrad guard;
    const Tensor pa = contiguous(a), pb = contiguous(b);
    visit_floating(a.dtype(), DiagonalOfProduct::kName, [&]<class T>(T) {
      kernels::diagonal_of_product(pa.data<T>(), pb.data<T>(), a.size(0), a.size(1),
                                   y.mutable_data<T>());
    });
  }
  return apply<DiagonalOfProduct>(std::move(y), {a, b});
}

Tensor squared_distance(const Tensor& a, const Tensor& b) {
  check(a.defined() && b.defined(), "squared_distance: an operand has no value");
  check(a.shape() == b.shape(), "squared_distance: shapes differ: ", a.shape(), " and ", b.shape());
  check(a.dtype() == b.dtype(), "squared_distance: dtypes differ: ", a.dtype(), " and ", b.dtype());
  Tensor y = empty({}, a.dtype());
  {
    NoGrad guard;
    const Tensor pa = contiguous(a), pb = contiguous(b);
    visit_floating(a.dtype(), SquaredDistance::kName, [&]<class T>(T) {
      *y.mutable_data<T>() = kernels::squared_distance(pa.data<T>(), pb.data<T>(), pa.numel());
    });
  }
  return apply<SquaredDistance>(std::move(y), {a, b});
}

}  // namespace ito
