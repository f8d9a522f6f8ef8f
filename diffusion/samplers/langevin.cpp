#include "diffusion/samplers/langevin.h"

#include <cmath>
#include <utility>
#include <vector>

#include "autograd/ops.h"
#include "diffusion/samplers/combine.h"

namespace ito::diffusion {
namespace {

void check_options(const LangevinOptions& options, const char* op) {
  check(options.step > 0 && std::isfinite(options.step), op, ": the step is positive, got ",
        options.step);
  check(options.start_std >= 0, op, ": start_std >= 0, got ", options.start_std);
}

// Where s = 0 the posterior mean is x itself and tells nothing of the score.
void check_noisy(const StepContext& context, double t) {
  check(context.schedule().s(t) > 0, "langevin: there is no noise at t = ", t,
        ", and so no score from the posterior mean");
}

// log N(y; x + eta score(x), 2 eta I) up to its constant, [B].
Tensor log_proposal(const Tensor& y, const Tensor& x, const Tensor& score, double eta) {
  return sum(square(y - combine(1, x, eta, score)), {-1}) * (-0.25 / eta);
}

// Rows of y where log u < log_ratio, u = Phi(z) uniform; rows of x elsewhere, and where the ratio
// is NaN.
Tensor accept(const Tensor& x, const Tensor& y, const std::vector<double>& log_ratio,
              const std::vector<double>& z) {
  const Index n = x.size(1);
  const Tensor from = contiguous(x), to = contiguous(y);
  Tensor out = empty(x.shape(), x.dtype());
  visit_floating(x.dtype(), "mala", [&](auto zero) {
    using T = decltype(zero);
    for (Index i = 0; i < x.size(0); ++i) {
      const auto at = static_cast<std::size_t>(i);
      const double u = 0.5 * std::erfc(-z[at] / std::sqrt(2.0));
      const T* row = (std::log(u) < log_ratio[at] ? to : from).data<T>() + i * n;
      std::copy_n(row, n, out.mutable_data<T>() + i * n);
    }
  });
  return out;
}

}  // namespace

Tensor langevin_move(const Tensor& x, double t, double eta, StepContext& context) {
  check_noisy(context, t);
  return combine(1, x, eta, context.score(x, t), std::sqrt(2 * eta),
                 context.normal(x.size(1), x.dtype()));
}

Ula::Ula(const LangevinOptions& options) : Sampler(options.output), options_(options) {
  check_options(options, "ula");
}

Tensor Ula::init(Index n, DType dtype, double t, StepContext& context) const {
  if (options_.start_std == 0) return Sampler::init(n, dtype, t, context);
  return context.normal(n, dtype) * options_.start_std;
}

Tensor Ula::step(const Tensor& x, double, double s, StepContext& context) const {
  return langevin_move(x, s, options_.step, context);
}

Mala::Mala(GaussianMixture mixture, const LangevinOptions& options)
    : Sampler(options.output), mixture_(std::move(mixture)), options_(options) {
  check_options(options, "mala");
}

Tensor Mala::init(Index n, DType dtype, double t, StepContext& context) const {
  if (options_.start_std == 0) return Sampler::init(n, dtype, t, context);
  return context.normal(n, dtype) * options_.start_std;
}

Tensor Mala::step(const Tensor& x, double, double s, StepContext& context) const {
  check_noisy(context, s);
  const double eta = options_.step;
  const GaussianMixture law = mixture_.marginal(context.schedule().a(s), context.schedule().s(s));
  const Tensor score_x = context.score(x, s);
  const Tensor y =
      combine(1, x, eta, score_x, std::sqrt(2 * eta), context.normal(x.size(1), x.dtype()));
  const Tensor score_y = context.score(y, s);
  const Tensor log_ratio = law.log_density(y) + log_proposal(x, y, score_y, eta) -
                           law.log_density(x) - log_proposal(y, x, score_x, eta);
  // One number a chain is used of these; a draw has the shape of every other.
  const Tensor z = slice(context.normal(x.size(1), x.dtype()), 1, 0, 1);
  return accept(x, y, log_ratio.to_vector<double>(), z.to_vector<double>());
}

AnnealedLangevin::AnnealedLangevin(const AnnealedOptions& options)
    : Sampler(options.output), options_(options) {
  check(options.eps > 0 && options.sigma_last > 0,
        "annealed_langevin: eps and sigma_last are positive, got ", options.eps, " and ",
        options.sigma_last);
}

Tensor AnnealedLangevin::step(const Tensor& x, double, double s, StepContext& context) const {
  const double ratio = context.schedule().s(s) / options_.sigma_last;
  const double e = options_.eps * ratio * ratio;
  return langevin_move(x, s, options_.convention == AnnealedConvention::ncsn ? 0.5 * e : e,
                       context);
}

}  // namespace ito::diffusion
