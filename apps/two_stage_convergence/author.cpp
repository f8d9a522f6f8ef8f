#include "apps/two_stage_convergence/author.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "apps/two_stage_convergence/fit.h"
#include "apps/two_stage_convergence/seeds.h"
#include "autograd/ops.h"
#include "autograd/transforms.h"
#include "diffusion/two_stage/population.h"

namespace ito::two_stage {
namespace {

using diffusion::TwoModeStudent;
using Losses = std::function<Tensor(const Tensor& mu)>;

Step descent_step(const Losses& losses, double rate) {
  return [=](const Vector& mu) {
    const Index d = static_cast<Index>(mu.size());
    Tensor parameter = from(mu, {d});
    parameter.set_requires_grad();
    const Tensor loss = mean(losses(parameter)) / static_cast<double>(d);
    Vector next = grad(loss, parameter).to_vector<double>();
    for (std::size_t i = 0; i < mu.size(); ++i) next[i] = mu[i] - rate * next[i];
    return next;
  };
}

AuthorStage stage_at(double t, double rate, const Settings& s) {
  const double d = static_cast<double>(s.d), count = static_cast<double>(s.author_samples);
  return {.t = t,
          .rate = rate,
          .decay = 2 * rate / (d * (1 + t) * (1 + t)),
          // The average over samples of +-((1+t) x - y): x alone without the noise, whose own
          // variance t adds to it otherwise.
          .floor = std::sqrt(d / count)};
}

double least_saturated(const Tensor& arguments) {
  return 1 - min(abs(tanh(arguments))).item();
}

// The rate at which the error decays while it is at least ten times the floor; NaN if it never is
// for two steps.
double fitted_decay(const Trajectory& path, Index from_step, Index to_step, double floor) {
  std::vector<double> step, log_error;
  for (Index k = from_step; k <= to_step; ++k) {
    const double error = path.error[static_cast<std::size_t>(k)];
    if (error < 10 * floor) break;
    step.push_back(static_cast<double>(k));
    log_error.push_back(std::log(error));
  }
  return step.size() < 2 ? std::nan("") : -std::expm1(slope(step, log_error));
}

}  // namespace

AuthorRun run_author(const Settings& s) {
  Generator rng = generator(s.seed, Use::author);
  const Vector truth(static_cast<std::size_t>(s.d), s.author_coordinate);
  const Tensor x = draw_two_modes(truth, s.author_samples, rng);
  const Tensor z = randn(x.shape(), rng, DType::f64);
  Vector mu(truth.size());
  for (double& value : mu) value = 10 * rng.normal();

  AuthorRun run{.truth_norm = std::sqrt(diffusion::overlap(truth, truth).norm_squared),
                .path = {},
                .coordinate = {},
                .first = stage_at(0.1, 0.1, s),
                .second = stage_at(5, 1, s)};
  run.first.floor *= std::sqrt(1 + run.first.t);
  const auto student = TwoModeStudent::localization(run.first.t);
  const Tensor y = student.noised(x, z);
  run.first.unsaturated = least_saturated(matmul(y, from(mu, {s.d, 1})) / (1 + run.first.t));

  const auto follow = [&run, &truth](const Step& step) -> Step {
    return [&run, &truth, step](const Vector& at) {
      Vector next = step(at);
      const auto o = diffusion::overlap(next, truth);
      run.coordinate.push_back(std::abs(o.product) / (run.truth_norm * run.truth_norm) * truth[0]);
      return next;
    };
  };
  const auto first =
      descent_step([&](const Tensor& m) { return student.losses(m, x, z); }, run.first.rate);
  const double t_2 = run.second.t;
  const auto second =
      descent_step([&x, t_2](const Tensor& m) { return diffusion::noise_free_losses(m, x, t_2); },
                   run.second.rate);
  run.coordinate.push_back(std::abs(diffusion::overlap(mu, truth).product) /
                           (run.truth_norm * run.truth_norm) * truth[0]);
  bool switched = false;
  run.path = run_stages(mu, truth, {follow(first), s.author_steps_1},
                        {follow([&](const Vector& at) {
                           if (!switched) {
                             run.second.unsaturated = least_saturated(
                                 matmul(x, from(at, {static_cast<Index>(at.size()), 1})));
                             switched = true;
                           }
                           return second(at);
                         }),
                         s.author_steps_2});
  run.first.measured_decay = fitted_decay(run.path, 0, run.path.switched, run.first.floor);
  run.second.measured_decay =
      fitted_decay(run.path, run.path.switched, run.path.steps(), run.second.floor);
  return run;
}

}  // namespace ito::two_stage
