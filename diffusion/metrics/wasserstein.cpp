#include "diffusion/metrics/wasserstein.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <vector>

#include "autograd/error.h"

namespace ito::diffusion {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

bool all_finite(std::span<const double> values) {
  return std::ranges::all_of(values, [](double v) { return std::isfinite(v); });
}

std::vector<double> sorted(std::span<const double> values) {
  std::vector<double> out(values.begin(), values.end());
  std::ranges::sort(out);
  return out;
}

// The integral of |level - F| over [left, right]: F increases, so it crosses the level once at
// most.
double segment(const NormalMixture1d& law, double left, double right, double level) {
  // Of level - F, through 1 - F in the upper half, where the integral of F itself grows with u.
  const auto below = [&](double from, double to) {
    if (level < 0.5)
      return level * (to - from) - (law.integral_of_cdf(to) - law.integral_of_cdf(from));
    return (law.integral_of_survival(from) - law.integral_of_survival(to)) -
           (1 - level) * (to - from);
  };
  if (law.cdf(left) >= level) return -below(left, right);
  if (law.cdf(right) <= level) return below(left, right);
  double low = left, high = right;
  // The integrand vanishes at the crossing, so its error enters squared.
  for (int i = 0; i < 40 && low < high; ++i) {
    const double middle = std::midpoint(low, high);
    (law.cdf(middle) < level ? low : high) = middle;
  }
  return below(left, low) - below(low, right);
}

// Cov(|X|, |Y|) for standard normals of correlation r.
double covariance_of_moduli(double r) {
  return 2 / std::numbers::pi * (std::sqrt(std::max(0.0, 1 - r * r)) + r * std::asin(r) - 1);
}

// The integral of (q - u)^2 f(q) from -inf to q: with d = mu - u, a mode of mean mu and std sigma
// contributes (d^2 + sigma^2) Phi(z) - sigma (d + q - u) phi(z), z = (q - mu)/sigma.
double second_moment_about(const NormalMixture1d& law, double u, double q) {
  double total = 0;
  for (std::size_t k = 0; k < law.weights().size(); ++k) {
    const double sigma = law.stds()[k], d = law.means()[k] - u;
    double below = 1, density = 0, reach = 0;
    if (q != kInfinity) {
      const double z = (q - law.means()[k]) / sigma;
      below = 0.5 * std::erfc(-z / std::numbers::sqrt2);
      density = std::exp(-0.5 * z * z) / std::sqrt(2 * std::numbers::pi);
      reach = d + q - u;
    }
    total += law.weights()[k] * ((d * d + sigma * sigma) * below - sigma * reach * density);
  }
  return total;
}

}  // namespace

double wasserstein1(std::span<const double> samples, const NormalMixture1d& law) {
  check(!samples.empty(), "wasserstein1: no samples");
  if (!all_finite(samples)) return kInfinity;
  const std::vector<double> u = sorted(samples);
  double total = law.integral_of_cdf(u.front()) + law.integral_of_survival(u.back());
  for (std::size_t i = 1; i < u.size(); ++i) {
    if (u[i - 1] < u[i])
      total += segment(law, u[i - 1], u[i], static_cast<double>(i) / static_cast<double>(u.size()));
  }
  return total;
}

double wasserstein1(std::span<const double> samples, std::span<const double> others) {
  check(!samples.empty() && !others.empty(), "wasserstein1: no samples");
  if (!all_finite(samples) || !all_finite(others)) return kInfinity;
  const std::vector<double> u = sorted(samples), v = sorted(others);
  std::size_t i = 0, j = 0;
  double total = 0, at = std::min(u.front(), v.front());
  while (i < u.size() || j < v.size()) {
    const double next = std::min(i < u.size() ? u[i] : kInfinity, j < v.size() ? v[j] : kInfinity);
    total += (next - at) * std::abs(static_cast<double>(i) / static_cast<double>(u.size()) -
                                    static_cast<double>(j) / static_cast<double>(v.size()));
    at = next;
    while (i < u.size() && u[i] == next) ++i;
    while (j < v.size() && v[j] == next) ++j;
  }
  return total;
}

double wasserstein2(std::span<const double> samples, const NormalMixture1d& law) {
  check(!samples.empty(), "wasserstein2: no samples");
  if (!all_finite(samples)) return kInfinity;
  const std::vector<double> u = sorted(samples);
  const auto n = static_cast<double>(u.size());
  double total = 0, left = -kInfinity;
  for (std::size_t i = 0; i < u.size(); ++i) {
    const double right =
        i + 1 == u.size() ? kInfinity : law.quantile(static_cast<double>(i + 1) / n);
    const double before = left == -kInfinity ? 0 : second_moment_about(law, u[i], left);
    total += second_moment_about(law, u[i], right) - before;
    left = right;
  }
  return std::sqrt(std::max(0.0, total));
}

double wasserstein2(std::span<const double> samples, std::span<const double> others) {
  check(!samples.empty() && !others.empty(), "wasserstein2: no samples");
  if (!all_finite(samples) || !all_finite(others)) return kInfinity;
  const std::vector<double> u = sorted(samples), v = sorted(others);
  // The quantile functions are constant between the multiples of 1/N and of 1/M; in units of
  // 1/(N M) these are integers.
  const std::size_t n = u.size(), m = v.size();
  std::size_t i = 0, j = 0, at = 0;
  double total = 0;
  while (i < n && j < m) {
    const std::size_t next = std::min((i + 1) * m, (j + 1) * n);
    total += static_cast<double>(next - at) * (u[i] - v[j]) * (u[i] - v[j]);
    at = next;
    if (next == (i + 1) * m) ++i;
    if (next == (j + 1) * n) ++j;
  }
  return std::sqrt(total / (static_cast<double>(n) * static_cast<double>(m)));
}

SamplingFloor wasserstein1_floor(const NormalMixture1d& law, Index count) {
  check(count >= 1, "wasserstein1_floor: needs at least 1 sample, got ", count);
  // Trapezoids over the support: the integrands and their derivatives vanish at both ends.
  constexpr std::size_t kNodes = 1200;
  const double low = law.lower(), step = (law.upper() - low) / (kNodes - 1);
  std::vector<double> below(kNodes), above(kNodes), std(kNodes);
  double mean = 0;
  for (std::size_t i = 0; i < kNodes; ++i) {
    const double u = low + step * static_cast<double>(i);
    below[i] = law.cdf(u);
    above[i] = law.survival(u);
    std[i] = std::sqrt(below[i] * above[i]);
    mean += std::sqrt(2 / std::numbers::pi) * std[i] * step;
  }
  // Corr(B_s, B_t) = sqrt(s (1-t)/(t (1-s))) for s <= t.
  double variance = 0;
  for (std::size_t i = 0; i < kNodes; ++i) {
    if (std[i] == 0) continue;
    for (std::size_t j = i; j < kNodes; ++j) {
      if (std[j] == 0) continue;
      const double r = std::min(1.0, std::sqrt(below[i] / above[i] * (above[j] / below[j])));
      variance += (i == j ? 1 : 2) * covariance_of_moduli(r) * std[i] * std[j] * step * step;
    }
  }
  const double n = static_cast<double>(count);
  return {mean / std::sqrt(n), std::sqrt(variance / n)};
}

}  // namespace ito::diffusion
