// Variance-preserving paths (a^2 + s^2 = 1), dX = -beta/2 X dt + sqrt(beta) dW, and sub-VP.
#pragma once

#include "diffusion/schedule.h"

namespace ito::diffusion {

// a = exp(-B/2), s^2 = 1 - exp(-B), for B(t) the integral of the rate beta from the data end t = 0.
// The prior is N(0, I).
class VariancePreserving : public Schedule {
 public:
  virtual double rate(double t) const = 0;             // beta
  virtual double integrated_rate(double t) const = 0;  // B
  virtual double t_from_integrated_rate(double b) const = 0;

  double a(double t) const final;
  double s(double t) const final;
  double a_derivative(double t) const final;
  double s_derivative(double t) const final;  // infinite at t = 0
  double t_min() const final { return 0; }
  double log_snr(double t) const final;
  double t_from_log_snr(double lambda) const final;
  double prior_std() const final { return 1; }
  double f(double t) const final { return -0.5 * rate(t); }
  double g2(double t) const final { return rate(t); }
};

// beta_min + t (beta_max - beta_min) on [0, 1].
struct LinearRate {
  double beta_min = 0.1;
  double beta_max = 20;

  double rate(double t) const { return beta_min + t * (beta_max - beta_min); }
  double integral(double t) const { return t * (beta_min + 0.5 * t * (beta_max - beta_min)); }
  double t_from_integral(double b) const;
};

class VpLinear final : public VariancePreserving {
 public:
  explicit VpLinear(LinearRate rate = {});
  double t_max() const override { return 1; }
  double rate(double t) const override { return rate_.rate(t); }
  double integrated_rate(double t) const override { return rate_.integral(t); }
  double t_from_integrated_rate(double b) const override { return rate_.t_from_integral(b); }

 private:
  LinearRate rate_;
};

// a = cos(theta)/cos(theta_0), theta = pi/2 (t + offset)/(1 + offset) (Nichol and Dhariwal 2021).
// a vanishes at t = 1, where beta is infinite: t_max stops before.
class VpCosine final : public VariancePreserving {
 public:
  explicit VpCosine(double offset = 0.008, double t_max = 0.995);
  double t_max() const override { return t_max_; }
  double rate(double t) const override;
  double integrated_rate(double t) const override;
  double t_from_integrated_rate(double b) const override;

 private:
  double speed() const;  // d theta / dt
  double theta_0() const { return speed() * offset_; }
  double variance(double t) const;  // 1 - a^2

  double offset_;
  double t_max_;
};

// a as VpLinear, s = 1 - a^2 (Song et al. 2021). The prior is N(0, I).
class SubVp final : public Schedule {
 public:
  explicit SubVp(LinearRate rate = {});
  double a(double t) const override;
  double s(double t) const override;
  double a_derivative(double t) const override;
  double s_derivative(double t) const override;
  double t_min() const override { return 0; }
  double t_max() const override { return 1; }
  double log_snr(double t) const override;
  double t_from_log_snr(double lambda) const override;
  double prior_std() const override { return 1; }
  double f(double t) const override { return -0.5 * rate_.rate(t); }
  double g2(double t) const override;  // beta (1 - e^{-2B})

 private:
  LinearRate rate_;
};

}  // namespace ito::diffusion
