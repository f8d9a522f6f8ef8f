// A parametrised family that contains the truth: N(mu, F F'), with its exact score at every point
// of a path. Every loss must have its minimum, and a vanishing expected gradient, at the truth.
#pragma once

#include <cmath>
#include <functional>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/grad_mode.h"
#include "autograd/ops.h"
#include "autograd/transforms.h"
#include "diffusion/prediction.h"

namespace ito::diffusion {

struct GaussianFamily {
  Tensor mu;      // [2]
  Tensor factor;  // [2, 2]

  static GaussianFamily truth() {
    return {tensor({0.5, -1}, DType::f64), tensor({{1, 0}, {0.6, 0.7}}, DType::f64)};
  }
  GaussianFamily moved(double by) const {
    return {mu + by, factor + by * tensor({{1, -0.5}, {0.3, 0.8}}, DType::f64)};
  }

  Tensor covariance() const { return matmul(factor, transpose(factor)); }
  Tensor sample(Index rows, Generator& rng) const {
    const NoGrad guard;
    return mu + matmul(randn({rows, 2}, rng, DType::f64), transpose(factor));
  }

  // -(a^2 Sigma + s^2 I)^-1 (x - a mu), with a and s a row: [B, 1].
  Tensor score(const Tensor& x, const Tensor& a, const Tensor& s) const {
    const Tensor c = unsqueeze(square(a), 2) * unsqueeze(covariance(), 0) +
                     unsqueeze(square(s), 2) * unsqueeze(eye(2, DType::f64), 0);
    return -squeeze(solve(c, unsqueeze(x - a * mu, 2)), 2);
  }
  Tensor score(const Tensor& x, double s = 0) const {
    const Shape column{x.size(0), 1};
    return score(x, ones(column, DType::f64), full(column, s, DType::f64));
  }
  // The score along a schedule.
  Network along(SchedulePtr path) const {
    return [family = *this, path](const Tensor& x, const Tensor& t) {
      std::vector<double> a, s;
      for (double time : t.to_vector<double>()) {
        a.push_back(path->a(time));
        s.push_back(path->s(time));
      }
      return family.score(x, from(a, {x.size(0), 1}), from(s, {x.size(0), 1}));
    };
  }
};

using FamilyLoss =
    std::function<Tensor(const GaussianFamily& family, const Tensor& x, Generator& rng)>;

struct Moments {
  std::vector<double> mean;
  std::vector<double> standard_error;
};
inline Moments moments(const std::vector<std::vector<double>>& rows) {
  const double count = static_cast<double>(rows.size());
  Moments out{std::vector<double>(rows[0].size()), std::vector<double>(rows[0].size())};
  for (std::size_t j = 0; j < out.mean.size(); ++j) {
    for (const auto& row : rows) out.mean[j] += row[j] / count;
    double square = 0;
    for (const auto& row : rows) square += std::pow(row[j] - out.mean[j], 2);
    out.standard_error[j] = std::sqrt(square / (count * (count - 1)));
  }
  return out;
}

// The gradient of the loss in (mu, factor) at the truth, one row a batch.
inline Moments gradient_at_truth(const FamilyLoss& loss, int batches = 60, Index rows = 100) {
  Generator rng(17);
  std::vector<std::vector<double>> gradients;
  for (int k = 0; k < batches; ++k) {
    GaussianFamily family = GaussianFamily::truth();
    const Tensor x = family.sample(rows, rng);
    family.mu.set_requires_grad();
    family.factor.set_requires_grad();
    const std::vector<Tensor> g = grad(loss(family, x, rng), {family.mu, family.factor});
    std::vector<double> flat = g[0].to_vector<double>();
    for (double v : g[1].to_vector<double>()) flat.push_back(v);
    gradients.push_back(flat);
  }
  return moments(gradients);
}

// Zero gradient within 4 standard errors in each parameter, and, on common random numbers, a larger
// loss on either side of the truth, by at least 4 standard errors. With 60 batches, chance moves a
// mean that far with probability P(|t_59| > 4) = 1.8e-4: 0.03 for the 150 of all losses together.
inline void expect_minimum_at_truth(const char* name, const FamilyLoss& loss) {
  const Moments g = gradient_at_truth(loss);
  for (std::size_t j = 0; j < g.mean.size(); ++j) {
    EXPECT_NEAR(g.mean[j], 0, 4 * g.standard_error[j]) << name << ", parameter " << j;
    EXPECT_GT(g.standard_error[j], 0) << name;
  }
  const NoGrad guard;
  for (double by : {-0.25, 0.25}) {
    Generator rng(23);
    std::vector<std::vector<double>> excess;
    for (int k = 0; k < 60; ++k) {
      const GaussianFamily truth = GaussianFamily::truth();
      const Tensor x = truth.sample(100, rng);
      Generator same = rng;
      const double best = loss(truth, x, rng).item();
      excess.push_back({loss(truth.moved(by), x, same).item() - best});
    }
    const Moments e = moments(excess);
    EXPECT_GT(e.mean[0], 4 * e.standard_error[0]) << name << " moved by " << by;
  }
}

}  // namespace ito::diffusion
