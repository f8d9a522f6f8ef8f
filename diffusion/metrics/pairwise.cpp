#include "diffusion/metrics/pairwise.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "autograd/ops.h"
#include "autograd/parallel.h"

namespace ito::diffusion {
namespace {

constexpr Index kRows = 256;  // a shard of the pairs

void check_samples(const Tensor& x, const Tensor& y, const char* op) {
  check(
      x.rank() == 2 && y.rank() == 2 && x.size(1) == y.size(1) && x.size(0) >= 2 && y.size(0) >= 2,
      op, ": needs two or more samples each, [N, n] and [M, n]; got ", x.shape(), " and ",
      y.shape());
}

// Row-major f64.
struct Rows {
  explicit Rows(const Tensor& x)
      : values(x.to_vector<double>()),
        count(static_cast<std::size_t>(x.size(0))),
        n(static_cast<std::size_t>(x.size(1))) {}
  bool finite() const {
    return std::ranges::all_of(values, [](double v) { return std::isfinite(v); });
  }
  const double* row(std::size_t i) const { return values.data() + i * n; }

  std::vector<double> values;
  std::size_t count, n;
};

double squared_distance(const double* x, const double* y, std::size_t n) {
  double total = 0;
  for (std::size_t j = 0; j < n; ++j) total += (x[j] - y[j]) * (x[j] - y[j]);
  return total;
}

// The mean of f(|x_i - y_j|^2) over all pairs.
template <class F>
double mean_across(const Rows& x, const Rows& y, F f) {
  const Index shards = (static_cast<Index>(x.count) + kRows - 1) / kRows;
  std::vector<double> totals(static_cast<std::size_t>(shards), 0.0);
  parallel_for(shards, [&](Index shard) {
    const auto begin = static_cast<std::size_t>(shard * kRows);
    const std::size_t end = std::min(x.count, begin + kRows);
    double total = 0;
    for (std::size_t i = begin; i < end; ++i) {
      for (std::size_t j = 0; j < y.count; ++j)
        total += f(squared_distance(x.row(i), y.row(j), x.n));
    }
    totals[static_cast<std::size_t>(shard)] = total;
  });
  double total = 0;
  for (double t : totals) total += t;
  return total / (static_cast<double>(x.count) * static_cast<double>(y.count));
}

// Over the pairs i != j: the diagonal's share, f(0), leaves the mean.
template <class F>
double mean_within(const Rows& x, F f) {
  const auto n = static_cast<double>(x.count);
  return (mean_across(x, x, f) - f(0) / n) * n / (n - 1);
}

Tensor thinned(const Tensor& x, Index rows) {
  const Index stride = (x.size(0) + rows - 1) / rows;
  return slice(x.detach(), 0, 0, kEnd, stride);
}

}  // namespace

double energy_distance(const Tensor& x, const Tensor& y) {
  check_samples(x, y, "energy_distance");
  const Rows a(x), b(y);
  if (!a.finite() || !b.finite()) return std::numeric_limits<double>::quiet_NaN();
  const auto length = [](double squared) { return std::sqrt(squared); };
  return 2 * mean_across(a, b, length) - mean_within(a, length) - mean_within(b, length);
}

double median_distance(const Tensor& x, const Tensor& y) {
  check_samples(x, y, "median_distance");
  constexpr Index kMost = 1000;
  const Rows a(thinned(x, kMost)), b(thinned(y, kMost));
  if (!a.finite() || !b.finite()) return std::numeric_limits<double>::quiet_NaN();
  std::vector<double> squared;
  squared.reserve(a.count * b.count);
  for (std::size_t i = 0; i < a.count; ++i) {
    for (std::size_t j = 0; j < b.count; ++j)
      squared.push_back(squared_distance(a.row(i), b.row(j), a.n));
  }
  const auto middle = squared.begin() + static_cast<std::ptrdiff_t>(squared.size() / 2);
  std::ranges::nth_element(squared, middle);
  return std::sqrt(*middle);
}

double mmd_squared(const Tensor& x, const Tensor& y, const MmdOptions& options) {
  check_samples(x, y, "mmd_squared");
  check(options.bandwidth >= 0, "mmd_squared: the bandwidth is ", options.bandwidth);
  const Rows a(x), b(y);
  if (!a.finite() || !b.finite()) return std::numeric_limits<double>::quiet_NaN();
  const double bandwidth = options.bandwidth > 0 ? options.bandwidth : median_distance(x, y);
  check(bandwidth > 0, "mmd_squared: the median distance is zero; give a bandwidth");
  const double rate = -0.5 / (bandwidth * bandwidth);
  const auto kernel = [rate](double squared) { return std::exp(rate * squared); };
  return mean_within(a, kernel) + mean_within(b, kernel) - 2 * mean_across(a, b, kernel);
}

}  // namespace ito::diffusion
