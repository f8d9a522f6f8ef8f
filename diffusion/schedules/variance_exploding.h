// The variance-exploding path.
#pragma once

#include "diffusion/schedule.h"

namespace ito::diffusion {

// a = 1, s = sigma_min (sigma_max/sigma_min)^t on [0, 1]. Its data end keeps noise sigma_min.
class VarianceExploding final : public Schedule {
 public:
  explicit VarianceExploding(double sigma_min = 0.01, double sigma_max = 50);

  double sigma_min() const { return sigma_min_; }
  double sigma_max() const { return sigma_max_; }
  double a(double) const override { return 1; }
  double s(double t) const override;
  double a_derivative(double) const override { return 0; }
  double s_derivative(double t) const override;
  double t_min() const override { return 0; }
  double t_max() const override { return 1; }
  double log_snr(double t) const override;
  double t_from_log_snr(double lambda) const override;
  double f(double) const override { return 0; }
  double g2(double t) const override;

 private:
  double sigma_min_;
  double sigma_max_;
  double log_ratio_;  // log(sigma_max/sigma_min)
};

}  // namespace ito::diffusion
