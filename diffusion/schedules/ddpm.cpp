#include "diffusion/schedules/ddpm.h"

#include <algorithm>
#include <cmath>

#include "autograd/error.h"
#include "diffusion/schedules/variance_preserving.h"

namespace ito::diffusion {
namespace {

constexpr double kLargestBeta = 0.999;

std::size_t at(Index i) {
  return static_cast<std::size_t>(i);
}

}  // namespace

Ddpm::Ddpm(const std::vector<double>& betas) : integral_{0} {
  check(!betas.empty(), "ddpm: needs at least one step");
  integral_.reserve(betas.size() + 1);
  for (double beta : betas) {
    check(beta > 0 && beta < 1, "ddpm: each beta lies in (0, 1), got ", beta);
    integral_.push_back(integral_.back() - std::log1p(-beta));
  }
}

Ddpm Ddpm::linear(Index steps) {
  check(steps >= 1, "ddpm: needs at least one step, got ", steps);
  const double scale = 1000 / static_cast<double>(steps);
  std::vector<double> betas;
  for (Index i = 0; i < steps; ++i) {
    const double share = steps == 1 ? 0.5 : static_cast<double>(i) / static_cast<double>(steps - 1);
    betas.push_back(std::min(kLargestBeta, scale * (1e-4 + share * (0.02 - 1e-4))));
  }
  return Ddpm(betas);
}

Ddpm Ddpm::cosine(Index steps, double offset) {
  check(steps >= 1, "ddpm: needs at least one step, got ", steps);
  const VpCosine path(offset);
  std::vector<double> betas;
  double previous = 0;
  for (Index i = 1; i <= steps; ++i) {
    const double t = static_cast<double>(i) / static_cast<double>(steps);
    const double integral = path.integrated_rate(t);  // infinite at t = 1, where beta is capped
    betas.push_back(std::min(kLargestBeta, -std::expm1(previous - integral)));
    previous = integral;
  }
  return Ddpm(betas);
}

double Ddpm::beta(Index i) const {
  check(i >= 1 && i <= steps(), "ddpm: step ", i, " of ", steps());
  return -std::expm1(integral_[at(i) - 1] - integral_[at(i)]);
}
double Ddpm::alpha_bar(Index i) const {
  check(i >= 0 && i <= steps(), "ddpm: step ", i, " of ", steps());
  return std::exp(-integral_[at(i)]);
}

double Ddpm::rate(double t) const {
  const Index i = std::clamp(static_cast<Index>(std::ceil(t)), Index{1}, steps());
  return integral_[at(i)] - integral_[at(i) - 1];
}
double Ddpm::integrated_rate(double t) const {
  const Index i = std::clamp(static_cast<Index>(std::ceil(t)), Index{1}, steps());
  return integral_[at(i)] - (static_cast<double>(i) - t) * rate(t);
}
double Ddpm::t_from_integrated_rate(double b) const {
  const auto above = std::lower_bound(integral_.begin() + 1, integral_.end() - 1, b);
  const auto i = static_cast<double>(above - integral_.begin());
  return i - (*above - b) / (*above - *(above - 1));
}

}  // namespace ito::diffusion
