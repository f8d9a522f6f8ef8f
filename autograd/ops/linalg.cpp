#include "autograd/ops/linalg.h"

#include <limits>
#include <vector>

#include "autograd/graph/op.h"
#include "autograd/kernels/lapack.h"
#include "autograd/ops/arrange.h"
#include "autograd/ops/binary.h"
#include "autograd/ops/convert.h"
#include "autograd/ops/matmul.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/statistics.h"
#include "autograd/ops/unary.h"
#include "autograd/ops/view.h"

namespace ito {
namespace {

void check_square(const Tensor& a, const char* op) {
  check(a.rank() >= 2 && a.size(-1) == a.size(-2), op, ": needs square matrices, the shape is ",
        a.shape());
  check(is_floating(a.dtype()), op, ": needs a floating dtype, got ", a.dtype());
}

Shape leading(const Tensor& x) {
  Shape shape = x.shape();
  shape.erase(shape.rank() - 1);
  shape.erase(shape.rank() - 1);
  return shape;
}

Tensor with_leading(const Tensor& x, const Shape& lead) {
  Shape shape = lead;
  shape.push_back(x.size(-2));
  shape.push_back(x.size(-1));
  return expand(x, shape);
}

Tensor symmetric(const Tensor& a) {
  return 0.5 * (a + transpose(a));
}

// Calls f(k) for every matrix of a batch and turns LAPACK's info into an error.
template <class F>
void for_each_matrix(const Tensor& a, const char* op, const char* failure, F&& f) {
  const Index batch = numel(leading(a));
  for (Index k = 0; k < batch; ++k) {
    const int info = f(k);
    check(info == 0, op, ": matrix ", k, " of shape ", a.shape(), ' ', failure, " (at row ",
          info - 1, ")");
  }
}

// Cholesky --------------------------------------------------------------------------------------

// The lower triangle with half the diagonal; X = phi(X) + phi(X)' for symmetric X.
Tensor phi(const Tensor& x) {
  return 0.5 * (tril(x) + tril(x, -1));
}

Tensor cholesky_of_symmetric(const Tensor& a);

// I. Murray, "Differentiation of the Cholesky decomposition", 2016.
struct Cholesky final : Op {
  static constexpr const char* kName = "cholesky";
  const char* name() const override { return kName; }
  Tensor vjp(const Call& c, const Tensor& g, int) const override {
    const Tensor& l = c.out;
    const TriangularOptions adjoint{.transpose = true};
    const Tensor inner = phi(matmul(transpose(l), tril(g)));
    const Tensor left = triangular_solve(l, inner, adjoint);  // L^-T inner
    return symmetric(transpose(triangular_solve(l, transpose(left), adjoint)));
  }
  Tangent jvp(const Call& c, Tangents t) const override {
    const Tensor& l = c.out;
    return map(t[0], [&](const Tensor& da) {
      const Tensor left = triangular_solve(l, symmetric(da));
      const Tensor both = transpose(triangular_solve(l, transpose(left)));  // L^-1 dA L^-T
      return matmul(l, phi(both));
    });
  }
};

Tensor cholesky_of_symmetric(const Tensor& a) {
  Tensor l = detached_copy(tril(a.detach()));
  const Index n = a.size(-1);
  visit_floating(a.dtype(), "cholesky", [&]<class T>(T) {
    for_each_matrix(a, "cholesky", "is not positive definite", [&](Index k) {
      T* factor = l.mutable_data<T>() + k * n * n;
      if (const int info = kernels::potrf(n, factor, n); info != 0) return info;
      // A NaN passes through LAPACK, to the diagonal of its row.
      for (Index i = 0; i < n; ++i) {
        if (!(factor[i * n + i] > 0)) return static_cast<int>(i) + 1;
      }
      return 0;
    });
  });
  return apply<Cholesky>(std::move(l), {a});
}

// Solvers ---------------------------------------------------------------------------------------

void check_system(const Tensor& a, const Tensor& b, const char* op) {
  check_square(a, op);
  check(b.rank() >= 2 && b.size(-2) == a.size(-1), op,
        ": needs A [.., n, n] and B [.., n, m], got ", a.shape(), " and ", b.shape());
  check(a.dtype() == b.dtype(), op, ": dtypes differ: ", a.dtype(), " and ", b.dtype());
}

// With X = A^-1 B: dX = A^-1 (dB - dA X), so B takes A^-T g and A takes -(A^-T g) X'. For A' X = B
// the roles of the two factors of A's share are exchanged.
struct TriangularSolve final : Op {
  static constexpr const char* kName = "triangular_solve";
  explicit TriangularSolve(TriangularOptions how) : options(how) {}
  const char* name() const override { return kName; }
  Tensor triangle(const Tensor& x) const { return options.lower ? tril(x) : triu(x); }
  Tensor vjp(const Call& c, const Tensor& g, int i) const override {
    TriangularOptions adjoint = options;
    adjoint.transpose = !options.transpose;
    Tensor gb = triangular_solve(c.in[0], g, adjoint);
    if (i == 1) return gb;
    return -triangle(options.transpose ? matmul(c.out, transpose(gb))
                                       : matmul(gb, transpose(c.out)));
  }
  Tangent jvp(const Call& c, Tangents t) const override {
    const Tangent da_x = map(t[0], [&](const Tensor& da) {
      const Tensor d = triangle(da);
      return matmul(options.transpose ? transpose(d) : d, c.out);
    });
    return map(t[1] - da_x, [&](const Tensor& r) { return triangular_solve(c.in[0], r, options); });
  }
  TriangularOptions options;
};

struct Solve final : Op {
  static constexpr const char* kName = "solve";
  const char* name() const override { return kName; }
  Tensor vjp(const Call& c, const Tensor& g, int i) const override {
    const Tensor gb = solve(transpose(c.in[0]), g);
    return i == 1 ? gb : -matmul(gb, transpose(c.out));
  }
  void vjps(const Call& c, const Tensor& g, Gradients out) const override {
    const Tensor gb = solve(transpose(c.in[0]), g);
    if (out.wants(0)) out.set(0, -matmul(gb, transpose(c.out)));
    if (out.wants(1)) out.set(1, gb);
  }
  Tangent jvp(const Call& c, Tangents t) const override {
    const Tangent da_x = map(t[0], [&](const Tensor& da) { return matmul(da, c.out); });
    return map(t[1] - da_x, [&](const Tensor& r) { return solve(c.in[0], r); });
  }
};

// d log |det A| = tr(A^-1 dA)
struct LogDet final : Op {
  static constexpr const char* kName = "logdet";
  const char* name() const override { return kName; }
  Tensor vjp(const Call& c, const Tensor& g, int) const override {
    return unsqueeze(unsqueeze(g, -1), -1) * transpose(inverse(c.in[0]));
  }
  Tangent jvp(const Call& c, Tangents t) const override {
    return map(t[0], [&](const Tensor& da) { return trace(solve(c.in[0], da)); });
  }
};

// Eigenvectors ----------------------------------------------------------------------------------

// An op has one output, so w and V travel as one tensor [.., n + 1, n]: w in row 0, V below.
Tensor values_of(const Tensor& packed) {
  return select(packed, -2, 0);
}
Tensor vectors_of(const Tensor& packed) {
  return slice(packed, -2, 1);
}
Tensor pack(const Tensor& w, const Tensor& v) {
  return concatenate({unsqueeze(w, -2), v}, -2);
}

// F[i, j] = 1 / (w_j - w_i), 0 where they are equal.
Tensor inverse_gaps(const Tensor& w) {
  const Tensor gap = unsqueeze(w, -2) - unsqueeze(w, -1);
  const Tensor zero = scalar(0, w.dtype());
  const Tensor tie = equal(gap, zero);
  return where(tie, zero, 1 / where(tie, scalar(1, w.dtype()), gap));
}

// With P = V' dA V: dw = diag P, dV = V (F o P).
struct Eigh final : Op {
  static constexpr const char* kName = "eigh";
  const char* name() const override { return kName; }
  Tensor vjp(const Call& c, const Tensor& g, int) const override {
    const Tensor w = values_of(c.out), v = vectors_of(c.out);
    const Tensor rotation = inverse_gaps(w) * matmul(transpose(v), vectors_of(g));
    const Tensor inner = diagonal_embed(values_of(g)) + rotation;
    return symmetric(matmul(matmul(v, inner), transpose(v)));
  }
  Tangent jvp(const Call& c, Tangents t) const override {
    const Tensor w = values_of(c.out), v = vectors_of(c.out);
    return map(t[0], [&](const Tensor& da) {
      const Tensor p = matmul(matmul(transpose(v), symmetric(da)), v);
      return pack(diagonal(p), matmul(v, inverse_gaps(w) * p));
    });
  }
};

}  // namespace

Tensor cholesky(const Tensor& a) {
  check_square(a, "cholesky");
  return cholesky_of_symmetric(symmetric(a));
}

Tensor triangular_solve(const Tensor& a, const Tensor& b, TriangularOptions options) {
  check_system(a, b, "triangular_solve");
  const Shape lead = broadcast_shapes(leading(a), leading(b), "triangular_solve");
  const Tensor left = with_leading(a, lead), right = with_leading(b, lead);
  const Tensor packed = contiguous(left.detach());
  Tensor x = detached_copy(right);
  const Index n = a.size(-1), m = b.size(-1);
  visit_floating(a.dtype(), "triangular_solve", [&]<class T>(T) {
    for_each_matrix(left, "triangular_solve", "is singular", [&](Index k) {
      return kernels::trsm({.lower = options.lower, .trans = options.transpose}, n, m, T(1),
                           packed.data<T>() + k * n * n, n, x.mutable_data<T>() + k * n * m, m);
    });
  });
  return apply<TriangularSolve>(std::move(x), {left, right}, options);
}

namespace {

Tensor solve_for(const char* op, const Tensor& a, const Tensor& b) {
  check_system(a, b, op);
  const Shape lead = broadcast_shapes(leading(a), leading(b), op);
  const Tensor left = with_leading(a, lead), right = with_leading(b, lead);
  Tensor lu = detached_copy(left);
  // getrs wants the right-hand sides as rows.
  Tensor rows = detached_copy(transpose(right));
  const Index n = a.size(-1), m = b.size(-1);
  std::vector<std::int32_t> pivots(static_cast<std::size_t>(n));
  visit_floating(a.dtype(), op, [&]<class T>(T) {
    for_each_matrix(left, op, "is singular", [&](Index k) {
      T* factors = lu.mutable_data<T>() + k * n * n;
      if (const int info = kernels::getrf(n, factors, n, pivots.data()); info != 0) return info;
      return kernels::getrs(false, n, m, factors, n, pivots.data(),
                            rows.mutable_data<T>() + k * n * m, n);
    });
  });
  return apply<Solve>(detached_copy(transpose(rows)), {left, right});
}

}  // namespace

Tensor solve(const Tensor& a, const Tensor& b) {
  return solve_for("solve", a, b);
}

Tensor inverse(const Tensor& a) {
  check_square(a, "inverse");
  return solve_for("inverse", a, eye(a.size(-1), a.dtype()));
}

Tensor logdet(const Tensor& a) {
  check_square(a, "logdet");
  Tensor lu = detached_copy(a);
  Tensor y = empty(leading(a), a.dtype());
  const Index n = a.size(-1);
  std::vector<std::int32_t> pivots(static_cast<std::size_t>(n));
  visit_floating(a.dtype(), "logdet", [&]<class T>(T) {
    for_each_matrix(a, "logdet", "", [&](Index k) {
      T* factors = lu.mutable_data<T>() + k * n * n;
      const bool singular = kernels::getrf(n, factors, n, pivots.data()) != 0;
      y.mutable_data<T>()[k] =
          singular ? -std::numeric_limits<T>::infinity()
                   : static_cast<T>(kernels::lu_log_det(n, factors, n, pivots.data()).log_abs);
      return 0;
    });
  });
  return apply<LogDet>(std::move(y), {a});
}

Eigen eigh(const Tensor& a) {
  check_square(a, "eigh");
  const Tensor s = symmetric(a);
  Tensor rows = detached_copy(s);
  Shape shape = leading(a);
  const Index n = a.size(-1);
  shape.push_back(n);
  Tensor w = empty(shape, a.dtype());
  visit_floating(a.dtype(), "eigh", [&]<class T>(T) {
    for_each_matrix(a, "eigh", "has no converging decomposition", [&](Index k) {
      return kernels::syevd(true, n, rows.mutable_data<T>() + k * n * n, n,
                            w.mutable_data<T>() + k * n);
    });
  });
  const Tensor packed = apply<Eigh>(pack(w, transpose(rows)), {s});
  return {values_of(packed), vectors_of(packed)};
}

Dominant power_iteration(const Tensor& a, const Tensor& start, int steps) {
  check_square(a, "power_iteration");
  check(start.rank() >= 1 && start.size(-1) == a.size(-1) && start.dtype() == a.dtype(),
        "power_iteration: start ", start.dtype(), start.shape(), " for matrices ", a.dtype(),
        a.shape());
  check(steps > 0, "power_iteration: needs at least one step, got ", steps);
  Tensor v = unsqueeze(start, -1);
  for (int k = 0; k < steps; ++k) {
    v = matmul(a, v);
    const Tensor length = norm(v, {-2}, true);
    check(min(length.detach()).item() > 0, "power_iteration: step ", k + 1, " of A ", a.shape(),
          " gives a vector that is zero or NaN");
    v = v / length;
  }
  const Tensor value = sum(v * matmul(a, v), {-2, -1});
  return {value, squeeze(v, -1)};
}

}  // namespace ito
