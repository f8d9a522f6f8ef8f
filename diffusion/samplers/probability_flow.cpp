#include "diffusion/samplers/probability_flow.h"

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "autograd/ops.h"
#include "diffusion/ode.h"
#include "diffusion/samplers/ancestral.h"
#include "diffusion/samplers/combine.h"

namespace ito::diffusion {
namespace {

// The field (X - m)/q on one interval of times, whose ends keep their exact times.
class Field {
 public:
  Field(double t, double s, StepContext& context)
      : path_(context.schedule()),
        context_(context),
        t_(t),
        s_(s),
        q_t_(ratio(t)),
        q_s_(ratio(s)) {}

  double q_first() const { return q_t_; }
  double q_last() const { return q_s_; }

  Tensor operator()(const Tensor& x, double q) const {
    const double t = time(q);
    return combine(1 / q, x, -1 / q, context_.posterior_mean(x * path_.a(t), t));
  }

 private:
  double ratio(double t) const { return path_.s(t) / path_.a(t); }
  double time(double q) const {
    if (q == q_t_) return t_;
    if (q == q_s_) return s_;
    return path_.t_from_log_snr(-2 * std::log(q));
  }

  const Schedule& path_;
  StepContext& context_;
  double t_, s_, q_t_, q_s_;
};

class Adaptive {
 public:
  Adaptive(OdeField f, const FlowOptions& options) : f_(std::move(f)), options_(options) {}

  // From q to p. `wanted` marks the rows whose result matters; the others are carried along,
  // because a denoiser answers whole blocks of chains.
  Tensor advance(const Tensor& x, double q, double p, const std::vector<char>& wanted,
                 int halvings) const {
    const Tensor slope = f_(x, q);
    const EmbeddedStep tried = dormand_prince_step(f_, x, slope, q, p);
    std::vector<char> missed = misses(x, slope, tried);
    bool any = false;
    for (std::size_t i = 0; i < missed.size(); ++i) {
      missed[i] = missed[i] && wanted[i];
      any |= missed[i] != 0;
    }
    if (!any) return tried.x;
    if (halvings == ProbabilityFlow::kMaxHalvings) return replace(tried.x, missed, {});
    const double middle = 0.5 * (q + p);
    const Tensor half = advance(x, q, middle, missed, halvings + 1);
    return replace(tried.x, missed, advance(half, middle, p, missed, halvings + 1));
  }

 private:
  std::vector<char> misses(const Tensor& x, const Tensor& first, const EmbeddedStep& tried) const {
    const Tensor scale = options_.absolute + options_.relative * maximum(abs(x), abs(tried.x));
    const auto error = mean(square(tried.error / scale), {-1}).to_vector<double>();
    const auto slope = sum(abs(first), {-1}).to_vector<double>();
    std::vector<char> out(error.size());
    // A NaN misses as well, unless the field is not finite where the step starts: no shorter step
    // would help, and the sample stays not finite.
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = !(error[i] <= 1) && std::isfinite(slope[i]);
    return out;
  }

  // x with the marked rows of `by`, or with NaN if that is undefined.
  static Tensor replace(const Tensor& x, const std::vector<char>& marked, const Tensor& by) {
    const auto mask = from(std::vector<float>(marked.begin(), marked.end()),
                           {static_cast<Index>(marked.size()), 1}, DType::f32);
    const double nan = std::numeric_limits<double>::quiet_NaN();
    return where(mask, by.defined() ? by : full(x.shape(), nan, x.dtype()), x);
  }

  OdeField f_;
  const FlowOptions& options_;
};

}  // namespace

ProbabilityFlow::ProbabilityFlow(const FlowOptions& options)
    : Sampler(options.output), options_(options) {
  check(options.relative >= 0 && options.absolute >= 0 && options.relative + options.absolute > 0,
        "probability_flow: needs a positive tolerance, got ", options.relative, " and ",
        options.absolute);
}

Tensor ProbabilityFlow::step(const Tensor& x, double t, double s, StepContext& context) const {
  const Schedule& path = context.schedule();
  if (t == s || path.a(t) == 0 || path.s(s) == 0) return Ddim().step(x, t, s, context);
  const Field f(t, s, context);
  const Tensor start = x / path.a(t);
  const double q = f.q_first(), p = f.q_last();
  Tensor end;
  switch (options_.method) {
    case FlowMethod::heun:
      end = heun_step(f, start, q, p);
      break;
    case FlowMethod::rk4:
      end = rk4_step(f, start, q, p);
      break;
    case FlowMethod::dormand_prince:
      end = Adaptive(f, options_)
                .advance(start, q, p, std::vector<char>(static_cast<std::size_t>(x.size(0)), 1), 0);
  }
  return end * path.a(s);
}

}  // namespace ito::diffusion
