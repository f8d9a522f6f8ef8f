#include "diffusion/distributions/two_modes_limits.h"

#include <cmath>
#include <limits>

#include "autograd/error.h"

namespace ito::diffusion {
namespace {

double logit(double p) {
  return std::log(p / (1 - p));
}

}  // namespace

double posterior_position(const TwoModes& law, double r, double t) {
  return (t * r + law.gamma(t * r * law.norm_squared(), t) - law.p()) / (1 + t);
}

double early_gamma(const TwoModes& law, double y_dot_a) {
  return 1 / (1 + std::exp(-y_dot_a - logit(law.p())));
}

double late_gamma(const TwoModes& law, double r) {
  return r > 0.5 * (1 - 2 * law.p()) ? 1 : 0;
}

double gamma_slope(double t) {
  return 1 / (4 * (1 + t));
}

double gamma_slope_in_position(const TwoModes& law, double t) {
  return t * law.norm_squared() * gamma_slope(t);
}

double gamma_threshold(const TwoModes& law, double t) {
  return -(0.5 * t * (2 * law.p() - 1) * law.norm_squared() + (1 + t) * logit(law.p()));
}

double sharp_time(const TwoModes& law, double epsilon) {
  check(epsilon > 0, "sharp_time: epsilon must be positive, got ", epsilon);
  const double excess = epsilon * law.norm_squared() - 4;
  return excess > 0 ? 4 / excess : std::numeric_limits<double>::infinity();
}

double label_variance_time(const TwoModes& law, double share) {
  check(share > 0 && share < 1, "label_variance_time: share lies in (0, 1), got ", share);
  const double infinity = std::numeric_limits<double>::infinity();
  const double wanted = share * law.label_variance(0);
  if (law.label_variance(infinity) > wanted) return infinity;
  double low = 0, high = 1;
  while (law.label_variance(high) > wanted) high *= 2;
  while (high - low > 1e-12 * high) {
    const double middle = 0.5 * (low + high);
    if (middle <= low || middle >= high) break;
    (law.label_variance(middle) > wanted ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

double expectation_along(const TwoModes& law, double t, const std::function<double(double)>& f) {
  constexpr int kHalf = 4000;
  const double norm2 = law.norm_squared();
  const double std = std::sqrt(t * (1 + t) * norm2);
  double total = 0, mass = 0;
  for (int i = -kHalf; i <= kHalf; ++i) {
    const double z = 9.0 * i / kHalf;
    const double density = std::exp(-0.5 * z * z);
    mass += density;
    total += density * (law.p() * f(t * (1 - law.p()) * norm2 + std * z) +
                        (1 - law.p()) * f(-t * law.p() * norm2 + std * z));
  }
  return total / mass;
}

}  // namespace ito::diffusion
