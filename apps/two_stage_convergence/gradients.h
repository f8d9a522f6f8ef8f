// Section 8's gradients against the exact ones (errata 18, 19, 20).
#pragma once

#include <vector>

#include "apps/two_stage_convergence/settings.h"
#include "diffusion/two_stage/low_noise.h"
#include "diffusion/two_stage/student.h"

namespace ito::two_stage {

// || gradient - approximation || against a small parameter, and its order there.
struct Remainder {
  std::vector<double> parameter, norm;
  double order = 0;  // log-log slope over parameters up to 1e-2
};

struct Minimisers {
  double truth_norm = 0;
  double exact = 0, noise_free = 0, printed = 0;  // in units of truth_norm
};

struct GradientStudy {
  // At ||mu|| = ||mu*|| = 1 and cosine 0.6.
  Remainder localization;          // against 4t [ ||mu||^2 mu - <mu, mu*> mu* ], in t
  Remainder printed;               // against the paper's 2t [ ||mu||^2 mu - 2 <mu, mu*> mu* ], in t
  Remainder ddpm;                  // e^2t gradient against 4 e^-2t [...], in e^-2t
  double localization_factor = 0;  // measured at t = 1e-6: 4
  double ddpm_factor = 0;          // of the gradient in mu_t at e^-2t = 1e-6: 4, so 2 for L/2

  std::vector<Minimisers> minimisers;  // erratum 20

  // Root mean square of || formula - posterior mean || / || posterior mean - y/(1+t) || for draws
  // of y_t, t = 1: the student at mu = mu*, and appendix C's first line as printed.
  double student_error = 0, printed_mean_error = 0;
};

GradientStudy study_gradients(const Settings& settings);

}  // namespace ito::two_stage
