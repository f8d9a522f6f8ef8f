#include "nn/time_embedding.h"

#include <cmath>
#include <numbers>
#include <vector>

#include "autograd/ops/binary.h"
#include "autograd/ops/unary.h"
#include "autograd/ops/view.h"
#include "nn/init.h"

namespace ito::nn {
namespace {

// [B], [F] -> [B, 2 F]: cosines, then sines, of the products.
Tensor waves(const Tensor& t, const Tensor& frequencies, const char* name) {
  check(t.rank() == 1, name, ": needs times [B], got ", t.shape());
  const Tensor angle = unsqueeze(t, 1) * frequencies;
  return concatenate({cos(angle), sin(angle)}, 1);
}

Index half_of(Index features, const char* name) {
  check(features > 0 && features % 2 == 0, name, ": features must be positive and even, got ",
        features);
  return features / 2;
}

Tensor geometric(Index count, double max_period, DType dtype) {
  check(max_period > 0, "SinusoidalEmbedding: max_period must be positive, got ", max_period);
  std::vector<double> values;
  for (Index i = 0; i < count; ++i) {
    values.push_back(std::pow(max_period, -static_cast<double>(i) / static_cast<double>(count)));
  }
  return from(values, {count}, dtype);
}

}  // namespace

FourierTimeEmbedding::FourierTimeEmbedding(Index count, DType dtype)
    : frequencies_(arange(count, dtype)) {
  check(count > 0, "FourierTimeEmbedding: count must be positive, got ", count);
}

Tensor FourierTimeEmbedding::forward(const Tensor& alpha) const {
  return waves(alpha, frequencies_, "FourierTimeEmbedding");
}

SinusoidalEmbedding::SinusoidalEmbedding(Index features, double max_period, DType dtype)
    : frequencies_(geometric(half_of(features, "SinusoidalEmbedding"), max_period, dtype)) {}

Tensor SinusoidalEmbedding::forward(const Tensor& t) const {
  return waves(t, frequencies_, "SinusoidalEmbedding");
}

RandomFourierEmbedding::RandomFourierEmbedding(Index features, double scale, Generator& rng,
                                               DType dtype)
    : frequencies_(add_buffer("frequencies", normal({half_of(features, "RandomFourierEmbedding")},
                                                    0, scale, rng, dtype))) {}

Tensor RandomFourierEmbedding::forward(const Tensor& t) const {
  return waves(t, 2 * std::numbers::pi * frequencies_, "RandomFourierEmbedding");
}

}  // namespace ito::nn
