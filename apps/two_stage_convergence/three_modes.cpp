#include "apps/two_stage_convergence/three_modes.h"

#include <cmath>
#include <limits>
#include <numbers>

#include "apps/two_stage_convergence/seeds.h"
#include "autograd/grad_mode.h"
#include "autograd/ops.h"
#include "autograd/transforms.h"
#include "diffusion/distributions/gaussian_mixture.h"
#include "diffusion/two_stage/mixture_student.h"

namespace ito::two_stage {
namespace {

// [3, d]; an equilateral triangle in the first two coordinates.
std::vector<double> triangle(double norm, Index d) {
  std::vector<double> means(static_cast<std::size_t>(3 * d));
  for (int k = 0; k < 3; ++k) {
    const double angle = 2 * std::numbers::pi * k / 3;
    means[static_cast<std::size_t>(k * d)] = norm * std::cos(angle);
    means[static_cast<std::size_t>(k * d + 1)] = norm * std::sin(angle);
  }
  return means;
}

double distance(const Tensor& a, const Tensor& b) {
  return std::sqrt(sum(square(a - b)).item());
}

// Every row moved by `length` in a random direction.
Tensor displaced(const Tensor& means, double length, Generator& rng) {
  const Tensor step = randn(means.shape(), rng, DType::f64);
  return means + length * step / sqrt(sum(square(step), {1}, true));
}

std::vector<double> descend_in_plane(const Tensor& truth, Tensor means, double t, double rate) {
  constexpr int kSteps = 60;
  const diffusion::PlaneMixture mixture(truth, t);
  std::vector<double> error{distance(means, truth)};
  for (int k = 0; k < kSteps; ++k) {
    means.set_requires_grad();
    const Tensor g = grad(mixture.excess_loss(means), means);
    const NoGrad guard;
    means = means - rate * g;
    error.push_back(distance(means, truth));
  }
  return error;
}

void descend_on_samples(const Settings& s, ThreeModes& r) {
  const std::vector<double> centres = triangle(r.norm, s.d);
  const std::vector<double> unit(3, 1.0);
  const auto law = diffusion::GaussianMixture::isotropic({1, 1, 1}, centres, unit);
  const Tensor truth = from(centres, {3, s.d});
  Generator start = generator(s.seed, Use::three_start);
  Generator rng = generator(s.seed, Use::three_modes);
  Tensor means = displaced(truth, r.displacement, start);
  Tensor average = zeros_like(means);
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  r.average_from = s.three_steps / 2;
  r.iterate = {distance(means, truth)};
  r.average = r.floor = {kNone};
  for (Index k = 1; k <= s.three_steps; ++k) {
    const Tensor x = law.sample(s.three_batch, rng, DType::f64);
    const Tensor z = randn(x.shape(), rng, DType::f64);
    means.set_requires_grad();
    const Tensor g = grad(mean(diffusion::mixture_student_losses(means, x, z, r.t)), means);
    const NoGrad guard;
    means = means - r.batch_rate * g;
    r.iterate.push_back(distance(means, truth));
    const double averaged = static_cast<double>(k - r.average_from);
    if (averaged > 0) average = average + (means - average) / averaged;
    // With the labels known, mean k is the average of (1+t) x - y = x - sqrt(t) z over its third
    // of the samples.
    const double samples = averaged * static_cast<double>(s.three_batch);
    r.average.push_back(averaged > 0 ? distance(average, truth) : kNone);
    r.floor.push_back(averaged > 0 ? 3 * std::sqrt(static_cast<double>(s.d) * (1 + r.t) / samples)
                                   : kNone);
  }
}

}  // namespace

ThreeModes run_three_modes(const Settings& s) {
  ThreeModes r;
  const Tensor truth = from(triangle(r.norm, 2), {3, 2});
  Generator rng = generator(s.seed, Use::three_start);
  r.warm = descend_in_plane(truth, displaced(truth, r.displacement, rng), r.t, r.plane_rate);
  const double x = r.norm;
  const Tensor cold = from(std::vector<double>{x, 0.5, x, -0.5, -0.5 * x, 0}, {3, 2});
  r.cold = descend_in_plane(truth, cold, r.t, r.plane_rate);
  descend_on_samples(s, r);
  return r;
}

}  // namespace ito::two_stage
