#include "apps/two_stage_convergence/gradients.h"

#include <cmath>

#include "apps/two_stage_convergence/descent.h"
#include "apps/two_stage_convergence/fit.h"
#include "apps/two_stage_convergence/seeds.h"
#include "autograd/ops.h"
#include "diffusion/distributions/two_modes.h"
#include "diffusion/two_stage/population.h"

namespace ito::two_stage {
namespace {

using diffusion::InSpan;
using diffusion::Overlap;
using diffusion::TwoModeStudent;

constexpr Overlap kAt{1, 0.6};  // ||mu|| = ||mu*|| = 1

// || of_mu mu + of_truth mu* || at kAt.
double norm(InSpan v) {
  return std::sqrt(v.of_mu * v.of_mu * kAt.norm_squared + v.of_truth * v.of_truth +
                   2 * v.of_mu * v.of_truth * kAt.product);
}

// How many times `direction` the vector v is, by projection.
double factor(InSpan v, InSpan direction) {
  const auto dot = [](InSpan a, InSpan b) {
    return a.of_mu * b.of_mu * kAt.norm_squared + a.of_truth * b.of_truth +
           (a.of_mu * b.of_truth + a.of_truth * b.of_mu) * kAt.product;
  };
  return dot(v, direction) / dot(direction, direction);
}

constexpr InSpan kBracket{kAt.norm_squared, -kAt.product};
constexpr InSpan kPrintedBracket{kAt.norm_squared, -2 * kAt.product};

template <class Difference>
Remainder measure(Difference&& difference) {
  Remainder r;
  std::vector<double> x, y;
  for (int i = 0; i <= 32; ++i) {
    const double parameter = std::pow(10.0, -4 + i * 3.0 / 32);
    r.parameter.push_back(parameter);
    r.norm.push_back(norm(difference(parameter)));
    if (parameter > 1.001e-2) continue;
    x.push_back(parameter);
    y.push_back(r.norm.back());
  }
  r.order = log_log_slope(x, y);
  return r;
}

InSpan less(InSpan v, double factor, InSpan direction) {
  return {v.of_mu - factor * direction.of_mu, v.of_truth - factor * direction.of_truth};
}

TwoModeStudent ddpm_with_signal(double signal) {
  return TwoModeStudent::ddpm(-0.5 * std::log(signal));
}

InSpan scaled(double c, InSpan v) {
  return {c * v.of_mu, c * v.of_truth};
}

double rms(const Tensor& x) {
  return std::sqrt(mean(square(x)).item());
}

void check_posterior_mean(const Settings& s, GradientStudy& study) {
  const double t = 1;
  const Vector truth = axis_vector(s.d, 1);
  Vector a = truth;
  for (double& value : a) value *= 2;
  Generator rng = generator(s.seed, Use::printed);
  const auto student = TwoModeStudent::localization(t);
  const Tensor x = draw_two_modes(truth, 1000, rng);
  const Tensor y = student.noised(x, randn(x.shape(), rng, DType::f64));
  const Tensor mu = from(truth, {s.d});
  const Tensor exact = diffusion::TwoModes(0.5, a).mixture().posterior_mean(y, t, std::sqrt(t));
  // (delta_1 - 1/2) mu with delta_1 = (1 + tanh(<y, mu>/(1+t)))/2.
  const Tensor u = matmul(y, from(truth, {s.d, 1}));
  const Tensor printed = (y + 0.5 * tanh(u / (1 + t)) * mu) / (1 + t);
  const double label_part = rms(exact - y / (1 + t));
  study.student_error = rms(student(y, mu) - exact) / label_part;
  study.printed_mean_error = rms(printed - exact) / label_part;
}

}  // namespace

GradientStudy study_gradients(const Settings& s) {
  const auto at = [](double t) {
    return diffusion::population_gradient(TwoModeStudent::localization(t), kAt);
  };
  // Without the weight e^-2t of the chain rule through mu_t = e^-t mu.
  const auto ddpm_at = [](double signal) {
    return scaled(1 / signal, diffusion::population_gradient(ddpm_with_signal(signal), kAt));
  };
  GradientStudy study;
  study.localization = measure([&](double t) { return less(at(t), 4 * t, kBracket); });
  study.printed = measure([&](double t) { return less(at(t), 2 * t, kPrintedBracket); });
  study.ddpm = measure([&](double q) { return less(ddpm_at(q), 4 * q, kBracket); });
  const double small = 1e-6;
  study.localization_factor = factor(at(small), scaled(small, kBracket));
  // The bracket made of mu_t and mu_t* is e^-3t times that of mu and mu*, the gradient in mu_t e^t
  // times that in mu.
  study.ddpm_factor = factor(ddpm_at(small), scaled(small, kBracket));
  for (const double truth_norm : {1.0, 2.0, 3.0}) {
    using diffusion::LowNoiseLoss;
    study.minimisers.push_back(
        {.truth_norm = truth_norm,
         .exact = low_noise_minimiser(LowNoiseLoss::exact, truth_norm),
         .noise_free = low_noise_minimiser(LowNoiseLoss::noise_free, truth_norm),
         .printed = low_noise_minimiser(LowNoiseLoss::printed, truth_norm)});
  }
  check_posterior_mean(s, study);
  return study;
}

}  // namespace ito::two_stage
