// The discrete chain of DDPM (Ho et al. 2020), embedded in continuous time.
#pragma once

#include <vector>

#include "diffusion/schedules/variance_preserving.h"

namespace ito::diffusion {

// a = sqrt(alphabar_i), s^2 = 1 - alphabar_i at t = i = 0, ..., N, with alphabar_0 = 1 and
// alphabar_i = alphabar_{i-1} (1 - beta_i). Between the integers the rate is constant, so the
// variance-preserving diffusion passes through the chain exactly.
class Ddpm final : public VariancePreserving {
 public:
  explicit Ddpm(const std::vector<double>& betas);  // beta_1, ..., beta_N in (0, 1)
  // From 1e-4 to 0.02 at N = 1000, both times 1000/N for other N, and at most 0.999.
  static Ddpm linear(Index steps = 1000);
  // beta_i = 1 - alphabar_i/alphabar_{i-1}, at most 0.999 (Nichol and Dhariwal 2021).
  static Ddpm cosine(Index steps = 1000, double offset = 0.008);

  Index steps() const { return static_cast<Index>(integral_.size()) - 1; }
  double beta(Index i) const;       // 1 <= i <= N
  double alpha_bar(Index i) const;  // 0 <= i <= N

  double t_max() const override { return static_cast<double>(steps()); }
  double rate(double t) const override;  // of the step that ends at ceil(t)
  double integrated_rate(double t) const override;
  double t_from_integrated_rate(double b) const override;

 private:
  std::vector<double> integral_;  // -log alphabar_i
};

}  // namespace ito::diffusion
