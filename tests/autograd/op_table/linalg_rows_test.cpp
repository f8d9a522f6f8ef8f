// Rows of linear algebra. References are textbook eliminations in long double.
#include <algorithm>
#include <cmath>

#include "tests/autograd/op_table/naive.h"

namespace ito::op_table {
namespace {

using Matrix = std::vector<std::vector<long double>>;

// Well-conditioned, not symmetric: the identity times `shift` plus values in [-1/2, 1/2].
Tensor matrices(const Shape& shape, double shift, int seed = 0) {
  const Tensor x = spread(shape, -0.5, 0.5, seed);
  return x + shift * eye(x.size(-1), DType::f64);
}

// Calls f with each matrix of x and collects what it returns, row by row.
template <class F>
Values each_matrix(const Tensor& x, F&& f) {
  const Values v = x.to_vector<double>();
  const auto n = static_cast<std::size_t>(x.size(-2)), m = static_cast<std::size_t>(x.size(-1));
  Values y;
  for (std::size_t start = 0; start + n * m <= v.size() && n * m > 0; start += n * m) {
    Matrix a(n, std::vector<long double>(m));
    for (std::size_t i = 0; i < n * m; ++i) a[i / m][i % m] = v[start + i];
    for (const auto& row : f(a)) {
      for (long double e : row) y.push_back(static_cast<double>(e));
    }
  }
  return y;
}

Matrix symmetrised(const Matrix& a) {
  Matrix s = a;
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < a.size(); ++j) s[i][j] = (a[i][j] + a[j][i]) / 2;
  }
  return s;
}

// Gauss-Jordan on [A | B] with row pivoting; returns the solution and log |det A|.
Matrix gauss(Matrix a, Matrix b, long double* log_det = nullptr) {
  const std::size_t n = a.size();
  long double sum = 0;
  for (std::size_t k = 0; k < n; ++k) {
    std::size_t best = k;
    for (std::size_t i = k; i < n; ++i) {
      if (std::abs(a[i][k]) > std::abs(a[best][k])) best = i;
    }
    std::swap(a[k], a[best]);
    std::swap(b[k], b[best]);
    sum += std::log(std::abs(a[k][k]));
    for (std::size_t i = 0; i < n; ++i) {
      if (i == k) continue;
      const long double factor = a[i][k] / a[k][k];
      for (std::size_t j = k; j < n; ++j) a[i][j] -= factor * a[k][j];
      for (std::size_t j = 0; j < b[k].size(); ++j) b[i][j] -= factor * b[k][j];
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (long double& e : b[i]) e /= a[i][i];
  }
  if (log_det) *log_det = sum;
  return b;
}

Row square_row(const char* op, TensorFunction f, Matrix (*reference)(const Matrix&), double shift) {
  Row row;
  row.op = op;
  row.f = std::move(f);
  row.reference = [reference](std::span<const Tensor> in) { return each_matrix(in[0], reference); };
  row.cases = {{matrices({3, 3}, shift)},
               {matrices({1, 1}, shift)},
               {matrices({2, 4, 4}, shift)},
               {zeros({0, 3, 3}, DType::f64)}};
  // A condition number of some 10 multiplies the roundings.
  row.rtol = 1e-13;
  row.f32_rtol = 2e-5;
  const TensorFunction g = row.f;
  row.misuse = {[g] {
                  g(Inputs{ones({2, 3})});
                },
                [g] { g(Inputs{ones({3})}); },
                [g] {
                  g(Inputs{zeros({2, 2}, DType::i64)});
                }};
  row.stretched = false;
  return row;
}

Row cholesky_row() {
  Row row = square_row(
      "cholesky", [](std::span<const Tensor> in) { return cholesky(in[0]); },
      [](const Matrix& a) {
        const Matrix s = symmetrised(a);
        Matrix l(s.size(), std::vector<long double>(s.size(), 0));
        for (std::size_t i = 0; i < s.size(); ++i) {
          for (std::size_t j = 0; j <= i; ++j) {
            long double rest = s[i][j];
            for (std::size_t k = 0; k < j; ++k) rest -= l[i][k] * l[j][k];
            l[i][j] = i == j ? std::sqrt(rest) : rest / l[j][j];
          }
        }
        return l;
      },
      3);
  row.misuse.push_back([] { cholesky(-eye(3)); });
  return row;
}

Row inverse_row() {
  Row row = square_row(
      "inverse", [](std::span<const Tensor> in) { return inverse(in[0]); },
      [](const Matrix& a) {
        Matrix unit(a.size(), std::vector<long double>(a.size(), 0));
        for (std::size_t i = 0; i < a.size(); ++i) unit[i][i] = 1;
        return gauss(a, unit);
      },
      2);
  row.composed = true;
  return row;
}

Row logdet_row() {
  return square_row(
      "logdet", [](std::span<const Tensor> in) { return logdet(in[0]); },
      [](const Matrix& a) {
        long double log_det = 0;
        gauss(a, Matrix(a.size()), &log_det);
        return Matrix{{log_det}};
      },
      2);
}

// The eigenvalues, and the projections on the eigenvectors' lines (free of their signs): the sum
// of i v_i v_i', which equals f(A) for the f that maps the i-th eigenvalue to i.
Row eigh_row() {
  Row row = square_row(
      "eigh",
      [](std::span<const Tensor> in) {
        const auto [w, v] = eigh(in[0]);
        const Tensor ranks = arange(w.size(-1), w.dtype()) + 1;
        const Tensor ranked = matmul(v * ranks, transpose(v));
        return concatenate({unsqueeze(w, -2), ranked}, -2);
      },
      // Jacobi's rotations.
      [](const Matrix& a) {
        Matrix s = symmetrised(a);
        const std::size_t n = s.size();
        Matrix v(n, std::vector<long double>(n, 0));
        for (std::size_t i = 0; i < n; ++i) v[i][i] = 1;
        for (int sweep = 0; sweep < 30; ++sweep) {
          for (std::size_t p = 0; p < n; ++p) {
            for (std::size_t q = p + 1; q < n; ++q) {
              const long double angle = std::atan2(2 * s[p][q], s[q][q] - s[p][p]) / 2;
              const long double c = std::cos(angle), d = std::sin(angle);
              for (std::size_t k = 0; k < n; ++k) {
                const long double x = s[k][p], y = s[k][q];
                s[k][p] = c * x - d * y;
                s[k][q] = d * x + c * y;
              }
              for (std::size_t k = 0; k < n; ++k) {
                const long double x = s[p][k], y = s[q][k];
                s[p][k] = c * x - d * y;
                s[q][k] = d * x + c * y;
                const long double vx = v[k][p], vy = v[k][q];
                v[k][p] = c * vx - d * vy;
                v[k][q] = d * vx + c * vy;
              }
            }
          }
        }
        std::vector<std::size_t> order(n);
        for (std::size_t i = 0; i < n; ++i) order[i] = i;
        std::sort(order.begin(), order.end(),
                  [&](std::size_t i, std::size_t j) { return s[i][i] < s[j][j]; });
        Matrix out(n + 1, std::vector<long double>(n, 0));
        for (std::size_t r = 0; r < n; ++r) {
          const std::size_t k = order[r];
          out[0][r] = s[k][k];
          for (std::size_t i = 0; i < n; ++i) {
            for (std::size_t j = 0; j < n; ++j) {
              out[i + 1][j] += static_cast<long double>(r + 1) * v[i][k] * v[j][k];
            }
          }
        }
        return out;
      },
      0);
  // Finite differences lose accuracy with the inverse gaps of the eigenvalues: keep them apart.
  const auto apart = [](const Shape& shape) {
    return matrices(shape, 0) + 2 * diagonal_embed(arange(shape.back(), DType::f64));
  };
  row.cases = {{apart({3, 3})}, {apart({1, 1})}, {apart({2, 4, 4})}, {apart({0, 3, 3})}};
  return row;
}

Row system_row(const char* op, TensorFunction f, Matrix (*prepare)(const Matrix&)) {
  Row row;
  row.op = op;
  row.f = std::move(f);
  row.cases = {{matrices({3, 3}, 2), spread({3, 2}, -1, 1, 2)},
               {matrices({2, 3, 3}, 2), spread({3, 1}, -1, 1, 2)},
               {matrices({2, 2}, 2), spread({3, 2, 2}, -1, 1, 2)},
               {matrices({2, 2}, 2), zeros({2, 0}, DType::f64)}};
  row.reference = [prepare](std::span<const Tensor> in) {
    const Shape lead = in[0].rank() > in[1].rank() ? in[0].shape() : in[1].shape();
    const Index batch = lead.rank() == 3 ? lead[0] : 1, n = in[0].size(-1), m = in[1].size(-1);
    const Array a(expand(in[0], {batch, n, n})), b(expand(in[1], {batch, n, m}));
    Values y;
    for (Index k = 0; k < batch; ++k) {
      Matrix pa(static_cast<std::size_t>(n)), pb(static_cast<std::size_t>(n));
      for (Index i = 0; i < n; ++i) {
        for (Index j = 0; j < n; ++j) pa[static_cast<std::size_t>(i)].push_back(a.at({k, i, j}));
        for (Index j = 0; j < m; ++j) pb[static_cast<std::size_t>(i)].push_back(b.at({k, i, j}));
      }
      for (const auto& r : gauss(prepare(pa), pb)) {
        for (long double e : r) y.push_back(static_cast<double>(e));
      }
    }
    return y;
  };
  row.rtol = 1e-13;
  row.f32_rtol = 2e-5;
  row.stretched = false;
  const TensorFunction g = row.f;
  row.misuse = {[g] {
                  g(Inputs{ones({2, 3}), ones({2, 1})});
                },
                [g] {
                  g(Inputs{eye(2), ones({3, 1})});
                },
                [g] {
                  g(Inputs{eye(2), ones({2})});
                },
                [g] {
                  g(Inputs{expand(eye(2), {2, 2, 2}), ones({3, 2, 1})});
                },
                [g] {
                  g(Inputs{eye(2), ones({2, 1}, DType::f64)});
                },
                [g] {
                  g(Inputs{zeros({2, 2}), ones({2, 1})});
                }};
  return row;
}

// The lower or the upper triangle of a, transposed if asked.
template <bool kLower, bool kTranspose>
Matrix triangle(const Matrix& a) {
  Matrix t(a.size(), std::vector<long double>(a.size(), 0));
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < a.size(); ++j) {
      if (kLower ? j <= i : j >= i) (kTranspose ? t[j][i] : t[i][j]) = a[i][j];
    }
  }
  return t;
}

template <bool kLower, bool kTranspose>
Row triangular_row() {
  return system_row(
      "triangular_solve",
      [](std::span<const Tensor> in) {
        return triangular_solve(in[0], in[1], {.lower = kLower, .transpose = kTranspose});
      },
      triangle<kLower, kTranspose>);
}

Row power_row() {
  Row row;
  row.op = "power_iteration";
  row.composed = true;
  row.f = [](std::span<const Tensor> in) {
    const auto [value, vector] = power_iteration(in[0], in[1], 3);
    return concatenate({unsqueeze(value, -1), vector}, -1);
  };
  row.cases = {{matrices({3, 3}, 2), spread({3}, 0.5, 1, 2)},
               {matrices({2, 3, 3}, 2), spread({3}, 0.5, 1, 2)}};
  row.reference = [](std::span<const Tensor> in) {
    const Values start = in[1].to_vector<double>();
    return each_matrix(in[0], [&](const Matrix& a) {
      std::vector<long double> v(start.begin(), start.end());
      const auto multiply = [&](const std::vector<long double>& x) {
        std::vector<long double> y(x.size(), 0);
        for (std::size_t i = 0; i < x.size(); ++i) {
          for (std::size_t j = 0; j < x.size(); ++j) y[i] += a[i][j] * x[j];
        }
        return y;
      };
      for (int k = 0; k < 3; ++k) {
        v = multiply(v);
        long double s = 0;
        for (long double e : v) s += e * e;
        for (long double& e : v) e /= std::sqrt(s);
      }
      long double value = 0;
      const auto av = multiply(v);
      for (std::size_t i = 0; i < v.size(); ++i) value += v[i] * av[i];
      std::vector<long double> out{value};
      out.insert(out.end(), v.begin(), v.end());
      return Matrix{out};
    });
  };
  row.misuse = {[] {
                  power_iteration(ones({2, 3}), ones({3}), 1);
                },
                [] { power_iteration(eye(2), ones({3}), 1); },
                [] { power_iteration(eye(2), ones({2}), 0); },
                [] { power_iteration(eye(2), ones({2}, DType::f64), 1); }};
  return row;
}

}  // namespace

std::vector<Row> linalg_rows() {
  std::vector<Row> rows{
      cholesky_row(),
      inverse_row(),
      logdet_row(),
      eigh_row(),
      system_row(
          "solve", [](std::span<const Tensor> in) { return solve(in[0], in[1]); },
          [](const Matrix& a) { return a; }),
      power_row(),
      triangular_row<true, false>(),
      triangular_row<false, false>(),
      triangular_row<true, true>(),
      triangular_row<false, true>(),
  };
  return rows;
}

}  // namespace ito::op_table
