#include "diffusion/likelihood.h"

#include <cmath>
#include <limits>

#include "autograd/grad_mode.h"
#include "autograd/ops.h"

namespace ito::diffusion {
namespace {

// log N(x; 0, std^2 I), [B].
Tensor normal_log_density(const Tensor& x, double std) {
  const double constant =
      static_cast<double>(x.size(1)) * std::log(std * std::sqrt(2 * std::numbers::pi));
  return -0.5 * sum(square(x / std), {1}) - constant;
}

}  // namespace

Likelihood log_likelihood(const Network& network, Prediction prediction, const Schedule& schedule,
                          const Tensor& x, double t_data, double t_noise,
                          const LikelihoodOptions& options) {
  check(x.rank() == 2 && x.size(1) >= 1, "log_likelihood: needs x of shape [B, n], got ",
        x.shape());
  check(schedule.log_snr(t_noise) < schedule.log_snr(t_data),
        "log_likelihood: leads from data to noise, got t_data = ", t_data,
        " and t_noise = ", t_noise);
  const NoGrad guard;
  const Index rows = x.size(0), n = x.size(1);
  DivergenceOptions trace = options.divergence;
  const bool random = trace.method == DivergenceMethod::hutchinson;
  if (random && !trace.directions.defined()) {
    check(trace.rng != nullptr, "log_likelihood: random probes need a generator");
    trace.directions = draw_probes(trace.probes, x.shape(), trace.probe, *trace.rng, x.dtype());
  }
  const Index columns = random ? trace.directions.size(0) : 1;

  // The state is [x, one integrated trace for each probe].
  const OdeField field = [&](const Tensor& state, double t) {
    const Tensor at = contiguous(slice(state, 1, 0, n));
    const Function score = [&](const Tensor& y) {
      return convert_prediction(network(y, full({y.size(0)}, t, y.dtype())), y, prediction,
                                Prediction::score, schedule.point(t));
    };
    const Divergence d = divergence(score, at, trace);
    const Tensor traces = random ? transpose(d.samples) : unsqueeze(d.divergence, 1);
    return concatenate({schedule.flow_drift(at, d.value, t),
                        static_cast<double>(n) * schedule.f(t) - 0.5 * schedule.g2(t) * traces},
                       1);
  };
  const Tensor start = concatenate({x.detach(), zeros({rows, columns}, x.dtype())}, 1);
  const AdaptiveResult end = dormand_prince(field, start, t_data, t_noise, options.ode);

  Likelihood result;
  result.evaluations = end.evaluations;
  result.latent = contiguous(slice(end.x, 1, 0, n));
  const Tensor prior = options.prior
                           ? options.prior(result.latent)
                           : normal_log_density(result.latent, schedule.start_std(t_noise));
  check(prior.shape() == Shape{rows}, "log_likelihood: the prior must be [", rows, "], got ",
        prior.shape());
  const Tensor integrals = slice(end.x, 1, n);
  result.log_density = prior + mean(integrals, {1});
  if (!random) {
    result.standard_error = zeros({rows}, x.dtype());
  } else if (columns == 1) {
    result.standard_error = full({rows}, std::numeric_limits<double>::quiet_NaN(), x.dtype());
  } else {
    result.standard_error =
        stddev(integrals, {1}, {.correction = 1}) / std::sqrt(static_cast<double>(columns));
  }
  return result;
}

}  // namespace ito::diffusion
