#include "diffusion/losses/path.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "autograd/grad_mode.h"
#include "autograd/ops.h"
#include "diffusion/answer.h"

namespace ito::diffusion {
namespace {

// The coefficients of (x_0, z) in the target of a prediction.
struct Target {
  double of_x0;
  double of_z;
};
Target target(Prediction prediction, const PathPoint& p) {
  const double r = std::hypot(p.a, p.s);
  switch (prediction) {
    case Prediction::score:
      return {0, -1 / p.s};
    case Prediction::noise:
      return {0, 1};
    case Prediction::x0:
      return {1, 0};
    case Prediction::velocity:
      break;
  }
  return {-p.s / r, p.a / r};
}

// || error of the score ||^2 = factor || error of the prediction ||^2.
double score_factor(Prediction prediction, const PathPoint& p) {
  switch (prediction) {
    case Prediction::score:
      return 1;
    case Prediction::noise:
      return 1 / (p.s * p.s);
    case Prediction::x0:
      return std::pow(p.a / (p.s * p.s), 2);
    case Prediction::velocity:
      break;
  }
  return std::pow(p.a / (p.s * std::hypot(p.a, p.s)), 2);
}

}  // namespace

double score_weight(Weighting weighting, const Schedule& schedule, double t,
                    const WeightingOptions& options) {
  check(options.gamma > 0 && options.sigma_data > 0,
        "score_weight: needs gamma > 0 and sigma_data > 0, got ", options.gamma, " and ",
        options.sigma_data);
  const PathPoint p = schedule.point(t);
  const double s2 = p.s * p.s, a2 = p.a * p.a;
  const double sigma2 = s2 / a2;
  switch (weighting) {
    case Weighting::sigma_squared:
    case Weighting::snr:
      return s2;
    case Weighting::x0:
      return s2 * sigma2;
    case Weighting::velocity:
      return sigma2 * (s2 + a2);
    case Weighting::g_squared:
      return std::abs(schedule.g2(t));
    case Weighting::min_snr:
      return s2 * std::min(1.0, options.gamma * sigma2);
    case Weighting::edm: {
      const double data2 = options.sigma_data * options.sigma_data;
      return s2 * (sigma2 + data2) / data2;
    }
    case Weighting::path_kl:
      break;
  }
  return 0.5 * std::abs(schedule.g2(t));
}

PathBatch draw_path(const Schedule& schedule, const std::vector<double>& times,
                    Prediction prediction, const Tensor& x, Generator& rng) {
  check(x.rank() == 2 && x.size(0) == static_cast<Index>(times.size()),
        "draw_path: needs x [B, n] and B times, got ", x.shape(), " and ", times.size());
  const NoGrad guard;
  const Index rows = x.size(0), n = x.size(1);
  const Tensor source = contiguous(x.detach());
  PathBatch batch{randn(x.shape(), rng, x.dtype()), from(times, {rows}, x.dtype()),
                  empty(x.shape(), x.dtype())};
  visit_floating(x.dtype(), "draw_path", [&](auto zero) {
    using T = decltype(zero);
    const T* x0 = source.data<T>();
    T* x_t = batch.x_t.mutable_data<T>();  // z until overwritten
    T* wanted = batch.target.mutable_data<T>();
    for (Index r = 0; r < rows; ++r) {
      const PathPoint p = schedule.point(times[static_cast<std::size_t>(r)]);
      const Target c = target(prediction, p);
      const T a = static_cast<T>(p.a), s = static_cast<T>(p.s);
      const T of_x0 = static_cast<T>(c.of_x0), of_z = static_cast<T>(c.of_z);
      for (Index i = r * n; i < (r + 1) * n; ++i) {
        const T z = x_t[i];
        wanted[i] = of_x0 * x0[i] + of_z * z;
        x_t[i] = a * x0[i] + s * z;
      }
    }
  });
  return batch;
}

Tensor path_loss(const Network& network, Prediction prediction, const Schedule& schedule,
                 const TimeLaw& law, const Tensor& x, Generator& rng,
                 const PathLossOptions& options) {
  check(x.rank() == 2, "path_loss: needs x of shape [B, n], got ", x.shape());
  std::vector<double> times, weights;
  for (Index i = 0; i < x.size(0); ++i) {
    const double t = law.draw(rng);
    check(schedule.t_min() <= t && t <= schedule.t_max(), "path_loss: t = ", t,
          " lies outside the path [", schedule.t_min(), ", ", schedule.t_max(), "]");
    double weight = score_weight(options.weighting, schedule, t, options.weights);
    if (options.weighting == Weighting::path_kl) {
      weight /= law.density(t);
    } else if (options.importance) {
      weight /= law.density(t) * (law.high - law.low);
    }
    weight *= score_factor(prediction, schedule.point(t));
    check(std::isfinite(weight), "path_loss: the weight at t = ", t, " is ", weight);
    times.push_back(t);
    weights.push_back(weight);
  }
  const PathBatch batch = draw_path(schedule, times, prediction, x, rng);
  const Tensor error =
      sum(square(checked_answer(network(batch.x_t, batch.t), x, "path_loss") - batch.target), {1});
  return mean(error * from(weights, {x.size(0)}, x.dtype()));
}

Tensor ddpm_noise_loss(const Network& noise, const Ddpm& chain, const Tensor& x, Generator& rng) {
  check(x.rank() == 2, "ddpm_noise_loss: needs x of shape [B, n], got ", x.shape());
  std::vector<double> times;
  for (Index i = 0; i < x.size(0); ++i)
    times.push_back(static_cast<double>(1 + rng.below(chain.steps())));
  const PathBatch batch = draw_path(chain, times, Prediction::noise, x, rng);
  const Tensor answer = checked_answer(noise(batch.x_t, batch.t), x, "ddpm_noise_loss");
  return mean(sum(square(answer - batch.target), {1}));
}

}  // namespace ito::diffusion
