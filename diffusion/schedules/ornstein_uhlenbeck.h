// dX = -X dt + sigma dW.
#pragma once

#include "diffusion/schedule.h"

namespace ito::diffusion {

// a = e^-t, s^2 = sigma^2/2 (1 - e^-2t) on [0, t_max]; the stationary law is N(0, sigma^2/2 I),
// which is also the prior.
class OrnsteinUhlenbeck final : public Schedule {
 public:
  explicit OrnsteinUhlenbeck(double sigma = 1.4142135623730951, double t_max = 5);

  double sigma() const { return sigma_; }
  double a(double t) const override;
  double s(double t) const override;
  double a_derivative(double t) const override;
  double s_derivative(double t) const override;  // infinite at t = 0
  double t_min() const override { return 0; }
  double t_max() const override { return t_max_; }
  double log_snr(double t) const override;
  double t_from_log_snr(double lambda) const override;
  double prior_std() const override;
  double f(double) const override { return -1; }
  double g2(double) const override { return sigma_ * sigma_; }

 private:
  double sigma_;
  double t_max_;
};

}  // namespace ito::diffusion
