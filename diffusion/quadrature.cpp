#include "diffusion/quadrature.h"

#include <cmath>
#include <numbers>

#include "autograd/error.h"

namespace ito::diffusion {
namespace {

struct Legendre {
  double value;
  double derivative;
};

// P_n and P_n' by the three-term recurrence.
Legendre legendre(Index n, double x) {
  double previous = 1, value = x;
  for (Index k = 2; k <= n; ++k) {
    const double next =
        (static_cast<double>(2 * k - 1) * x * value - static_cast<double>(k - 1) * previous) /
        static_cast<double>(k);
    previous = value;
    value = next;
  }
  return {value, static_cast<double>(n) * (x * value - previous) / (x * x - 1)};
}

}  // namespace

GaussLegendre::GaussLegendre(Index count) {
  check(count >= 1, "gauss_legendre: needs at least 1 node, got ", count);
  nodes_.resize(static_cast<std::size_t>(count));
  weights_.resize(static_cast<std::size_t>(count));
  for (Index i = 0; i < count; ++i) {
    // Newton from Tricomi's estimate of the i-th root; it converges quadratically.
    double x = -std::cos(std::numbers::pi * (static_cast<double>(i) + 0.75) /
                         (static_cast<double>(count) + 0.5));
    for (int iteration = 0; iteration < 100; ++iteration) {
      const Legendre p = legendre(count, x);
      const double change = p.value / p.derivative;
      x -= change;
      if (std::abs(change) < 1e-15) break;
    }
    const double slope = legendre(count, x).derivative;
    nodes_[static_cast<std::size_t>(i)] = x;
    weights_[static_cast<std::size_t>(i)] = 2 / ((1 - x * x) * slope * slope);
  }
}

}  // namespace ito::diffusion
