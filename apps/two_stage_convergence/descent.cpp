#include "apps/two_stage_convergence/descent.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "autograd/ops.h"
#include "autograd/transforms.h"
#include "diffusion/two_stage/population.h"

namespace ito::two_stage {
namespace {

using diffusion::TwoModeStudent;

void record(const Vector& mu, const Vector& truth, Trajectory& to) {
  const auto at = diffusion::overlap(mu, truth);
  const double truth_square = diffusion::overlap(truth, truth).norm_squared;
  const double sign = at.product < 0 ? -1 : 1;
  double square = 0;
  for (std::size_t i = 0; i < mu.size(); ++i) square += std::pow(mu[i] - sign * truth[i], 2);
  to.cosine.push_back(std::abs(at.product) / std::sqrt(at.norm_squared * truth_square));
  to.error.push_back(std::sqrt(square));
}

void run_stage(const Stage& stage, const Vector& truth, Trajectory& path) {
  for (Index k = 0; k < stage.limit; ++k) {
    if (path.cosine.back() >= stage.cosine || path.error.back() <= stage.error) return;
    path.mu = stage.step(path.mu);
    record(path.mu, truth, path);
  }
}

}  // namespace

Index Trajectory::second_stage_steps(double level) const {
  for (Index k = switched; k <= steps(); ++k) {
    if (error[static_cast<std::size_t>(k)] <= level) return k - switched;
  }
  return -1;
}

Trajectory run_stages(Vector mu, const Vector& truth, const Stage& first, const Stage& second) {
  Trajectory path;
  path.mu = std::move(mu);
  record(path.mu, truth, path);
  run_stage(first, truth, path);
  path.switched = path.steps();
  run_stage(second, truth, path);
  return path;
}

Vector axis_vector(Index d, double norm) {
  Vector v(static_cast<std::size_t>(d));
  v[0] = norm;
  return v;
}

Vector start_at_cosine(Index d, double cosine, Generator& rng) {
  Vector v(static_cast<std::size_t>(d));
  double square = 0;
  for (std::size_t i = 1; i < v.size(); ++i) {
    v[i] = rng.normal();
    square += v[i] * v[i];
  }
  const double scale = std::sqrt((1 - cosine * cosine) / square);
  for (double& value : v) value *= scale;
  v[0] = cosine;
  return v;
}

Step population_step(const TwoModeStudent& student, double rate, const Vector& truth) {
  return [=](const Vector& mu) {
    const auto g = diffusion::population_gradient(student, diffusion::overlap(mu, truth));
    return diffusion::combine({1 - rate * g.of_mu, -rate * g.of_truth}, mu, truth);
  };
}

Step minibatch_step(const TwoModeStudent& student, double rate, const Vector& truth, Index batch,
                    Generator& rng) {
  return [=, &rng](const Vector& mu) {
    Vector next = minibatch_gradient(student, mu, truth, batch, rng);
    for (std::size_t i = 0; i < mu.size(); ++i) next[i] = mu[i] - rate * next[i];
    return next;
  };
}

Tensor draw_two_modes(const Vector& truth, Index count, Generator& rng) {
  Vector signs(static_cast<std::size_t>(count));
  for (double& sign : signs) sign = rng.uniform() < 0.5 ? -1 : 1;
  const Index d = static_cast<Index>(truth.size());
  return from(signs, {count, 1}) * from(truth, {d}) + randn({count, d}, rng, DType::f64);
}

Vector minibatch_gradient(const TwoModeStudent& student, const Vector& mu, const Vector& truth,
                          Index count, Generator& rng) {
  constexpr Index kRows = 4096;  // at once: a graph that stays in the cache
  const Index d = static_cast<Index>(mu.size());
  Tensor parameter = from(mu, {d});
  parameter.set_requires_grad();
  for (Index done = 0; done < count; done += kRows) {
    const Tensor x = draw_two_modes(truth, std::min(kRows, count - done), rng);
    const Tensor z = randn(x.shape(), rng, DType::f64);
    backward(sum(student.losses(parameter, x, z)) / static_cast<double>(count));
  }
  return parameter.grad().to_vector<double>();
}

}  // namespace ito::two_stage
