#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/ops.h"
#include "autograd/transforms.h"
#include "diffusion/distributions/gaussian_mixture.h"
#include "diffusion/distributions/targets.h"
#include "diffusion/distributions/two_modes.h"
#include "diffusion/schedules/variance_preserving.h"

namespace ito::diffusion {
namespace {

constexpr double kFirst[] = {2, 0.6, -0.3, 0.6, 1, 0.2, -0.3, 0.2, 0.5};
constexpr double kSecond[] = {0.7, -0.2, 0.1, -0.2, 1.5, 0.4, 0.1, 0.4, 0.9};

GaussianMixture own_covariances() {
  std::vector<double> c(std::begin(kFirst), std::end(kFirst));
  c.insert(c.end(), std::begin(kSecond), std::end(kSecond));
  return GaussianMixture::full({0.3, 0.7}, {1, 0, -1, -1, 0.5, 0.2}, c);
}
GaussianMixture one_covariance() {
  std::vector<double> c(std::begin(kFirst), std::end(kFirst));
  c.insert(c.end(), std::begin(kFirst), std::end(kFirst));
  return GaussianMixture::full({0.3, 0.7}, {1, 0, -1, -1, 0.5, 0.2}, c);
}

double difference(const Tensor& a, const Tensor& b) {
  EXPECT_EQ(a.shape(), b.shape());
  return max(abs(a.detach() - b.detach())).item();
}

Tensor points(Index rows) {
  Generator rng(3);
  return 2.0 * randn({rows, 3}, rng, DType::f64);
}

// A second way: covariances a^2 Sigma + s^2 I, solved and factored anew, no eigenvectors.
struct Naive {
  Naive(const GaussianMixture& law, double a, double s, const Tensor& x) {
    std::vector<Tensor> logs;
    for (Index k = 0; k < law.modes(); ++k) {
      const Index n = law.dimension();
      const Tensor sigma = from(law.covariance(k), {n, n}), mu = from(law.mean(k), {n});
      const Tensor c = a * a * sigma + s * s * eye(n, DType::f64);
      const Tensor gap = x - a * mu;
      const Tensor pulled = transpose(solve(c, transpose(gap)));  // C^-1 (x - a mu)
      logs.push_back(std::log(law.weights()[static_cast<std::size_t>(k)]) -
                     0.5 * sum(gap * pulled, {1}) - 0.5 * logdet(c) -
                     0.5 * static_cast<double>(n) * std::log(2 * 3.14159265358979323846));
      means.push_back(mu + a * matmul(pulled, sigma));
      covariances.push_back(sigma - a * a * matmul(sigma, solve(c, sigma)));
      pulls.push_back(-pulled);
    }
    const Tensor all = stack(logs, 1);
    log_density = logsumexp(all, {1});
    r = softmax(all);
    for (Index k = 0; k < law.modes(); ++k) {
      const auto i = static_cast<std::size_t>(k);
      const Tensor w = slice(r, 1, k, k + 1);
      score = k == 0 ? w * pulls[i] : score + w * pulls[i];
      mean = k == 0 ? w * means[i] : mean + w * means[i];
    }
  }
  std::vector<Tensor> means, covariances, pulls;
  Tensor log_density, score, mean, r;
};

TEST(FullCovariance, EverythingEqualsTheNaiveFormulas) {
  const Tensor x = points(12);
  for (const GaussianMixture& law : {own_covariances(), one_covariance()}) {
    EXPECT_FALSE(law.axis_aligned());
    for (const auto& [a, s] : {std::pair{1.0, 0.0}, {0.8, 0.6}, {0.3, 2.0}, {5.0, 2.2}}) {
      const Naive naive(law, a, s, x);
      const GaussianMixture marginal = law.marginal(a, s);
      const Observation seen{s * s, a, a * a};
      // Condition numbers below 20: a few hundred roundings.
      EXPECT_LT(difference(marginal.log_density(x), naive.log_density), 1e-12);
      EXPECT_LT(difference(marginal.score(x), naive.score), 1e-12);
      EXPECT_LT(difference(law.posterior_mean(x, seen), naive.mean), 1e-12);
      EXPECT_LT(difference(law.posterior_responsibilities(x, seen), naive.r), 1e-12);
      EXPECT_LT(difference(marginal.responsibilities(x), naive.r), 1e-12);
    }
  }
}

TEST(FullCovariance, ADiagonalOneIsTheDiagonalMixture) {
  const GaussianMixture diagonal({0.5, 0.5}, {1, 2, -1, 0}, {0.5, 2, 1, 3});
  const GaussianMixture full = GaussianMixture::full({0.5, 0.5}, {1, 2, -1, 0},
                                                     std::vector<double>{0.5, 0, 0, 2, 1, 0, 0, 3});
  EXPECT_TRUE(full.axis_aligned());
  const Tensor x = tensor({{0.3, -1}, {2, 1}}, DType::f64);
  EXPECT_EQ(difference(full.score(x), diagonal.score(x)), 0);
}

TEST(FullCovariance, CovarianceIsGivenBack) {
  const auto c = own_covariances().covariance(1);
  for (std::size_t i = 0; i < 9; ++i) EXPECT_NEAR(c[i], kSecond[i], 1e-14);
}

TEST(FullCovariance, ScoreIsTheGradient) {
  Tensor x = points(6);
  x.set_requires_grad();
  const GaussianMixture law = own_covariances();
  EXPECT_LT(difference(law.score(x), grad(sum(law.log_density(x)), x)), 1e-13);
}

TEST(PosteriorCovariance, IsTheDerivativeOfThePosteriorMean) {
  // Cov[x_0|x] = s^2/a dm/dx, column by column, for every kind of covariance.
  Tensor x = points(5);
  x.set_requires_grad();
  const double a = 0.7, s = 0.9;
  const Observation seen{s * s, a, a * a};
  const GaussianMixture diagonal({0.2, 0.8}, {1, 0, -1, -2, 0.5, 0}, {0.5, 1, 2, 1.5, 0.3, 0.7});
  for (const GaussianMixture& law : {own_covariances(), one_covariance(), diagonal}) {
    const Tensor m = law.posterior_mean(x, seen);
    const Tensor matrix = law.posterior_covariance(x, seen);
    for (Index j = 0; j < 3; ++j) {
      const Tensor e = expand(select(eye(3, DType::f64), 0, j), x.shape());
      const Tensor column = (s * s / a) * jvp(m, x, e);
      EXPECT_LT(difference(law.posterior_covariance_times(x, e, seen), column), 1e-13);
      EXPECT_LT(difference(select(matrix, 2, j), column), 1e-13);
    }
  }
}

TEST(Mmse, IsExactForOneModeAndTwoEqualCovariances) {
  const TwoModes case_study = TwoModes::ones(128, 0.7);
  const StochasticLocalization path;
  Generator rng(4);
  for (double t : {0.0, 0.03, 0.3, 1.0, 50.0}) {
    const MmseEstimate got = case_study.mixture().mmse(path, t, 0, rng);
    EXPECT_EQ(got.standard_error, 0);
    EXPECT_NEAR(got.value, case_study.mmse(t), 1e-10 * case_study.mmse(t));
  }
  const GaussianMixture one = own_covariances().component(0);
  // tr Sigma - tr Sigma (Sigma + I/t)^-1 Sigma at t = 1, by solving.
  const Tensor sigma = from(one.covariance(0), {3, 3});
  const double want = trace(sigma - matmul(sigma, solve(sigma + eye(3, DType::f64), sigma))).item();
  EXPECT_NEAR(one.mmse(path, 1, 0, rng).value, want, 1e-13);
}

TEST(Mmse, MonteCarloAgreesWithTheSquaredError) {
  const GaussianMixture law = own_covariances();
  const VpLinear path;
  const double t = 0.4, a = path.a(t), s = path.s(t);
  Generator rng(9);
  const MmseEstimate got = law.mmse(path, t, 20000, rng);
  const Tensor x0 = law.sample(20000, rng, DType::f64);
  const Tensor x = a * x0 + s * randn(x0.shape(), rng, DType::f64);
  const Tensor errors = sum(square(x0 - law.posterior_mean(x, a, s)), {1});
  const double se = std::sqrt(var(errors).item() / 20000);
  EXPECT_NEAR(got.value, mean(errors).item(), 4 * std::hypot(se, got.standard_error));
  EXPECT_LT(got.standard_error, 0.5 * se);
}

TEST(FullCovariance, SamplesHaveItsMoments) {
  const GaussianMixture law = own_covariances();
  Generator rng(12);
  const LabelledSamples drawn = law.sample_labelled(100000, rng, DType::f64);
  std::vector<Index> rows;
  for (std::size_t i = 0; i < drawn.labels.size(); ++i)
    if (drawn.labels[i] == 1) rows.push_back(static_cast<Index>(i));
  const double count = static_cast<double>(rows.size());
  const Tensor index =
      from(std::vector<std::int64_t>(rows.begin(), rows.end()), {static_cast<Index>(rows.size())});
  const Tensor x = index_select(drawn.x, 0, index) - from(law.mean(1), {3});
  const auto second = (matmul(transpose(x), x) / count).to_vector<double>();
  for (std::size_t i = 0; i < 9; ++i) {
    // Var of x_i x_j is c_ii c_jj + c_ij^2; 5 standard errors in 9 comparisons.
    const double variance = kSecond[4 * (i / 3)] * kSecond[4 * (i % 3)] + kSecond[i] * kSecond[i];
    EXPECT_NEAR(second[i], kSecond[i], 5 * std::sqrt(variance / count));
  }
}

TEST(FullCovariance, ProjectsThroughItsEigenvectors) {
  const NormalMixture1d law = own_covariances().project(std::vector<double>{1, -1, 2});
  // d' Sigma d
  const double d[] = {1, -1, 2};
  double v = 0;
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 3; ++j) v += d[i] * d[j] * kSecond[3 * i + j];
  EXPECT_NEAR(law.stds()[1] * law.stds()[1], v, 1e-13);
}

TEST(FullCovariance, IsFiniteForSeparatedModesAtBothEnds) {
  for (Index n : {1, 2, 64, 1024}) {
    const auto size = static_cast<std::size_t>(n);
    std::vector<double> c(2 * size * size, 0.0), means(2 * size, 1e3);
    for (std::size_t i = 0; i < size; ++i) {
      means[size + i] = -1e3;
      for (std::size_t j = 0; j < size; ++j) {
        c[i * size + j] = (i == j) + 0.5;
        c[size * size + i * size + j] = (i == j) * 2 - 0.5 / static_cast<double>(n);
      }
    }
    const GaussianMixture law = GaussianMixture::full({0.5, 0.5}, means, c);
    Generator rng(2);
    for (DType dtype : {DType::f32, DType::f64}) {
      const Tensor x =
          concatenate({randn({2, n}, rng, dtype), 700.0 * randn({2, n}, rng, dtype)}, 0);
      for (const Observation& seen :
           {Observation{1, 1, 0}, {1, 1, 1e-12}, {1, 1, 3.0}, {0, 1, 1}}) {
        for (const Tensor& y :
             {law.posterior_mean(x, seen), law.posterior_covariance_times(x, x, seen)})
          for (double v : y.to_vector<double>()) EXPECT_TRUE(std::isfinite(v));
      }
      for (double v : law.score(x).to_vector<double>()) EXPECT_TRUE(std::isfinite(v));
    }
  }
}

TEST(FullCovariance, RejectsWhatIsNoCovariance) {
  EXPECT_THROW(GaussianMixture::full({1}, {0, 0}, std::vector<double>{1, 2, 2, 1}), Error);
  EXPECT_THROW(GaussianMixture::full({1}, {0, 0}, std::vector<double>{1, 0.5, 0.2, 1}), Error);
  EXPECT_THROW(GaussianMixture::full({1}, {0, 0}, std::vector<double>{1, 0, 0}), Error);
}

TEST(Targets, EightModesLieOnTheirCircle) {
  const GaussianMixture law = eight_modes();
  EXPECT_EQ(law.modes(), 8);
  for (Index k = 0; k < 8; ++k) {
    EXPECT_NEAR(std::hypot(law.mean(k)[0], law.mean(k)[1]), 2, 1e-15);
    EXPECT_NEAR(law.variance(k)[0], 0.04, 1e-16);
    EXPECT_DOUBLE_EQ(law.weights()[static_cast<std::size_t>(k)], 0.125);
  }
}

}  // namespace
}  // namespace ito::diffusion
