#include "diffusion/two_stage/population.h"

#include <array>
#include <cmath>
#include <cstddef>

#include "autograd/error.h"
#include "diffusion/normal_expectation.h"

namespace ito::diffusion {
namespace {

// F = s E[T^2] - 2 rho E[T] for T = tanh(u), u ~ N(tau rho, tau s), and its derivatives. Moving the
// mean of u differentiates the integrand once, moving its variance twice and halves (heat
// equation), with T' = 1 - T^2, (T^2)'' = 2 T' (1 - 3 T^2), T'' = -2 T T'.
struct Reduced {
  double value, by_norm_squared, by_product;
};

Reduced reduced_loss(double signal, Overlap at) {
  const double s = at.norm_squared, rho = at.product;
  // E[T^2], not 1 - E[T'], which cancels where the signal is small.
  const auto [t, square, slope, t_slope, square_slope] =
      normal_expectation(signal * rho, std::sqrt(signal * s), [](double u) {
        const double value = std::tanh(u), derivative = 1 - value * value;
        return std::array{value, value * value, derivative, value * derivative,
                          derivative * (1 - 3 * value * value)};
      });
  return {s * square - 2 * rho * t, square + signal * (s * square_slope + 2 * rho * t_slope),
          -2 * t + 2 * signal * (s * t_slope - rho * slope)};
}

}  // namespace

Overlap overlap(std::span<const double> mu, std::span<const double> truth) {
  check(mu.size() == truth.size(), "overlap: sizes differ: ", mu.size(), " and ", truth.size());
  Overlap at;
  for (std::size_t i = 0; i < mu.size(); ++i) {
    at.norm_squared += mu[i] * mu[i];
    at.product += mu[i] * truth[i];
  }
  return at;
}

std::vector<double> combine(InSpan v, std::span<const double> mu, std::span<const double> truth) {
  check(mu.size() == truth.size(), "combine: sizes differ: ", mu.size(), " and ", truth.size());
  std::vector<double> result(mu.size());
  for (std::size_t i = 0; i < mu.size(); ++i) {
    result[i] = v.of_mu * mu[i] + v.of_truth * truth[i];
  }
  return result;
}

double population_loss(const TwoModeStudent& student, Overlap at) {
  return student.weight() * reduced_loss(student.signal(), at).value;
}

InSpan population_gradient(const TwoModeStudent& student, Overlap at) {
  const Reduced f = reduced_loss(student.signal(), at);
  return {2 * student.weight() * f.by_norm_squared, student.weight() * f.by_product};
}

InSpan high_noise_gradient(const TwoModeStudent& student, Overlap at) {
  const double factor = student.process() == TwoModeStudent::Process::localization
                            ? 4 * student.t()
                            : 4 * student.weight() * student.signal();
  return {factor * at.norm_squared, -factor * at.product};
}

InSpan power_iteration_step(const TwoModeStudent& student, double rate, Overlap at) {
  const InSpan g = high_noise_gradient(student, at);
  return {1 - rate * g.of_mu, -rate * g.of_truth};
}

InSpan em_step(Overlap at) {
  // By Stein's identity E[T X] = mu* E[T] + mu E[T'].
  const auto [t, slope] = normal_expectation(at.product, std::sqrt(at.norm_squared), [](double u) {
    const double value = std::tanh(u);
    return std::array{value, 1 - value * value};
  });
  return {slope, t};
}

Curvature curvature_at_truth(const TwoModeStudent& student, double truth_norm) {
  check(truth_norm > 0, "curvature_at_truth: ||mu*|| is positive, got ", truth_norm);
  // Across mu*, ||mu||^2 and <mu, mu*> are stationary and the curvature is that of the factor of
  // mu. Along it, a central difference of an exact gradient.
  const auto slope_along = [&](double norm) {
    const InSpan g = population_gradient(student, {norm * norm, norm * truth_norm});
    return g.of_mu * norm + g.of_truth * truth_norm;
  };
  const double h = 1e-5 * truth_norm;
  const double square = truth_norm * truth_norm;
  return {(slope_along(truth_norm + h) - slope_along(truth_norm - h)) / (2 * h),
          population_gradient(student, {square, square}).of_mu};
}

double stationary_variance(double rate, double curvature, double variance) {
  check(rate > 0 && curvature > 0 && rate * curvature < 2,
        "stationary_variance: descent needs 0 < rate * curvature < 2, got ", rate * curvature);
  return rate * variance / (curvature * (2 - rate * curvature));
}

}  // namespace ito::diffusion
