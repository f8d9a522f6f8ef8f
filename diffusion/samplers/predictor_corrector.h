// Predictor-corrector sampling (Song et al. 2021, algorithm 1).
#pragma once

#include "diffusion/samplers/sampler.h"

namespace ito::diffusion {

struct PredictorCorrectorOptions {
  Index corrections = 1;
  double snr = 0.16;  // r
  Output output = Output::scaled;
};

// A step of the predictor to s, then Langevin moves x += e score + sqrt(2 e) z at s with
//   e = 2 r^2 min(n/||score||^2, s^2)
// for each sample: r is the ratio of the lengths of the two terms for a noise of the length it has
// on average, and s^2 is n/||score||^2 for a score of the length of the noise's. The original takes
// the ratio of the batch's mean lengths, which would tie samples to each other; the bound keeps the
// step finite where the score vanishes. At s = 0, where there is no score, nothing is corrected.
//
// The price is a bias: a step e(x) that depends on the state draws samples to where e is small;
// many small moves at one level have the stationary density p_s/e, up to its constant, in place of
// p_s. e varies by a relative O(n^-1/2), so the bias shows in few dimensions, and it does not
// vanish with finer grids at fixed r: it grows with r^2 times the number of corrections a unit of
// log s.
class PredictorCorrector final : public Sampler {
 public:
  // Starts as the predictor does.
  explicit PredictorCorrector(SamplerPtr predictor, const PredictorCorrectorOptions& options = {});
  Tensor init(Index n, DType dtype, double t, StepContext& context) const override;
  Tensor step(const Tensor& x, double t, double s, StepContext& context) const override;

 private:
  Tensor correct(const Tensor& x, double t, StepContext& context) const;

  SamplerPtr predictor_;
  PredictorCorrectorOptions options_;
};

}  // namespace ito::diffusion
