#include "apps/sampler_gallery/losses.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <utility>

#include "apps/report/progress.h"
#include "apps/report/study.h"
#include "apps/sampler_gallery/network.h"
#include "autograd/ops.h"
#include "autograd/parallel.h"
#include "diffusion/losses/denoising.h"
#include "diffusion/losses/localization.h"
#include "diffusion/losses/path.h"
#include "diffusion/losses/score_matching.h"
#include "diffusion/schedules/variance_exploding.h"
#include "diffusion/schedules/variance_preserving.h"
#include "nn/optim/lr_schedule.h"

namespace ito::gallery {
namespace {

using diffusion::Prediction;
using diffusion::Weighting;

struct Context {
  ScoreNetworkPtr f;
  diffusion::Network network;  // the prediction of the loss, on the gallery's path
  diffusion::SchedulePtr path;
  const diffusion::GaussianMixture& law;
  double t_end;
  double sigma_data;

  double angle(double t) const { return std::atan2(path->s(t), path->a(t)); }
};

struct LossKind {
  const char* name;
  const char* description;
  Prediction prediction;  // noise and velocity: with_skip; x0: preconditioned
  std::function<Tensor(const Context&, const Tensor& x, Generator&)> loss;
};

// A loss of scores that knows a single noise level.
struct Level {
  Function score;
  Tensor clean;  // a x_0
  double a, s;

  Tensor noisy(Generator& rng) const { return clean + randn(clean.shape(), rng) * s; }
};

// s^2 times what `at` makes of a level, averaged over four levels of uniform time for a batch.
template <class At>
Tensor over_times(const Context& c, const Tensor& x, Generator& rng, At at) {
  const Index rows = (x.size(0) + 3) / 4;
  Tensor total = scalar(0);
  for (Index begin = 0; begin < x.size(0); begin += rows) {
    const Tensor part = slice(x, 0, begin, std::min(begin + rows, x.size(0)));
    const double t = c.t_end + (1 - c.t_end) * rng.uniform();
    const double a = c.path->a(t), s = c.path->s(t);
    const Function score = [&](const Tensor& at_x) {
      return c.network(at_x, full({at_x.size(0)}, t)) * (-1 / s);
    };
    const double share = static_cast<double>(part.size(0)) / static_cast<double>(x.size(0));
    total = total + at(Level{score, part * a, a, s}) * (s * s * share);
  }
  return total;
}

Tensor on_path(const Context& c, const Tensor& x, Generator& rng, Prediction prediction,
               Weighting weighting, const diffusion::TimeLaw& law) {
  return diffusion::path_loss(c.network, prediction, *c.path, law, x, rng,
                              {.weighting = weighting, .weights = {.sigma_data = c.sigma_data}});
}

// The noise levels s/a of the path as those of a variance-exploding one, with 64 of them in use.
Tensor ncsn(const Context& c, const Tensor& x, Generator& rng) {
  const double low = std::tan(c.angle(c.t_end)), high = std::tan(c.angle(1));
  const auto path = std::make_shared<diffusion::VarianceExploding>(low, high);
  const diffusion::Network score = diffusion::convert_network(
      preconditioned(c.f, path, c.sigma_data), Prediction::x0, Prediction::score, path);
  return diffusion::ncsn_loss(
      [&](const Tensor& at_x, const Tensor& sigma) {
        return score(at_x, clamp(log(sigma / low) / std::log(high / low), 0, 1));
      },
      x, diffusion::geometric_sigmas(high, low, 64), rng);
}

Tensor localization(const Context& c, const Tensor& x, Generator& rng) {
  const auto path = std::make_shared<diffusion::StochasticLocalization>();
  const diffusion::Network m = preconditioned(c.f, path, c.sigma_data);
  constexpr double kQuarter = 0.5 * std::numbers::pi;
  return diffusion::localization_loss(
      [&](const Tensor& y, const Tensor& alpha) { return m(y, square(tan(alpha))); }, x, rng,
      {.alpha_min = kQuarter - c.angle(1), .alpha_max = kQuarter - c.angle(c.t_end)});
}

diffusion::DivergenceOptions affordable_divergence(Index n, Generator& rng) {
  if (n <= kFewDimensions) return {};
  return {.method = diffusion::DivergenceMethod::hutchinson, .rng = &rng};
}

const std::vector<LossKind>& loss_kinds() {
  static const std::vector<LossKind> kinds = {
      {"noise", "Denoising score matching weighted by s²: the network predicts the noise.",
       Prediction::noise,
       [](const Context& c, const Tensor& x, Generator& rng) {
         return on_path(c, x, rng, Prediction::noise, Weighting::sigma_squared,
                        diffusion::uniform_time(c.t_end, 1));
       }},
      {"ddpm", "The network predicts the noise at the 1,000 times of DDPM's linear chain.",
       Prediction::noise,
       [](const Context& c, const Tensor& x, Generator& rng) {
         static const auto chain =
             std::make_shared<const diffusion::Ddpm>(diffusion::Ddpm::linear());
         return diffusion::ddpm_noise_loss(with_skip(c.f, Prediction::noise, chain), *chain, x,
                                           rng);
       }},
      {"velocity", "The network predicts v = a z − s x₀, unweighted.", Prediction::velocity,
       [](const Context& c, const Tensor& x, Generator& rng) {
         return on_path(c, x, rng, Prediction::velocity, Weighting::velocity,
                        diffusion::uniform_time(c.t_end, 1));
       }},
      {"path-kl", "The KL of the path, with times drawn where its weight g²/s² is.",
       Prediction::noise,
       [](const Context& c, const Tensor& x, Generator& rng) {
         return on_path(c, x, rng, Prediction::noise, Weighting::path_kl,
                        diffusion::uniform_log_snr(c.path, c.t_end, 1));
       }},
      {"min-snr", "The error of x₀ weighted by min(SNR, 5); a preconditioned network.",
       Prediction::x0,
       [](const Context& c, const Tensor& x, Generator& rng) {
         return on_path(c, x, rng, Prediction::x0, Weighting::min_snr,
                        diffusion::uniform_time(c.t_end, 1));
       }},
      {"edm",
       "Karras et al.: a preconditioned network, its output's error unweighted, log s/a normal "
       "around −1.2.",
       Prediction::x0,
       [](const Context& c, const Tensor& x, Generator& rng) {
         return on_path(c, x, rng, Prediction::x0, Weighting::edm,
                        diffusion::log_normal_sigma(c.path, c.t_end, 1));
       }},
      {"ncsn", "Noise of 64 levels added to x₀, scores weighted by σ²; a preconditioned network.",
       Prediction::x0, ncsn},
      {"localization",
       "Localization's loss in y = t x₀ + √t z, uniform in the angle; a preconditioned network.",
       Prediction::x0, localization},
      {"control-variate",
       "Denoising score matching weighted by s², less what has mean zero and varies most at small "
       "noise; four times a batch.",
       Prediction::noise,
       [](const Context& c, const Tensor& x, Generator& rng) {
         return over_times(c, x, rng, [&rng](const Level& level) {
           return diffusion::denoising_score_matching(level.score, level.clean, level.s, rng,
                                                      {.control_variate = true});
         });
       }},
      {"explicit",
       "The error of the score against the exact one, weighted by s²: an oracle's loss.",
       Prediction::noise,
       [](const Context& c, const Tensor& x, Generator& rng) {
         return over_times(c, x, rng, [&](const Level& level) {
           const Tensor x_t = level.noisy(rng);
           return diffusion::explicit_score_matching(level.score, x_t,
                                                     c.law.marginal(level.a, level.s).score(x_t));
         });
       }},
      {"implicit",
       "Hyvärinen's implicit score matching, weighted by s²; the divergence is exact up to 8 "
       "dimensions, Hutchinson's estimate beyond.",
       Prediction::noise,
       [](const Context& c, const Tensor& x, Generator& rng) {
         return over_times(c, x, rng, [&](const Level& level) {
           return diffusion::implicit_score_matching(level.score, level.noisy(rng),
                                                     affordable_divergence(x.size(1), rng));
         });
       }},
      {"sliced", "Sliced score matching with reduced variance, one projection, weighted by s².",
       Prediction::noise,
       [](const Context& c, const Tensor& x, Generator& rng) {
         return over_times(c, x, rng, [&rng](const Level& level) {
           return diffusion::sliced_score_matching(level.score, level.noisy(rng), rng);
         });
       }},
  };
  return kinds;
}

Source train_source(const Settings& s, const LossKind& kind, const Target& target,
                    const Tensor& data, report::Progress::Job& progress) {
  const diffusion::SchedulePtr path = gallery_path();
  Generator rng = Generator(s.seed, 1).split(report::label_number(kind.name));
  const auto module = std::make_shared<ScoreNetwork>(data.size(1), s.hidden, rng);
  const double sigma_data = std::sqrt(mean(square(data)).item());
  const diffusion::Network network = kind.prediction == Prediction::x0
                                         ? preconditioned(module, path, sigma_data)
                                         : with_skip(module, kind.prediction, path);
  const Context context{module, network, path, target.law, s.t_end, sigma_data};
  const Index per_epoch = (data.size(0) + s.batch - 1) / s.batch;
  Source source{.name = kind.name, .description = kind.description, .denoiser = nullptr};
  source.training =
      nn::train(*module, data,
                [&](const Tensor& x, Generator& noise) { return kind.loss(context, x, noise); },
                {.epochs = std::max<Index>(1, (s.steps + per_epoch - 1) / per_epoch),
                 .batch = s.batch,
                 .lr = s.lr,
                 .weight_decay = 0,
                 .train_fraction = 1,
                 .seed = Generator(s.seed, 2).split(report::label_number(kind.name)).next_u64(),
                 .schedule = [](Index total) { return nn::warm_up(100) * nn::cosine(total, 0.01); },
                 .ema_decay = 0.995,
                 .on_progress =
                     [&](const nn::TrainProgress& at) {
                       progress.update(at.step, at.train_loss);
                       return true;
                     }});
  progress.finish();
  source.parameters = module->parameter_count();
  source.denoiser = std::make_shared<diffusion::NetworkDenoiser>(network, path, kind.prediction);
  return source;
}

}  // namespace

std::vector<std::string> loss_names() {
  std::vector<std::string> names;
  for (const LossKind& kind : loss_kinds()) names.emplace_back(kind.name);
  return names;
}

diffusion::SchedulePtr gallery_path() {
  return std::make_shared<diffusion::VpLinear>();
}

std::vector<Source> make_sources(const Settings& s, const Target& target, std::ostream& log) {
  Generator rng(s.seed, 0);
  const Tensor data = target.law.sample(s.train_samples, rng);
  const Index per_epoch = (s.train_samples + s.batch - 1) / s.batch;
  const Index total = std::max<Index>(1, (s.steps + per_epoch - 1) / per_epoch) * per_epoch;
  report::Progress board(log);
  std::vector<const LossKind*> chosen;
  std::vector<report::Progress::Job> jobs;
  for (const LossKind& kind : loss_kinds()) {
    if (!s.losses.empty() && std::ranges::find(s.losses, kind.name) == s.losses.end()) continue;
    chosen.push_back(&kind);
    jobs.push_back(board.add(kind.name, total));
  }
  std::vector<Source> sources(chosen.size() + 1);
  sources[0] = {
      .name = "exact",
      .description = "The score of the target in closed form.",
      .denoiser = std::make_shared<diffusion::OracleDenoiser>(target.law, gallery_path())};
  // The last losses take longest: they come first, so that no thread ends alone.
  parallel_for(static_cast<Index>(chosen.size()), [&](Index i) {
    const std::size_t at = chosen.size() - 1 - static_cast<std::size_t>(i);
    sources[at + 1] = train_source(s, *chosen[at], target, data, jobs[at]);
  });
  return sources;
}

}  // namespace ito::gallery
