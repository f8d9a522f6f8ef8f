#include "diffusion/split.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "autograd/grad_mode.h"
#include "autograd/ops.h"

namespace ito::diffusion {
namespace {

double norm(const std::vector<double>& v) {
  double total = 0;
  for (double x : v) total += x * x;
  return std::sqrt(total);
}

// Row-major S [n, n] times v.
std::vector<double> multiply(const std::vector<double>& matrix, const std::vector<double>& v) {
  const std::size_t n = v.size();
  std::vector<double> out(n, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) out[i] += matrix[i * n + j] * v[j];
  }
  return out;
}

}  // namespace

std::vector<double> principal_direction(const Tensor& x, int max_iterations) {
  check(x.rank() == 2 && x.numel() > 0, "principal_direction: needs x of shape [N, n], got ",
        x.shape());
  NoGrad guard;
  const Tensor rows = convert(x, DType::f64);
  const auto moment =
      (matmul(transpose(rows), rows) / static_cast<double>(x.size(0))).to_vector<double>();
  const auto n = static_cast<std::size_t>(x.size(1));
  // The column of the largest diagonal entry has a component along the leading eigenvector, unless
  // the two are orthogonal by symmetry; a fixed irrational tilt breaks that.
  std::size_t largest = 0;
  for (std::size_t i = 1; i < n; ++i) {
    if (moment[i * n + i] > moment[largest * n + largest]) largest = i;
  }
  const double scale = moment[largest * n + largest];
  check(scale > 0 && std::isfinite(scale), "principal_direction: the largest second moment is ",
        scale);
  std::vector<double> v(n);
  for (std::size_t i = 0; i < n; ++i) {
    v[i] =
        moment[largest * n + i] + 1e-3 * scale * std::cos(std::sqrt(2.0) * static_cast<double>(i));
  }
  for (int iteration = 0; iteration < max_iterations; ++iteration) {
    const double length = norm(v);
    for (double& e : v) e /= length;
    std::vector<double> next = multiply(moment, v);
    double lambda = 0, residual = 0;
    for (std::size_t i = 0; i < n; ++i) lambda += v[i] * next[i];
    for (std::size_t i = 0; i < n; ++i) {
      const double r = next[i] - lambda * v[i];
      residual += r * r;
    }
    if (std::sqrt(residual) <= 1e-10 * lambda) {
      const auto peak = std::ranges::max_element(v, {}, [](double e) { return std::abs(e); });
      if (*peak < 0) {
        for (double& e : v) e = -e;
      }
      return v;
    }
    v = std::move(next);
  }
  fail("principal_direction: no convergence in ", max_iterations,
       " iterations; the two largest eigenvalues agree too closely");
}

PrincipalSplit principal_split(const Tensor& x) {
  PrincipalSplit split{principal_direction(x), {}, {}, 0, true};
  NoGrad guard;
  const Tensor direction = from(split.direction, {x.size(1), 1});
  const auto projection = matmul(convert(x, DType::f64), direction).to_vector<double>();
  for (std::size_t i = 0; i < projection.size(); ++i) {
    (projection[i] >= 0 ? split.positive : split.negative).push_back(static_cast<Index>(i));
  }
  split.larger_is_positive = split.positive.size() >= split.negative.size();
  split.share = static_cast<double>(std::max(split.positive.size(), split.negative.size())) /
                static_cast<double>(projection.size());
  return split;
}

}  // namespace ito::diffusion
