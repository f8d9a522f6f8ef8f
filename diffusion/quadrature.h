// Gauss-Legendre quadrature.
#pragma once

#include <vector>

#include "autograd/shape.h"

namespace ito::diffusion {

// Exact for polynomials of degree 2 count - 1. Nodes increase in (-1, 1); weights sum to 2.
class GaussLegendre {
 public:
  explicit GaussLegendre(Index count);

  const std::vector<double>& nodes() const { return nodes_; }
  const std::vector<double>& weights() const { return weights_; }

  template <class F>
  double integrate(double from, double to, F&& f) const {
    const double middle = 0.5 * (from + to), half = 0.5 * (to - from);
    double total = 0;
    for (std::size_t i = 0; i < nodes_.size(); ++i)
      total += weights_[i] * f(middle + half * nodes_[i]);
    return half * total;
  }

 private:
  std::vector<double> nodes_;
  std::vector<double> weights_;
};

}  // namespace ito::diffusion
