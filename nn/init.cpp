#include "nn/init.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "autograd/ops/random.h"

namespace ito::nn {
namespace {

// x = offset + scale x, in place: what comes in was just drawn and nobody else has seen it.
Tensor affine(Tensor x, double offset, double scale) {
  visit_floating(x.dtype(), "init", [&]<class T>(T) {
    T* values = x.mutable_data<T>();
    for (Index i = 0; i < x.numel(); ++i) {
      values[i] = static_cast<T>(offset + scale * static_cast<double>(values[i]));
    }
  });
  return x;
}

struct Fans {
  double in;
  double out;
};

Fans fans(const Shape& shape) {
  check(shape.rank() >= 2 && numel(shape) > 0, "init: needs a weight [out, in], got ", shape);
  const auto out = static_cast<double>(shape[0]);
  return {.in = static_cast<double>(numel(shape)) / out, .out = out};
}

// Values of a variance that depends on the fans.
template <class Variance>
Init scaled_uniform(Variance variance) {
  return [variance](const Shape& shape, Generator& rng, DType dtype) {
    const double bound = std::sqrt(3 * variance(fans(shape)));
    return uniform(shape, -bound, bound, rng, dtype);
  };
}
template <class Variance>
Init scaled_normal(Variance variance) {
  return [variance](const Shape& shape, Generator& rng, DType dtype) {
    return normal(shape, 0, std::sqrt(variance(fans(shape))), rng, dtype);
  };
}

double dot(const double* a, const double* b, std::size_t n) {
  double total = 0;
  for (std::size_t i = 0; i < n; ++i) total += a[i] * b[i];
  return total;
}

// Makes the rows [count, n], count <= n, orthonormal. Gram-Schmidt, twice over, which leaves an
// error of rounding size; the diagonal of R is positive, so Gaussian rows give Haar's measure.
void orthonormalize(std::vector<double>& rows, std::size_t count, std::size_t n) {
  for (std::size_t i = 0; i < count; ++i) {
    double* row = rows.data() + i * n;
    for (int pass = 0; pass < 2; ++pass) {
      for (std::size_t j = 0; j < i; ++j) {
        const double* other = rows.data() + j * n;
        const double along = dot(row, other, n);
        for (std::size_t k = 0; k < n; ++k) row[k] -= along * other[k];
      }
    }
    const double scale = 1 / std::sqrt(dot(row, row, n));
    for (std::size_t k = 0; k < n; ++k) row[k] *= scale;
  }
}

}  // namespace

Tensor uniform(const Shape& shape, double low, double high, Generator& rng, DType dtype) {
  return affine(rand(shape, rng, dtype), low, high - low);
}

Tensor normal(const Shape& shape, double mean, double std, Generator& rng, DType dtype) {
  return affine(randn(shape, rng, dtype), mean, std);
}

Tensor fan_in_uniform(const Shape& shape, Generator& rng, DType dtype) {
  const double bound = 1 / std::sqrt(fans(shape).in);
  return uniform(shape, -bound, bound, rng, dtype);
}

Tensor zero_init(const Shape& shape, Generator&, DType dtype) {
  return zeros(shape, dtype);
}

Init xavier_uniform(double gain) {
  return scaled_uniform([gain](Fans f) { return gain * gain * 2 / (f.in + f.out); });
}
Init xavier_normal(double gain) {
  return scaled_normal([gain](Fans f) { return gain * gain * 2 / (f.in + f.out); });
}
Init he_uniform() {
  return scaled_uniform([](Fans f) { return 2 / f.in; });
}
Init he_normal() {
  return scaled_normal([](Fans f) { return 2 / f.in; });
}
Init lecun_uniform() {
  return scaled_uniform([](Fans f) { return 1 / f.in; });
}
Init lecun_normal() {
  return scaled_normal([](Fans f) { return 1 / f.in; });
}

Init orthogonal(double gain) {
  return [gain](const Shape& shape, Generator& rng, DType dtype) {
    const Fans f = fans(shape);
    auto out = static_cast<std::size_t>(f.out), in = static_cast<std::size_t>(f.in);
    const bool wide = out <= in;
    const std::size_t count = std::min(out, in), n = std::max(out, in);
    std::vector<double> rows(count * n);
    rng.fill_normal(rows.data(), static_cast<Index>(rows.size()));
    orthonormalize(rows, count, n);
    std::vector<double> values(rows.size());
    for (std::size_t i = 0; i < out; ++i) {
      for (std::size_t j = 0; j < in; ++j) {
        values[i * in + j] = gain * (wide ? rows[i * n + j] : rows[j * n + i]);
      }
    }
    return from(values, shape, dtype);
  };
}

}  // namespace ito::nn
