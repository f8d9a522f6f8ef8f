#include "diffusion/schedule.h"

#include <cmath>

namespace ito::diffusion {

Observation Schedule::observation(double t) const {
  const double a_t = a(t), s_t = s(t);
  return {s_t * s_t, a_t, a_t * a_t};
}

double StochasticLocalization::s(double t) const {
  return std::sqrt(t);
}
double StochasticLocalization::s_derivative(double t) const {
  return 0.5 / std::sqrt(t);
}

double alpha_from_t(double t) {
  return std::atan(std::sqrt(t));
}
double t_from_alpha(double alpha) {
  const double root = std::tan(alpha);
  return root * root;
}
double tau_from_t(double t) {
  return 0.5 * std::log1p(1 / t);
}
double t_from_tau(double tau) {
  return 1 / std::expm1(2 * tau);
}

}  // namespace ito::diffusion
