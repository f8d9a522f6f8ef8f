#include "diffusion/distributions/gaussian_mixture.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/ops.h"
#include "autograd/transforms.h"
#include "diffusion/distributions/two_modes.h"

namespace ito::diffusion {
namespace {

// Three modes in three dimensions, every variance its own.
GaussianMixture diagonal_mixture() {
  return GaussianMixture({0.2, 0.5, 0.3}, {1, 0, -1, -2, 0.5, 0, 0.3, 3, 1},
                         {0.5, 1, 2, 1.5, 0.3, 0.7, 1, 1, 0.2});
}

Tensor points(Index count, Index n, DType dtype = DType::f64) {
  Generator rng(3);
  return randn({count, n}, rng, dtype) * 2.0;
}

double largest_difference(const Tensor& a, const Tensor& b) {
  const auto x = a.to_vector<double>(), y = b.to_vector<double>();
  EXPECT_EQ(x.size(), y.size());
  double largest = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    EXPECT_TRUE(std::isfinite(x[i]) && std::isfinite(y[i]));
    largest = std::max(largest, std::abs(x[i] - y[i]));
  }
  return largest;
}

bool all_finite(const Tensor& x) {
  return std::ranges::all_of(x.to_vector<double>(), [](double v) { return std::isfinite(v); });
}

// log sum_k w_k N(x; mu_k, var_k), in long double and without any care for overflow.
double naive_log_density(const GaussianMixture& mixture, const std::vector<double>& x) {
  long double total = 0;
  for (Index k = 0; k < mixture.modes(); ++k) {
    long double term = mixture.weights()[static_cast<std::size_t>(k)];
    for (std::size_t j = 0; j < x.size(); ++j) {
      const long double v = mixture.variance(k)[j], d = x[j] - mixture.mean(k)[j];
      term *= std::exp(-d * d / (2 * v)) / std::sqrt(2 * 3.14159265358979323846L * v);
    }
    total += term;
  }
  return static_cast<double>(std::log(total));
}

TEST(GaussianMixture, LogDensityEqualsTheNaiveSum) {
  const GaussianMixture mixture = diagonal_mixture();
  const Tensor x = points(20, 3);
  const auto values = mixture.log_density(x).to_vector<double>();
  for (Index i = 0; i < 20; ++i) {
    const double expected = naive_log_density(mixture, select(x, 0, i).to_vector<double>());
    EXPECT_NEAR(values[static_cast<std::size_t>(i)], expected, 1e-13 * (1 + std::abs(expected)));
  }
}

TEST(GaussianMixture, ScoreIsTheGradientOfLogDensity) {
  const GaussianMixture mixture = diagonal_mixture();
  Tensor x = points(20, 3);
  x.set_requires_grad();
  const Tensor gradient = grad(sum(mixture.log_density(x)), x);
  EXPECT_LT(largest_difference(mixture.score(x), gradient), 1e-13);
}

TEST(GaussianMixture, PosteriorMeanSatisfiesTweedie) {
  // m = (x + s^2 grad log p(x))/a, with the gradient by central differences: their error is
  // h^2/6 p''' + eps |log p|/h, about 1e-9 at h = 1e-4, and s^2/a magnifies it.
  const GaussianMixture mixture = diagonal_mixture();
  const Tensor x = points(10, 3);
  const double h = 1e-4;
  for (const auto& [a, s] : {std::pair{0.8, 0.6}, {1.0, 0.1}, {0.2, 0.9}, {2.5, 1.6}}) {
    const GaussianMixture marginal = mixture.marginal(a, s);
    const Tensor m = mixture.posterior_mean(x, a, s);
    for (Index j = 0; j < 3; ++j) {
      std::vector<double> unit(3, 0.0);
      unit[static_cast<std::size_t>(j)] = h;
      const Tensor shift = from(unit, {3});
      const Tensor slope =
          (marginal.log_density(x + shift) - marginal.log_density(x - shift)) / (2 * h);
      const Tensor expected = (select(x, 1, j) + slope * (s * s)) / a;
      EXPECT_LT(largest_difference(select(m, 1, j), expected), 1e-7 * (1 + s * s / a)) << a << s;
    }
  }
}

TEST(GaussianMixture, PosteriorMeanEqualsTheClosedFormOfTwoModes) {
  const TwoModes law = TwoModes::ones(128, 0.7);
  const GaussianMixture mixture = law.mixture();
  const Tensor noise = points(6, 128);
  for (double t : {0.0, 1e-4, 0.03, 0.3, 1.0, 99.33, 1e4}) {
    const Tensor y = noise * std::sqrt(t) + t * 0.3;
    const auto m =
        mixture.posterior_mean(y, StochasticLocalization().observation(t)).to_vector<double>();
    const auto values = y.to_vector<double>();
    for (std::size_t i = 0; i < 6; ++i) {
      double dot = 0;
      for (std::size_t j = 0; j < 128; ++j) dot += values[i * 128 + j];
      for (std::size_t j = 0; j < 128; ++j) {
        const double expected = (values[i * 128 + j] + law.gamma(dot, t) - 0.7) / (1 + t);
        // Logits of up to about 1e2 are rounded to 1e-14, and gamma with them.
        EXPECT_NEAR(m[i * 128 + j], expected, 1e-13) << t;
      }
    }
  }
}

TEST(GaussianMixture, PosteriorIsThePriorAtTheStartAndThePointAtTheEnd) {
  const GaussianMixture mixture = diagonal_mixture();
  const Tensor zero = zeros({1, 3}, DType::f64);
  const Observation nothing = StochasticLocalization().observation(0);
  EXPECT_LT(largest_difference(mixture.posterior_responsibilities(zero, nothing),
                               tensor({{0.2, 0.5, 0.3}}, DType::f64)),
            1e-15);
  std::vector<double> prior_mean(3, 0.0);
  for (Index k = 0; k < 3; ++k) {
    for (std::size_t j = 0; j < 3; ++j)
      prior_mean[j] += mixture.weights()[static_cast<std::size_t>(k)] * mixture.mean(k)[j];
  }
  EXPECT_LT(largest_difference(mixture.posterior_mean(zero, nothing), from(prior_mean, {1, 3})),
            1e-15);
  const Tensor x = points(10, 3);
  EXPECT_LT(largest_difference(mixture.posterior_mean(x, 0.5, 0), x * 2.0), 1e-14);
  EXPECT_THROW((void)mixture.posterior_mean(x, 0, 0), Error);
}

TEST(GaussianMixture, SinglePrecisionFollowsDouble) {
  // Inputs of the path itself. Logits reach ||a||^2 = 128 near the modes, rounded to 128 * 6e-8 *
  // sqrt(n) at worst, where gamma is flat; on the slope they are O(10): 1e-4 covers both.
  const GaussianMixture mixture = TwoModes::ones(128, 0.7).mixture();
  Generator rng(5);
  const Tensor x = mixture.sample(200, rng, DType::f64), z = randn({200, 128}, rng, DType::f64);
  for (double t : {0.0, 0.01, 0.1, 1.0, 99.0, 1e4}) {
    const Tensor y = x * t + z * std::sqrt(t);
    const Observation seen = StochasticLocalization().observation(t);
    const Tensor single = mixture.posterior_mean(convert(y, DType::f32), seen);
    EXPECT_EQ(single.dtype(), DType::f32);
    EXPECT_LT(largest_difference(single, mixture.posterior_mean(y, seen)), 1e-4) << t;
  }
}

TEST(GaussianMixture, IsFiniteForSeparatedModesInEveryPrecision) {
  for (DType dtype : {DType::f32, DType::f64}) {
    for (Index n : {1, 128, 1024}) {
      std::vector<double> a(static_cast<std::size_t>(n), 1e3);
      const GaussianMixture mixture = TwoModes(0.3, a).mixture();
      const Tensor x = concatenate(
          {points(3, n, dtype), points(3, n, dtype) + 700.0, points(3, n, dtype) * 1e6}, 0);
      EXPECT_TRUE(all_finite(mixture.log_density(x)));
      EXPECT_TRUE(all_finite(mixture.score(x)));
      for (double t : {0.0, 1e-12, 1.0, 1e4}) {
        EXPECT_TRUE(all_finite(mixture.posterior_mean(x, StochasticLocalization().observation(t))));
      }
      EXPECT_TRUE(all_finite(mixture.posterior_mean(x, 1, 0)));
      EXPECT_TRUE(all_finite(mixture.posterior_mean(x, 0, 1)));
    }
  }
}

TEST(GaussianMixture, SamplesHaveItsWeightsAndMoments) {
  const GaussianMixture mixture = diagonal_mixture();
  Generator rng(11);
  const Index count = 200000;
  const LabelledSamples drawn = mixture.sample_labelled(count, rng, DType::f64);
  const auto x = drawn.x.to_vector<double>();
  for (Index k = 0; k < 3; ++k) {
    const double share = static_cast<double>(std::ranges::count(drawn.labels, k));
    const double w = mixture.weights()[static_cast<std::size_t>(k)];
    // 5 standard errors in 21 comparisons: a false alarm with probability 1.2e-5.
    EXPECT_NEAR(share / count, w, 5 * std::sqrt(w * (1 - w) / count));
    for (std::size_t j = 0; j < 3; ++j) {
      double mean = 0, square = 0;
      for (std::size_t i = 0; i < drawn.labels.size(); ++i) {
        if (drawn.labels[i] != k) continue;
        const double d = x[3 * i + j] - mixture.mean(k)[j];
        mean += d / share;
        square += d * d / share;
      }
      const double v = mixture.variance(k)[j];
      EXPECT_NEAR(mean, 0, 5 * std::sqrt(v / share));
      EXPECT_NEAR(square, v, 5 * v * std::sqrt(2 / share));
    }
  }
}

TEST(GaussianMixture, MarginalHasTheMomentsOfCorruptedSamples) {
  const GaussianMixture mixture = diagonal_mixture();
  const double a = 0.6, s = 1.3;
  Generator rng(12);
  const Index count = 200000;
  const Tensor x = mixture.sample(count, rng, DType::f64);
  const auto noisy = (x * a + randn(x.shape(), rng, DType::f64) * s).to_vector<double>();
  const GaussianMixture marginal = mixture.marginal(a, s);
  for (std::size_t j = 0; j < 3; ++j) {
    std::vector<double> unit(3, 0.0);
    unit[j] = 1;
    const NormalMixture1d law = marginal.project(unit);
    // The first four moments of coordinate j give the means and standard errors of two.
    double mean = 0, second = 0, fourth = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      const double w = law.weights()[k], m = law.means()[k], v = law.stds()[k] * law.stds()[k];
      mean += w * m;
      second += w * (m * m + v);
      fourth += w * (m * m * m * m + 6 * m * m * v + 3 * v * v);
    }
    double sample_mean = 0, sample_second = 0;
    for (std::size_t i = j; i < noisy.size(); i += 3) {
      sample_mean += noisy[i] / count;
      sample_second += noisy[i] * noisy[i] / count;
    }
    // 5 standard errors in 6 comparisons: 3.4e-6.
    EXPECT_NEAR(sample_mean, mean, 5 * std::sqrt((second - mean * mean) / count));
    EXPECT_NEAR(sample_second, second, 5 * std::sqrt((fourth - second * second) / count));
  }
}

TEST(GaussianMixture, ComponentIsOneMode) {
  const GaussianMixture one = diagonal_mixture().component(1);
  EXPECT_EQ(one.modes(), 1);
  EXPECT_EQ(one.mean(0)[0], -2);
  EXPECT_EQ(one.variance(0)[1], 0.3);
  EXPECT_THROW((void)diagonal_mixture().component(3), Error);
}

TEST(GaussianMixture, RejectsImpossibleParametersAndInputs) {
  EXPECT_THROW(GaussianMixture({0.5, 0.5}, {1, 2, 3}, {1, 1, 1}), Error);
  EXPECT_THROW(GaussianMixture({0.5, 0.5}, {1, 2}, {1, 0}), Error);
  EXPECT_THROW(GaussianMixture({0.5, -0.5}, {1, 2}, {1, 1}), Error);
  EXPECT_THROW((void)diagonal_mixture().log_density(zeros({4, 2})), Error);
  EXPECT_THROW((void)diagonal_mixture().score(zeros({3})), Error);
}

}  // namespace
}  // namespace ito::diffusion
