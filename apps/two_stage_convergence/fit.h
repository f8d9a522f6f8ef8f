// Straight lines through measurements.
#pragma once

#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace ito::two_stage {

// Least-squares slope of y in x; the two sizes agree and there are at least two distinct x.
inline double slope(std::span<const double> x, std::span<const double> y) {
  const double n = static_cast<double>(x.size());
  double mx = 0, my = 0, xy = 0, xx = 0;
  for (std::size_t i = 0; i < x.size(); ++i) mx += x[i] / n, my += y[i] / n;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - mx) * (y[i] - my);
    xx += (x[i] - mx) * (x[i] - mx);
  }
  return xy / xx;
}

// The exponent p of y ~ x^p, for positive x and y.
inline double log_log_slope(std::span<const double> x, std::span<const double> y) {
  std::vector<double> log_x, log_y;
  for (std::size_t i = 0; i < x.size(); ++i) {
    log_x.push_back(std::log(x[i]));
    log_y.push_back(std::log(y[i]));
  }
  return slope(log_x, log_y);
}

}  // namespace ito::two_stage
