#include "apps/sampler_gallery/losses.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include "apps/report/progress.h"
#include "apps/report/study.h"
#include "autograd/ops.h"
#include "autograd/parallel.h"
#include "diffusion/losses/path.h"
#include "diffusion/losses/score_matching.h"
#include "diffusion/schedules/variance_preserving.h"
#include "nn/mlp.h"
#include "nn/optim/lr_schedule.h"
#include "nn/time_embedding.h"

namespace ito::gallery {
namespace {

using diffusion::Prediction;
using diffusion::Schedule;
using diffusion::Weighting;

constexpr Index kFewDimensions = 8;  // the exact divergence costs as many evaluations
constexpr diffusion::LinearRate kRate = {};

// F(x, angle): x beside Fourier features of the angle of the path, tan(angle) = s/a, which unlike t
// itself tells low noise levels apart, and in few dimensions of x too, without which thin shapes
// take far longer to learn; three hidden layers.
class ScoreNetwork : public nn::Module {
 public:
  ScoreNetwork(Index n, Index hidden, Generator& rng)
      : embedding_(8),
        waves_(n <= kFewDimensions ? kWaves : 0),
        mlp_(add("mlp",
                 nn::Mlp({n * (1 + 2 * waves_) + embedding_.features(), hidden, hidden, hidden, n},
                         rng))) {}

  Tensor forward(const Tensor& x, const Tensor& angle) const {
    std::vector<Tensor> features = {x, embedding_.forward(angle)};
    for (Index k = 1; k <= waves_; ++k) {
      const Tensor phase = x * (1.5 * static_cast<double>(k));
      features.push_back(sin(phase));
      features.push_back(cos(phase));
    }
    return mlp_.forward(concatenate(features, 1));
  }

 private:
  static constexpr Index kWaves = 4;  // wavelengths from 4.2 down to 1

  nn::FourierTimeEmbedding embedding_;
  Index waves_;
  nn::Mlp mlp_;
};

// What `prediction` would be for data N(0, I), plus what F adds: hidden layers narrower than the
// data still let the noise through.
diffusion::Network with_skip(std::shared_ptr<const ScoreNetwork> f, Prediction prediction) {
  return [f = std::move(f), prediction](const Tensor& x, const Tensor& t) {
    const Tensor b = t * (kRate.beta_min + 0.5 * (kRate.beta_max - kRate.beta_min) * t);
    const Tensor s = sqrt(-expm1(-b)), a = exp(-0.5 * b);
    const Tensor value = f->forward(x, atan2(s, a));
    if (prediction == Prediction::noise) return value + x * unsqueeze(s, 1);
    if (prediction == Prediction::x0) return value + x * unsqueeze(a, 1);
    return value;  // the velocity's would be zero
  };
}

struct Context {
  const diffusion::Network& network;
  const diffusion::SchedulePtr& path;
  double t_end;
};

struct LossKind {
  const char* name;
  const char* description;
  Prediction prediction;
  std::function<Tensor(const Context&, const Tensor& x, Generator&)> loss;
};

// The loss of a single time, s^2 times what `at` makes of the score at x_t, averaged over four
// times for a batch.
template <class At>
Tensor over_times(const Context& c, const Tensor& x, Generator& rng, At at) {
  const Index rows = (x.size(0) + 3) / 4;
  Tensor total = scalar(0);
  for (Index begin = 0; begin < x.size(0); begin += rows) {
    const Tensor part = slice(x, 0, begin, begin + rows);
    const double t = c.t_end + (1 - c.t_end) * rng.uniform();
    const double a = c.path->a(t), s = c.path->s(t);
    const Tensor x_t = part * a + randn(part.shape(), rng) * s;
    const Function score = [&](const Tensor& at_x) {
      return c.network(at_x, full({at_x.size(0)}, t)) * (-1 / s);
    };
    const double share = static_cast<double>(part.size(0)) / static_cast<double>(x.size(0));
    total = total + at(score, x_t) * (s * s * share);
  }
  return total;
}

Tensor on_path(const Context& c, const Tensor& x, Generator& rng, Prediction prediction,
               Weighting weighting, const diffusion::TimeLaw& law) {
  return diffusion::path_loss(c.network, prediction, *c.path, law, x, rng,
                              {.weighting = weighting});
}

const std::vector<LossKind>& loss_kinds() {
  static const std::vector<LossKind> kinds = {
      {"noise", "Denoising score matching weighted by s²: the network predicts the noise.",
       Prediction::noise,
       [](const Context& c, const Tensor& x, Generator& rng) {
         return on_path(c, x, rng, Prediction::noise, Weighting::sigma_squared,
                        diffusion::uniform_time(c.t_end, 1));
       }},
      {"velocity", "The network predicts v = a z − s x₀, unweighted.", Prediction::velocity,
       [](const Context& c, const Tensor& x, Generator& rng) {
         return on_path(c, x, rng, Prediction::velocity, Weighting::velocity,
                        diffusion::uniform_time(c.t_end, 1));
       }},
      {"min-snr",
       "The network predicts x₀, weighted by min(SNR, 5): little asks it for a score at the lowest "
       "noise.",
       Prediction::x0,
       [](const Context& c, const Tensor& x, Generator& rng) {
         return on_path(c, x, rng, Prediction::x0, Weighting::min_snr,
                        diffusion::uniform_time(c.t_end, 1));
       }},
      {"path-kl", "The KL of the path, with times drawn where its weight g²/s² is.",
       Prediction::noise,
       [](const Context& c, const Tensor& x, Generator& rng) {
         return on_path(c, x, rng, Prediction::noise, Weighting::path_kl,
                        diffusion::uniform_log_snr(c.path, c.t_end, 1));
       }},
      {"implicit",
       "Hyvärinen's implicit score matching, weighted by s²; the divergence is exact up to 8 "
       "dimensions, Hutchinson's estimate beyond.",
       Prediction::noise,
       [](const Context& c, const Tensor& x, Generator& rng) {
         diffusion::DivergenceOptions divergence;
         if (x.size(1) > kFewDimensions)
           divergence = {.method = diffusion::DivergenceMethod::hutchinson, .rng = &rng};
         return over_times(c, x, rng, [&](const Function& score, const Tensor& x_t) {
           return diffusion::implicit_score_matching(score, x_t, divergence);
         });
       }},
      {"sliced", "Sliced score matching with reduced variance, one projection, weighted by s².",
       Prediction::noise,
       [](const Context& c, const Tensor& x, Generator& rng) {
         return over_times(c, x, rng, [&rng](const Function& score, const Tensor& x_t) {
           return diffusion::sliced_score_matching(score, x_t, rng);
         });
       }},
  };
  return kinds;
}

Source train_source(const Settings& s, const LossKind& kind, const Tensor& data,
                    report::Progress::Job& progress) {
  const diffusion::SchedulePtr path = gallery_path();
  Generator rng = Generator(s.seed, 1).split(report::label_number(kind.name));
  const auto module = std::make_shared<ScoreNetwork>(data.size(1), s.hidden, rng);
  const diffusion::Network network = with_skip(module, kind.prediction);
  const Context context{network, path, s.t_end};
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
  return std::make_shared<diffusion::VpLinear>(kRate);
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
  parallel_for(static_cast<Index>(chosen.size()), [&](Index i) {
    const auto at = static_cast<std::size_t>(i);
    sources[at + 1] = train_source(s, *chosen[at], data, jobs[at]);
  });
  return sources;
}

}  // namespace ito::gallery
