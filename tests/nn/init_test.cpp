#include "nn/init.h"

#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/ops.h"

namespace ito::nn {
namespace {

struct Moments {
  double mean = 0, variance = 0, kurtosis = 0, largest = 0;
};

Moments moments(const Tensor& x) {
  Moments m;
  const std::vector<double> values = x.to_vector<double>();
  const auto n = static_cast<double>(values.size());
  double fourth = 0;
  for (const double v : values) m.mean += v / n;
  for (const double v : values) {
    m.variance += std::pow(v - m.mean, 2) / n;
    fourth += std::pow(v - m.mean, 4) / n;
    m.largest = std::max(m.largest, std::abs(v));
  }
  m.kurtosis = fourth / (m.variance * m.variance);
  return m;
}

// [out, in] = [300, 500]: 150,000 values.
TEST(Init, VariancesAreThoseOfTheirPapers) {
  struct Case {
    const char* name;
    Init init;
    double variance;
    bool uniform;
  };
  const Case cases[] = {
      {"fan_in_uniform", fan_in_uniform, 1.0 / 3 / 500, true},
      {"xavier_uniform", xavier_uniform(2), 4 * 2.0 / 800, true},
      {"xavier_normal", xavier_normal(), 2.0 / 800, false},
      {"he_uniform", he_uniform(), 2.0 / 500, true},
      {"he_normal", he_normal(), 2.0 / 500, false},
      {"lecun_uniform", lecun_uniform(), 1.0 / 500, true},
      {"lecun_normal", lecun_normal(), 1.0 / 500, false},
  };
  for (const Case& c : cases) {
    Generator rng(5);
    const Moments m = moments(c.init({300, 500}, rng, DType::f64));
    const double kurtosis = c.uniform ? 1.8 : 3;
    // Five standard errors: sqrt(variance/N) of the mean, sqrt((kurtosis - 1)/N) of the relative
    // variance; those of the kurtosis are below sqrt(24/N).
    const double n = 150000;
    EXPECT_NEAR(m.mean, 0, 5 * std::sqrt(c.variance / n)) << c.name;
    EXPECT_NEAR(m.variance / c.variance, 1, 5 * std::sqrt((kurtosis - 1) / n)) << c.name;
    EXPECT_NEAR(m.kurtosis, kurtosis, 5 * std::sqrt(24 / n)) << c.name;
    if (c.uniform) {
      EXPECT_LE(m.largest, std::sqrt(3 * c.variance)) << c.name;
    }
  }
}

TEST(Init, OrthogonalRowsOrColumns) {
  for (const Shape& shape : {Shape{4, 7}, Shape{7, 4}, Shape{5, 5}}) {
    Generator rng(6);
    const Tensor q = orthogonal(3)(shape, rng, DType::f64);
    const Tensor gram = shape[0] <= shape[1] ? matmul(q, transpose(q)) : matmul(transpose(q), q);
    const std::vector<double> got = gram.to_vector<double>();
    const std::vector<double> wanted = (9 * eye(gram.size(0), DType::f64)).to_vector<double>();
    for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], wanted[i], 1e-13);
  }
}

TEST(Init, ZeroAndScalars) {
  Generator rng(7);
  EXPECT_EQ(zero_init({2, 2}, rng, DType::f64).to_vector<double>(), std::vector<double>(4, 0));
  const Moments m = moments(uniform({50000}, 2, 5, rng, DType::f64));
  EXPECT_NEAR(m.mean, 3.5, 5 * std::sqrt(0.75 / 50000));
  EXPECT_LE(m.largest, 5);
  EXPECT_THROW(he_normal()({3}, rng, DType::f32), Error);
}

}  // namespace
}  // namespace ito::nn
