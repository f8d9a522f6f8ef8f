#include "diffusion/two_stage/student.h"

#include <cmath>

#include "autograd/error.h"
#include "autograd/ops.h"

namespace ito::diffusion {
namespace {

void check_shapes(const char* op, const Tensor& mu, const Tensor& x) {
  check(mu.rank() == 1 && x.rank() == 2 && x.size(1) == mu.size(0), op,
        ": wants a mean [n] and rows [B, n], got ", mu.shape(), " and ", x.shape());
}

// <x, v> of every row, [B, 1].
Tensor products(const Tensor& x, const Tensor& v) {
  return matmul(x, unsqueeze(v, 1));
}

Tensor squared_norms(const Tensor& x) {
  return sum(square(x), {1});
}

}  // namespace

TwoModeStudent TwoModeStudent::localization(double t) {
  check(t > 0, "two_mode_student: the localization time must be positive, got ", t);
  return {Process::localization, t, t / (1 + t), 1 / ((1 + t) * (1 + t))};
}

TwoModeStudent TwoModeStudent::ddpm(double t) {
  check(t > 0, "two_mode_student: the diffusion time must be positive, got ", t);
  return {Process::ddpm, t, std::exp(-2 * t), std::exp(-2 * t)};
}

Tensor TwoModeStudent::noised(const Tensor& x, const Tensor& z) const {
  if (process_ == Process::localization) return t_ * x + std::sqrt(t_) * z;
  return std::exp(-t_) * x + std::sqrt(-std::expm1(-2 * t_)) * z;
}

Tensor TwoModeStudent::operator()(const Tensor& y, const Tensor& mu) const {
  check_shapes("two_mode_student", mu, y);
  if (process_ == Process::localization) {
    return (y + tanh(products(y, mu) / (1 + t_)) * mu) / (1 + t_);
  }
  const Tensor mu_t = std::exp(-t_) * mu;
  return tanh(products(y, mu_t)) * mu_t - y;
}

Tensor TwoModeStudent::losses(const Tensor& mu, const Tensor& x, const Tensor& z) const {
  const Tensor output = (*this)(noised(x, z), mu);
  if (process_ == Process::localization) return squared_norms(x - output);
  return squared_norms(output + z / std::sqrt(-std::expm1(-2 * t_)));
}

Tensor noise_free_losses(const Tensor& mu, const Tensor& x, double t) {
  check_shapes("noise_free_losses", mu, x);
  return squared_norms(x - (t * x + tanh(products(x, mu)) * mu) / (1 + t));
}

}  // namespace ito::diffusion
