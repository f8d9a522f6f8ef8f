#include "diffusion/metrics/projection.h"

#include <limits>

#include "autograd/ops.h"

namespace ito::diffusion {
namespace {

double squared_norm(const Tensor& x, std::span<const double> a, const char* op) {
  check(x.rank() == 2 && x.size(1) == static_cast<Index>(a.size()), op, ": a direction of ",
        a.size(), " entries does not fit x of shape ", x.shape());
  double total = 0;
  for (double e : a) total += e * e;
  check(total > 0, op, ": the direction is zero");
  return total;
}

}  // namespace

std::vector<double> project(const Tensor& x, std::span<const double> a) {
  const double norm = squared_norm(x, a, "project");
  const Tensor rows = contiguous(x.detach());
  std::vector<double> u(static_cast<std::size_t>(x.size(0)), 0.0);
  visit_floating(x.dtype(), "project", [&](auto zero) {
    using T = decltype(zero);
    const T* row = rows.data<T>();
    for (double& out : u) {
      for (double e : a) out += e * static_cast<double>(*row++);
      out /= norm;
    }
  });
  return u;
}

double orthogonal_variance(const Tensor& x, std::span<const double> a,
                           std::span<const std::uint8_t> exclude) {
  const double norm = squared_norm(x, a, "orthogonal_variance");
  const auto n = static_cast<std::size_t>(x.size(1));
  check(n >= 2, "orthogonal_variance: needs two dimensions or more");
  check(exclude.empty() || static_cast<Index>(exclude.size()) == x.size(0),
        "orthogonal_variance: ", exclude.size(), " marks for ", x.size(0), " rows");
  const std::vector<double> u = project(x, a);
  const Tensor rows = contiguous(x.detach());
  // The total variance over coordinates less that along a, whose component is u ||a||. Welford's
  // recursion: no cancellation for a mean far from zero.
  std::vector<double> mean(n, 0.0);
  double total = 0, mean_u = 0, along = 0, count = 0;
  visit_floating(x.dtype(), "orthogonal_variance", [&](auto zero) {
    using T = decltype(zero);
    const T* values = rows.data<T>();
    for (std::size_t i = 0; i < u.size(); ++i, values += n) {
      if (!exclude.empty() && exclude[i] != 0) continue;
      count += 1;
      for (std::size_t j = 0; j < n; ++j) {
        const double value = static_cast<double>(values[j]), delta = value - mean[j];
        mean[j] += delta / count;
        total += delta * (value - mean[j]);
      }
      const double delta = u[i] - mean_u;
      mean_u += delta / count;
      along += delta * (u[i] - mean_u);
    }
  });
  if (count < 2) return std::numeric_limits<double>::quiet_NaN();
  return (total - along * norm) / ((count - 1) * static_cast<double>(n - 1));
}

}  // namespace ito::diffusion
