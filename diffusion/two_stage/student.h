// The two-mode students of section 8 and their losses on samples. The data are
// 1/2 N(mu*, I) + 1/2 N(-mu*, I); the mean mu is the only parameter.
#pragma once

#include "autograd/tensor.h"

namespace ito::diffusion {

// One student at one noise level.
//
//   localization:  y = t x + sqrt(t) z,             m_mu = [y + tanh(<y, mu>/(1+t)) mu]/(1+t),
//                  L = E|| x - m_mu(y) ||^2
//   ddpm:          y = e^-t x + sqrt(1 - e^-2t) z,  s_mu = tanh(<mu_t, y>) mu_t - y, mu_t = e^-t
//   mu,
//                  L = E|| s_mu(y) + z / sqrt(1 - e^-2t) ||^2
//
// L sums over coordinates, without a factor 1/2. Either is, up to a constant, weight() times
//
//   F = ||mu||^2 E[tanh(u)^2] - 2 <mu, mu*> E[tanh(u)],
//   u ~ N(signal() <mu, mu*>, signal() ||mu||^2)
//
// so the two students differ by one rescaling of the learning rate (localization is OU in
// disguise).
class TwoModeStudent {
 public:
  enum class Process { localization, ddpm };

  // t > 0; more signal as t grows.
  static TwoModeStudent localization(double t);
  // t > 0; less signal as t grows.
  static TwoModeStudent ddpm(double t);

  Process process() const { return process_; }
  double t() const { return t_; }
  double signal() const { return signal_; }  // t/(1+t), or e^-2t; in (0, 1)
  double weight() const { return weight_; }  // 1/(1+t)^2, or e^-2t

  // Differentiable in everything; x, y, z [B, n], mu [n].
  Tensor noised(const Tensor& x, const Tensor& z) const;       // y, [B, n]
  Tensor operator()(const Tensor& y, const Tensor& mu) const;  // m_mu or s_mu, [B, n]
  // [B], whose mean estimates L.
  Tensor losses(const Tensor& mu, const Tensor& x, const Tensor& z) const;

 private:
  TwoModeStudent(Process process, double t, double signal, double weight)
      : process_(process), t_(t), signal_(signal), weight_(weight) {}

  Process process_;
  double t_, signal_, weight_;
};

// The author's second stage: the noise is left out of the input and of the tanh,
// || x - [t x + tanh(<x, mu>) mu]/(1+t) ||^2, [B]. Its minimiser is not mu* (low_noise.h).
Tensor noise_free_losses(const Tensor& mu /*[n]*/, const Tensor& x /*[B, n]*/, double t);

}  // namespace ito::diffusion
