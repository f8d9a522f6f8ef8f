#include "diffusion/samplers/predictor_corrector.h"

#include <cmath>
#include <utility>

#include "autograd/ops.h"

namespace ito::diffusion {

PredictorCorrector::PredictorCorrector(SamplerPtr predictor,
                                       const PredictorCorrectorOptions& options)
    : Sampler(options.output), predictor_(std::move(predictor)), options_(options) {
  check(predictor_ != nullptr, "predictor_corrector: needs a predictor");
  check(options.corrections >= 0 && options.snr > 0,
        "predictor_corrector: needs corrections >= 0 and snr > 0, got ", options.corrections,
        " and ", options.snr);
}

Tensor PredictorCorrector::init(Index n, DType dtype, double t, StepContext& context) const {
  return predictor_->init(n, dtype, t, context);
}

Tensor PredictorCorrector::step(const Tensor& x, double t, double s, StepContext& context) const {
  Tensor out = predictor_->step(x, t, s, context);
  if (context.schedule().s(s) == 0) return out;
  for (Index i = 0; i < options_.corrections; ++i) out = correct(out, s, context);
  return out;
}

Tensor PredictorCorrector::correct(const Tensor& x, double t, StepContext& context) const {
  const double noise = context.schedule().s(t), r = options_.snr;
  const Tensor score = context.score(x, t);
  // 1/max(||score||^2/n, 1/s^2), so that nothing is divided by zero.
  const Tensor curvature = maximum(mean(square(score), {-1}, true), 1 / (noise * noise));
  const Tensor e = 2 * r * r / curvature;
  return x + e * score + sqrt(2 * e) * context.normal(x.size(1), x.dtype());
}

}  // namespace ito::diffusion
