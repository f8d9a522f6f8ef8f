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
