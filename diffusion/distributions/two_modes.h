// The two-mode mixture mu = p N((1-p) a, I) + (1-p) N(-p a, I) of the case study, and what is known
// in closed form about its localization y_t = t x + sqrt(t) z.
#pragma once

#include <span>
#include <vector>

#include "autograd/shape.h"
#include "diffusion/distributions/gaussian_mixture.h"
#include "diffusion/distributions/normal_mixture_1d.h"

namespace ito::diffusion {

class TwoModes {
 public:
  // 0 < p < 1, a not zero. The mean of mu is zero.
  TwoModes(double p, std::vector<double> a);
  // a = (1, ..., 1) in n dimensions.
  static TwoModes ones(Index n, double p);

  Index dimension() const { return static_cast<Index>(a_.size()); }
  double p() const { return p_; }
  std::span<const double> a() const { return a_; }
  double norm_squared() const { return norm_squared_; }  // ||a||^2

  GaussianMixture mixture() const;  // mode 0 at (1-p) a with weight p, mode 1 at -p a

  // The law of u = <x, a> / ||a||^2, x ~ mu * N(0, variance I): means 1-p and -p.
  NormalMixture1d projection(double variance = 0) const;

  // P(mode 0 | y_t) as a function of <y, a>; finite at t = 0.
  double gamma(double y_dot_a, double t) const;

  // v(t) = E[gamma (1 - gamma)], the mean variance of the label given y_t; v(0) = p(1-p). Relative
  // error below 1e-12.
  double label_variance(double t) const;
  // The integral of v(t)/(1+t)^2 from t0 to t1.
  double integrated_label_variance(double t0, double t1) const;

  // E||x - m(y_t; t)||^2 = n/(1+t) + ||a||^2 v(t)/(1+t)^2.
  double mmse(double t) const;

 private:
  double p_;
  std::vector<double> a_;
  double norm_squared_;
};

// GaussianMixture of TwoModes: p N((1-p) a, I) + (1-p) N(-p a, I).
GaussianMixture two_modes(double p, std::vector<double> a);

}  // namespace ito::diffusion
