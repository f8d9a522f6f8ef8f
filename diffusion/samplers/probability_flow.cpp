#include "diffusion/samplers/probability_flow.h"

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "autograd/ops.h"
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

Tensor heun(const Field& f, const Tensor& x, double q, double p) {
  const double h = p - q;
  const Tensor k1 = f(x, q);
  const Tensor k2 = f(combine(1, x, h, k1), p);
  return combine(1, x, h / 2, k1 + k2);
}

Tensor rk4(const Field& f, const Tensor& x, double q, double p) {
  const double h = p - q, middle = 0.5 * (q + p);
  const Tensor k1 = f(x, q);
  const Tensor k2 = f(combine(1, x, h / 2, k1), middle);
  const Tensor k3 = f(combine(1, x, h / 2, k2), middle);
  const Tensor k4 = f(combine(1, x, h, k3), p);
  return combine(1, x, h / 6, k1 + 2 * (k2 + k3) + k4);
}

// Dormand and Prince 1980, RK5(4)7M.
constexpr std::array<double, 6> kNodes = {1. / 5, 3. / 10, 4. / 5, 8. / 9, 1, 1};
constexpr std::array<std::array<double, 6>, 6> kStages = {{
    {1. / 5},
    {3. / 40, 9. / 40},
    {44. / 45, -56. / 15, 32. / 9},
    {19372. / 6561, -25360. / 2187, 64448. / 6561, -212. / 729},
    {9017. / 3168, -355. / 33, 46732. / 5247, 49. / 176, -5103. / 18656},
    {35. / 384, 0, 500. / 1113, 125. / 192, -2187. / 6784, 11. / 84},
}};
constexpr std::array<double, 7> kError = {71. / 57600,      0,          -71. / 16695, 71. / 1920,
                                          -17253. / 339200, 22. / 525., -1. / 40};

struct Embedded {
  Tensor x;
  Tensor error;
  Tensor slope;  // at the start
};
Embedded dormand_prince(const Field& f, const Tensor& x, double q, double p) {
  const double h = p - q;
  std::vector<Tensor> k = {f(x, q)};
  Tensor stage;
  for (std::size_t i = 0; i < kStages.size(); ++i) {
    stage = x;
    for (std::size_t j = 0; j <= i; ++j)
      if (kStages[i][j] != 0) stage = combine(1, stage, h * kStages[i][j], k[j]);
    // The last two stages lie at p exactly, whose time is known.
    k.push_back(f(stage, kNodes[i] == 1 ? p : q + kNodes[i] * h));
  }
  Tensor error = zeros(x.shape(), x.dtype());
  for (std::size_t j = 0; j < kError.size(); ++j)
    if (kError[j] != 0) error = combine(1, error, h * kError[j], k[j]);
  return {stage, error, k[0]};
}

class Adaptive {
 public:
  Adaptive(const Field& f, const FlowOptions& options) : f_(f), options_(options) {}

  // From q to p. `wanted` marks the rows whose result matters; the others are carried along,
  // because a denoiser answers whole blocks of chains.
  Tensor advance(const Tensor& x, double q, double p, const std::vector<char>& wanted,
                 int halvings) const {
    const Embedded tried = dormand_prince(f_, x, q, p);
    std::vector<char> missed = misses(x, tried);
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
  std::vector<char> misses(const Tensor& x, const Embedded& tried) const {
    const Tensor scale = options_.absolute + options_.relative * maximum(abs(x), abs(tried.x));
    const auto error = mean(square(tried.error / scale), {-1}).to_vector<double>();
    const auto slope = sum(abs(tried.slope), {-1}).to_vector<double>();
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

  const Field& f_;
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
      end = heun(f, start, q, p);
      break;
    case FlowMethod::rk4:
      end = rk4(f, start, q, p);
      break;
    case FlowMethod::dormand_prince:
      end = Adaptive(f, options_)
                .advance(start, q, p, std::vector<char>(static_cast<std::size_t>(x.size(0)), 1), 0);
  }
  return end * path.a(s);
}

}  // namespace ito::diffusion
