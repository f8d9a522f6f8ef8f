#include "diffusion/metrics/kolmogorov_smirnov.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "autograd/error.h"

namespace ito::diffusion {

KolmogorovSmirnov kolmogorov_smirnov(std::span<const double> samples, const NormalMixture1d& law) {
  check(!samples.empty(), "kolmogorov_smirnov: no samples");
  std::vector<double> u(samples.begin(), samples.end());
  for (double& x : u) {
    if (std::isnan(x)) x = std::numeric_limits<double>::infinity();
  }
  std::ranges::sort(u);
  const double n = static_cast<double>(u.size());
  double statistic = 0;
  for (std::size_t i = 0; i < u.size(); ++i) {
    const double f = law.cdf(u[i]);
    statistic =
        std::max({statistic, f - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - f});
  }
  const double root = std::sqrt(n);
  return {statistic, kolmogorov_survival((root + 0.12 + 0.11 / root) * statistic)};
}

double kolmogorov_survival(double x) {
  if (x <= 0) return 1;
  // The series in the header alternates too slowly below 1; Jacobi's identity gives its dual,
  // 1 - sqrt(2 pi)/x sum_{k>=1} exp(-(2k-1)^2 pi^2/(8 x^2)).
  if (x < 1) {
    double total = 0;
    for (int k = 1; k <= 9; k += 2) {
      total += std::exp(-k * k * std::numbers::pi * std::numbers::pi / (8 * x * x));
    }
    return 1 - std::sqrt(2 * std::numbers::pi) / x * total;
  }
  double total = 0;
  for (int k = 1; k <= 6; ++k) total += (k % 2 == 1 ? 2 : -2) * std::exp(-2.0 * k * k * x * x);
  return total;
}

}  // namespace ito::diffusion
