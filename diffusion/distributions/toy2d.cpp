#include "diffusion/distributions/toy2d.h"

#include <cmath>
#include <numbers>
#include <utility>

#include "autograd/error.h"

namespace ito::diffusion {
namespace {

// Rows from point() -> (x, y).
template <class Point>
Tensor points(Index count, DType dtype, const char* op, Point point) {
  check(count >= 0, op, ": count is ", count);
  Tensor out = empty({count, 2}, dtype);
  visit_floating(dtype, op, [&](auto zero) {
    using T = decltype(zero);
    T* to = out.mutable_data<T>();
    for (Index i = 0; i < count; ++i) {
      const std::pair<double, double> p = point();
      *to++ = static_cast<T>(p.first);
      *to++ = static_cast<T>(p.second);
    }
  });
  return out;
}

}  // namespace

Tensor sample_rings(Index count, Generator& rng, DType dtype, double noise) {
  return points(count, dtype, "sample_rings", [&] {
    const double radius = 0.5 * static_cast<double>(1 + rng.below(4));
    const double angle = 2 * std::numbers::pi * rng.uniform();
    const double x = radius * std::cos(angle) + noise * rng.normal();
    const double y = radius * std::sin(angle) + noise * rng.normal();
    return std::pair{x, y};
  });
}

Tensor sample_checkerboard(Index count, Generator& rng, DType dtype) {
  return points(count, dtype, "sample_checkerboard", [&] {
    const Index square = rng.below(8);  // two in each of four rows
    const Index row = square / 2 - 2;
    const Index column = 2 * (square % 2) - 2 + (square / 2) % 2;
    const double x = static_cast<double>(column) + rng.uniform();
    const double y = static_cast<double>(row) + rng.uniform();
    return std::pair{x, y};
  });
}

Tensor sample_two_moons(Index count, Generator& rng, DType dtype, double noise) {
  return points(count, dtype, "sample_two_moons", [&] {
    const double side = rng.below(2) == 0 ? 1 : -1;
    const double angle = std::numbers::pi * rng.uniform();
    const double x = side * (std::cos(angle) - 0.5) + noise * rng.normal();
    const double y = side * (std::sin(angle) - 0.25) + noise * rng.normal();
    return std::pair{x, y};
  });
}

}  // namespace ito::diffusion
