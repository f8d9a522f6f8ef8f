#include "autograd/ops/matmul.h"

#include "autograd/grad_mode.h"
#include "autograd/graph/op.h"
#include "autograd/kernels/binary.h"
#include "autograd/kernels/gemm.h"
#include "autograd/kernels/strided.h"
#include "autograd/ops/binary.h"
#include "autograd/ops/convert.h"
#include "autograd/ops/view.h"

namespace ito {
namespace {

// How BLAS sees the last two dimensions of x: as stored, transposed, or not at all.
struct Matrix {
  bool readable = false;
  bool transposed = false;
  Index ld = 1;
};
Matrix as_matrix(const Tensor& x) {
  const Index rows = x.size(-2), columns = x.size(-1);
  const Index row = x.strides()[x.rank() - 2], column = x.strides()[x.rank() - 1];
  if ((column == 1 || columns == 1) && (row >= columns || rows == 1)) {
    return {true, false, rows == 1 ? std::max<Index>(columns, 1) : std::max<Index>(row, 1)};
  }
  if ((row == 1 || rows == 1) && (column >= rows || columns == 1)) {
    return {true, true, columns == 1 ? std::max<Index>(rows, 1) : std::max<Index>(column, 1)};
  }
  return {};
}
Tensor readable(const Tensor& x) {
  return as_matrix(x).readable ? x : contiguous(x);
}

// The leading dimensions folded into one batch with a fixed stride, if they allow it.
bool batch_stride(const Tensor& x, Index& stride) {
  const int leading = x.rank() - 2;
  stride = 0;
  for (int i = leading - 1; i >= 0; --i) {
    if (x.shape()[i] == 1) continue;
    Index inner = 1;
    for (int k = i + 1; k < leading; ++k) inner *= x.shape()[k];
    if (inner == 1) {
      stride = x.strides()[i];
    } else if (x.strides()[i] != stride * inner) {
      return false;
    }
  }
  return true;
}

// Both operands have rank >= 2.
Tensor product(const Tensor& a, const Tensor& b) {
  const Index m = a.size(-2), k = a.size(-1), n = b.size(-1);
  Shape lead_a = a.shape(), lead_b = b.shape();
  for (int i = 0; i < 2; ++i) {
    lead_a.erase(lead_a.rank() - 1);
    lead_b.erase(lead_b.rank() - 1);
  }
  Shape shape = broadcast_shapes(lead_a, lead_b, "matmul");
  const Index batch = numel(shape);
  const auto stretched = [&](const Tensor& x, Index rows, Index columns) {
    Shape full = shape;
    full.push_back(rows);
    full.push_back(columns);
    return expand(readable(x.detach()), full);
  };
  Tensor left = stretched(a, m, k), right = stretched(b, k, n);
  shape.push_back(m);
  shape.push_back(n);
  Tensor y = empty(shape, a.dtype());
  Index stride_a, stride_b;
  if (!batch_stride(left, stride_a)) left = contiguous(left), batch_stride(left, stride_a);
  if (!batch_stride(right, stride_b)) right = contiguous(right), batch_stride(right, stride_b);
  const auto one_block = [&] {
    const Matrix l = as_matrix(left);
    return !l.transposed && stride_a == m * l.ld;
  };
  // One matrix on the right for all: the batch is more rows. By shape alone, since the sums of a
  // large product may be ordered otherwise than those of many small ones.
  const bool folds = batch > 1 && numel(lead_b) == 1;
  if (folds && !one_block()) left = contiguous(left);
  const Matrix ma = as_matrix(left), mb = as_matrix(right);
  visit_floating(a.dtype(), "matmul", [&]<class T>(T) {
    if (folds) {
      kernels::gemm(false, mb.transposed, batch * m, n, k, T(1), left.data<T>(), ma.ld,
                    right.data<T>(), mb.ld, T(0), y.mutable_data<T>(), n);
    } else {
      kernels::batched_gemm(batch, ma.transposed, mb.transposed, m, n, k, T(1), left.data<T>(),
                            ma.ld, stride_a, right.data<T>(), mb.ld, stride_b, T(0),
                            y.mutable_data<T>(), n, m * n);
    }
  });
  return y;
}

// The leading dimensions folded into one.
Index count_rows(const Tensor& x) {
  Index rows = 1;
  for (int i = 0; i + 1 < x.rank(); ++i) rows *= x.shape()[i];
  return rows;
}
Tensor as_rows(const Tensor& x) {
  return reshape(x, {count_rows(x), x.size(-1)});
}

struct Matmul final : Op {
  static constexpr const char* kName = "matmul";
  const char* name() const override { return kName; }
  Tensor vjp(const Call& c, const Tensor& g, int i) const override {
    const Tensor &a = c.in[0], &b = c.in[1];
    if (i == 0) return matmul(g, transpose(b));
    if (b.rank() == 2 && a.rank() > 2) {
      // The batch sums into one matrix: fold it into the rows and let the product do it.
      return matmul(transpose(as_rows(a)), as_rows(g));
    }
    return matmul(transpose(a), g);
  }
  Tangent jvp(const Call& c, Tangents t) const override {
    return map(t[0], [&](const Tensor& x) { return matmul(x, c.in[1]); }) +
           map(t[1], [&](const Tensor& x) { return matmul(c.in[0], x); });
  }
};

// Of its own, so that the weight's gradient comes out in the weight's layout and the bias costs
// neither a node nor a tensor.
struct Linear final : Op {
  static constexpr const char* kName = "linear";
  const char* name() const override { return kName; }
  Tensor vjp(const Call& c, const Tensor& g, int i) const override {
    switch (i) {
      case 0:
        return matmul(g, c.in[1]);
      case 1:
        return matmul(transpose(as_rows(g)), as_rows(c.in[0]));
      default:
        return g;
    }
  }
  // The same without views. The products add to what other uses of x and the weight left.
  void vjps(const Call& c, const Tensor& g, Gradients out) const override {
    if (grad_enabled()) return Op::vjps(c, g, out);
    const Tensor gy = contiguous(g), x = contiguous(c.in[0]), w = contiguous(c.in[1]);
    const Index n_out = w.size(0), n_in = w.size(1), rows = count_rows(x);
    visit_floating(x.dtype(), kName, [&]<class T>(T) {
      const auto product = [&](int i, bool trans_a, Index m, Index k, const Tensor& a, Index lda,
                               const Tensor& b) {
        out.write(i, c.in[static_cast<std::size_t>(i)], [&](Tensor& d, bool adds) {
          kernels::gemm(trans_a, false, m, n_in, k, T(1), a.data<T>(), lda, b.data<T>(), n_in,
                        T(adds), d.mutable_data<T>(), n_in);
        });
      };
      if (out.wants(0)) product(0, false, rows, n_out, gy, n_out, w);
      if (out.wants(1)) product(1, true, n_out, rows, gy, n_out, x);
    });
    if (out.size() > 2 && out.wants(2)) out.set(2, g);
  }
  Tangent jvp(const Call& c, Tangents t) const override {
    return map(t[0], [&](const Tensor& x) { return linear(x, c.in[1]); }) +
           map(t[1], [&](const Tensor& w) { return linear(c.in[0], w); }) +
           (c.in.size() > 2 ? t[2] : Tangent());
  }
};

void add_to_rows(Tensor& y, const Tensor& bias) {
  visit_floating(y.dtype(), Linear::kName, [&]<class T>(T) {
    const T* b = bias.data<T>();
    const Index n = bias.numel();
    T* row = y.mutable_data<T>();
    for (const T* end = row + y.numel(); row < end; row += n) {
      kernels::binary(kernels::BinaryFn::add, row, false, b, false, row, n);
    }
  });
}

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b) {
  check(a.defined() && b.defined(), "matmul: an operand has no value");
  check(a.dtype() == b.dtype(), "matmul: dtypes differ: ", a.dtype(), a.shape(), " and ", b.dtype(),
        b.shape());
  check(a.rank() >= 1 && b.rank() >= 1, "matmul: needs at least one dimension: ", a.shape(), " x ",
        b.shape());
  const Tensor left = a.rank() == 1 ? unsqueeze(a, 0) : a;
  const Tensor right = b.rank() == 1 ? unsqueeze(b, 1) : b;
  check(left.size(-1) == right.size(-2), "matmul: inner sizes differ: ", a.shape(), " x ",
        b.shape());
  Tensor y = apply<Matmul>(product(left, right), {left, right});
  if (b.rank() == 1) y = squeeze(y, -1);
  if (a.rank() == 1) y = squeeze(y, b.rank() == 1 ? -1 : -2);
  return y;
}

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  check(x.defined() && x.rank() >= 1, "linear: needs x [..., in]");
  check(weight.defined() && weight.rank() == 2, "linear: the weight must be a matrix");
  check(x.size(-1) == weight.size(1), "linear: x ", x.shape(), " does not fit the weight ",
        weight.shape());
  check(x.dtype() == weight.dtype() && (!bias.defined() || bias.dtype() == x.dtype()),
        "linear: dtypes differ: x is ", x.dtype(), ", the weight ", weight.dtype());
  check(is_floating(x.dtype()), "linear: needs a floating dtype, got ", x.dtype());
  check(!bias.defined() || bias.shape() == Shape{weight.size(0)}, "linear: the bias must be [",
        weight.size(0), "]");
  const bool vector = x.rank() == 1;
  const Tensor rows = vector ? unsqueeze(x, 0) : x;
  Tensor y;
  {
    NoGrad guard;
    y = product(rows, transpose(weight));
    if (bias.defined()) add_to_rows(y, contiguous(bias));
  }
  y = bias.defined() ? apply<Linear>(std::move(y), {rows, weight, bias})
                     : apply<Linear>(std::move(y), {rows, weight});
  return vector ? squeeze(y, 0) : y;
}

}  // namespace ito
