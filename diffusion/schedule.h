// Schedules: the Gaussian path x_t = a(t) x_0 + s(t) z, z ~ N(0, I).
#pragma once

#include <limits>

namespace ito::diffusion {

// What an observation x ~ N(a x_0, s^2 I) says about x_0: the weights (s^2, a, a^2) up to one
// positive common factor. Posteriors depend on their ratios alone, so a schedule chooses the factor
// that keeps all three finite and not all zero, even where a and s vanish together.
struct Observation {
  double noise;   // s^2
  double cross;   // a
  double signal;  // a^2
};

// a(t), s(t) and their derivatives for t in [t_min, t_max]. s is positive inside.
class Schedule {
 public:
  virtual ~Schedule() = default;

  virtual double a(double t) const = 0;
  virtual double s(double t) const = 0;
  virtual double a_derivative(double t) const = 0;
  virtual double s_derivative(double t) const = 0;
  virtual double t_min() const = 0;
  virtual double t_max() const = 0;

  // (s^2, a, a^2) up to a factor, finite on [t_min, t_max).
  virtual Observation observation(double t) const;
};

// Stochastic localization, y_t = t x_0 + sqrt(t) z for t in [0, inf): the signal grows with t.
// dy = m(y; t) dt + dW, where m is the posterior mean of x_0 and W the innovation.
class StochasticLocalization final : public Schedule {
 public:
  double a(double t) const override { return t; }
  double s(double t) const override;
  double a_derivative(double) const override { return 1; }
  double s_derivative(double t) const override;  // infinite at t = 0
  double t_min() const override { return 0; }
  double t_max() const override { return std::numeric_limits<double>::infinity(); }
  Observation observation(double t) const override { return {1, 1, t}; }
};

// The clocks of localization: t = tan^2(alpha), so cos^2(alpha) = 1/(1 + t); and the time tau of
// the Ornstein-Uhlenbeck process with sigma^2 = 2, e^-tau = sin(alpha).
double alpha_from_t(double t);      // [0, inf] -> [0, pi/2]
double t_from_alpha(double alpha);  // [0, pi/2) -> [0, inf)
double tau_from_t(double t);        // 1/2 log(1 + 1/t); infinite at t = 0
double t_from_tau(double tau);      // 1/(e^{2 tau} - 1); infinite at tau = 0

}  // namespace ito::diffusion
