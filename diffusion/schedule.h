// Schedules: the Gaussian path x_t = a(t) x_0 + s(t) z, z ~ N(0, I), and its drifts.
#pragma once

#include <limits>
#include <memory>

#include "autograd/tensor.h"

namespace ito::diffusion {

// What an observation x ~ N(a x_0, s^2 I) says about x_0: the weights (s^2, a, a^2) up to one
// positive common factor. Posteriors depend on their ratios alone, so a schedule chooses the factor
// that keeps all three finite and not all zero, even where a and s vanish together.
struct Observation {
  double noise;   // s^2
  double cross;   // a
  double signal;  // a^2
};

// A point of a path. The log-SNR log(a^2/s^2) is carried along because it keeps its precision, and
// stays defined, where a or s vanish.
struct PathPoint {
  double a;
  double s;
  double log_snr;
};

// a(t), s(t) and their derivatives for t in [t_min, t_max]. s is positive inside, and the log-SNR
// is strictly monotone. One end of the interval is noise, the other data: for most schedules noise
// grows with t, for stochastic localization the signal does, and code that steps through
// noise_end() and data_end() need not know which.
//
// The path is the law of dX = f X dt + sqrt|g2| dW run from data to noise, with f = a'/a and
// g2 = (s^2)' - 2 f s^2. g2 is negative where the signal grows with t: there the noising process
// runs backwards in t. With these signs one formula serves both directions.
class Schedule {
 public:
  virtual ~Schedule() = default;

  virtual double a(double t) const = 0;
  virtual double s(double t) const = 0;
  virtual double a_derivative(double t) const = 0;
  virtual double s_derivative(double t) const = 0;
  virtual double t_min() const = 0;
  virtual double t_max() const = 0;

  // lambda = log(a^2/s^2); infinite where s or a vanish.
  virtual double log_snr(double t) const;
  // The t in [t_min, t_max] with this log-SNR, the nearer end if there is none. The general version
  // bisects to the last digit and needs a finite interval.
  virtual double t_from_log_snr(double lambda) const;
  double log_snr_derivative(double t) const;  // 2 (a'/a - s'/s)

  // (s^2, a, a^2) up to a factor, finite on [t_min, t_max).
  virtual Observation observation(double t) const;
  PathPoint point(double t) const { return {a(t), s(t), log_snr(t)}; }

  bool signal_grows() const;  // with t
  double noise_end() const { return signal_grows() ? t_min() : t_max(); }
  double data_end() const { return signal_grows() ? t_max() : t_min(); }
  // The prior N(0, prior_std^2 I) to start from at the noise end.
  virtual double prior_std() const { return s(noise_end()); }
  // The same anywhere: s(t) before the noise end.
  double start_std(double t) const { return t == noise_end() ? prior_std() : s(t); }

  virtual double f(double t) const;   // a'/a
  virtual double g2(double t) const;  // (s^2)' - 2 f s^2 = -s^2 lambda'

  // Of dX = drift dt + sqrt(|g2| |dt|) z: noising, and generating, whose score is that of x_t.
  Tensor forward_drift(const Tensor& x, double t) const;                       // f x
  Tensor reverse_drift(const Tensor& x, const Tensor& score, double t) const;  // f x - g2 score
  // Of the probability flow dx/dt, either way.
  Tensor flow_drift(const Tensor& x, const Tensor& score, double t) const;  // f x - g2 score/2
};
using SchedulePtr = std::shared_ptr<const Schedule>;

// Change of variables between paths: at equal log-SNR, x of one path times `scale` is x of the
// other, in law and along every trajectory. Throws where `to` does not reach the log-SNR.
struct Transfer {
  double t;
  double scale;
};
Transfer transfer(const Schedule& from, double t, const Schedule& to);

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
  double log_snr(double t) const override;  // log t
  double t_from_log_snr(double lambda) const override;
  Observation observation(double t) const override { return {1, 1, t}; }
  double g2(double) const override { return -1; }
};
// Throws Error, headed by `op`, where a denoiser's path is another.
void check_localization(const Schedule& path, const char* op);

// The clocks of localization: t = tan^2(alpha), so cos^2(alpha) = 1/(1 + t); and the time tau of
// the Ornstein-Uhlenbeck process with sigma^2 = 2, e^-tau = sin(alpha).
double alpha_from_t(double t);      // [0, inf] -> [0, pi/2]
double t_from_alpha(double alpha);  // [0, pi/2) -> [0, inf)
double tau_from_t(double t);        // 1/2 log(1 + 1/t); infinite at t = 0
double t_from_tau(double tau);      // 1/(e^{2 tau} - 1); infinite at tau = 0

}  // namespace ito::diffusion
