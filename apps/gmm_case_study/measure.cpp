#include "apps/gmm_case_study/measure.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <numeric>
#include <optional>
#include <utility>

#include "apps/gmm_case_study/seeds.h"
#include "apps/report/study.h"
#include "autograd/grad_mode.h"
#include "autograd/ops.h"
#include "autograd/parallel.h"
#include "diffusion/metrics/projection.h"

namespace ito::gmm {
namespace {

using diffusion::LocalizationScheme;
using diffusion::TwoModes;

constexpr double kHalfPi = std::numbers::pi / 2;

void draw_samples(const Settings& s, const TrainedRun& trained, MethodResult& r) {
  const report::Stopwatch watch;
  auto drawn = diffusion::sample(
      *trained.denoiser, *make_sampler(r.scheme), r.grid,
      {.chains = s.samples,
       .dimension = s.n,
       .seed = derived_seed(r.seed, Use::sampling, report::label_number(r.method.name))});
  r.samples = drawn.samples;
  r.diverged = std::move(drawn.diverged);
  r.sampling_seconds = watch.seconds();
}

// What follows from the samples, the grid and the law.
void compare_samples(const Settings& s, const TwoModes& law, MethodResult& r) {
  r.u = diffusion::project(r.samples, law.a());
  r.diverged_count = std::accumulate(r.diverged.begin(), r.diverged.end(), Index{0});
  const diffusion::NormalMixture1d exact = law.projection(1 / r.t_max());
  r.w1 = diffusion::wasserstein1(r.u, exact);
  r.w1_target = diffusion::wasserstein1(r.u, law.projection());
  r.w1_floor = diffusion::wasserstein1_floor(exact, s.samples);
  r.ks = diffusion::kolmogorov_smirnov(r.u, exact);
  r.modes = diffusion::mode_statistics(r.u, exact);
  r.orthogonal_variance = diffusion::orthogonal_variance(r.samples, law.a(), r.diverged);
  r.orthogonal_variance_expected = diffusion::orthogonal_variance_of_scheme(r.grid, r.scheme);
  r.kl_discretisation = diffusion::kl_discretisation(law, r.grid, r.scheme);
  r.kl_terminal = diffusion::kl_terminal(s.n, r.t_max());
}

// A routed sample hides which network it follows. The KL is that of (label, path) jointly, which
// bounds the KL of the path from above.
void measure_mixture_kl(const TwoModes& law, const TrainedRun& trained,
                        diffusion::NetworkKlOptions options, MethodResult& r) {
  const diffusion::GaussianMixture mixture = law.mixture();
  double variance = 0;
  for (Index mode = 0; mode < 2; ++mode) {
    const double weight = mode == 0 ? law.p() : 1 - law.p();
    const auto part = static_cast<std::size_t>(trained.first_is_right ? mode : 1 - mode);
    options.seed += 1;
    const diffusion::NetworkKl kl =
        diffusion::kl_network(mixture.component(mode), *trained.parts[part], options);
    r.kl_net += weight * kl.kl;
    variance += std::pow(weight * kl.standard_error, 2);
    r.error_t = kl.t;
    r.error.resize(kl.error.size());
    for (std::size_t i = 0; i < kl.error.size(); ++i) r.error[i] += weight * kl.error[i];
  }
  const double right = trained.first_is_right ? trained.share : 1 - trained.share;
  r.kl_net += diffusion::kl_bernoulli(law.p(), right);
  r.kl_net_se = std::sqrt(variance);
}

void measure_kl(const Settings& s, const TwoModes& law, const TrainedRun& trained,
                MethodResult& r) {
  if (r.method.structure == Structure::exact) return;
  diffusion::NetworkKlOptions options{
      .t_max = r.t_max(),
      .nodes = 96,
      .samples = 1000,
      .seed = derived_seed(r.seed, Use::network_kl, report::label_number(r.method.name))};
  if (r.method.structure == Structure::mixture) {
    measure_mixture_kl(law, trained, options, r);
    return;
  }
  if (r.method.structure == Structure::phase) options.breaks = {t_sharp(s, r.method)};
  diffusion::NetworkKl kl = diffusion::kl_network(law.mixture(), *trained.denoiser, options);
  r.kl_net = kl.kl;
  r.kl_net_se = kl.standard_error;
  r.error_t = std::move(kl.t);
  r.error = std::move(kl.error);
}

std::vector<double> projected(const Tensor& x, const TwoModes& law) {
  return diffusion::project(x, law.a());
}

// The paper's figures 3, 5 and 8. A routed denoiser is no function of y alone, so it has none.
void compare_posterior_means(const TwoModes& law, const TrainedRun& trained, MethodResult& r) {
  if (r.method.structure == Structure::exact || r.method.structure == Structure::mixture) return;
  constexpr Index kPoints = 1000;
  const NoGrad guard;
  const diffusion::OracleDenoiser oracle(law.mixture());
  Generator rng(derived_seed(r.seed, Use::posterior_mean));
  for (const double t : {0.03, 0.1, 0.3, 1.0, 5.0, 20.0}) {
    const Tensor x = law.mixture().sample(kPoints, rng);
    const Tensor y = t * x + std::sqrt(t) * randn(x.shape(), rng);
    const Tensor truth = oracle.posterior_mean(y, t, {0, kPoints});
    const Tensor learned = trained.denoiser->posterior_mean(y, t, {0, kPoints});
    PosteriorMeanAt at{
        .t = t,
        .position = projected(y, law),
        .truth = projected(truth, law),
        .learned = projected(learned, law),
        .error = std::sqrt(sum(square(learned - truth)).item() / sum(square(truth)).item())};
    for (double& position : at.position) position /= t;
    r.posterior_means.push_back(std::move(at));
  }
}

}  // namespace

std::unique_ptr<diffusion::Sampler> make_sampler(LocalizationScheme scheme) {
  if (scheme == LocalizationScheme::semi_linear) return std::make_unique<diffusion::SemiLinear>();
  return std::make_unique<diffusion::EulerMaruyama>();
}

LocalizationScheme scheme_of(const Settings& s, const Method& method) {
  const bool semi_linear =
      s.sampler == "auto" ? method.recipe.semi_linear : s.sampler == "semi-linear";
  return semi_linear ? LocalizationScheme::semi_linear : LocalizationScheme::euler_maruyama;
}

// Phase-aware sampling walks a full grid on each side of the switch, as the author's program does.
diffusion::Grid grid_of(const Settings& s, const Method& method) {
  const double alpha_max = kHalfPi - sampling_margin(s, method);
  if (method.recipe.early_points_share > 0 && alpha_max > kEarlyEnd) {
    const auto early =
        std::clamp<Index>(static_cast<Index>(std::llround(method.recipe.early_points_share *
                                                          static_cast<double>(s.steps))),
                          2, s.steps - 1);
    return diffusion::join(diffusion::uniform_angle(early, 0, kEarlyEnd),
                           diffusion::uniform_angle(s.steps - early + 1, kEarlyEnd, alpha_max));
  }
  if (method.structure != Structure::phase || !s.phase_two_grids) {
    return diffusion::uniform_angle(s.steps, alpha_max);
  }
  const double alpha_sharp = diffusion::alpha_from_t(t_sharp(s, method));
  return diffusion::join(diffusion::uniform_angle(s.steps, 0, alpha_sharp),
                         diffusion::uniform_angle(s.steps, alpha_sharp, alpha_max));
}

MethodResult measure(const Settings& s, const TwoModes& law, TrainedRun& trained,
                     const RunStore& store, bool& loaded, double& measuring_seconds) {
  MethodResult r;
  r.method = trained.key.method;
  r.config = trained.key.config;
  r.seed = trained.key.seed;
  r.networks = std::move(trained.networks);
  r.scheme = scheme_of(s, r.method);
  r.grid = grid_of(s, r.method);
  const std::string training = training_identity(s, trained.key);
  const std::string measuring = measuring_identity(s, trained.key);
  std::optional<Measured> kept = store.load_measured(training, measuring);
  loaded = kept.has_value();
  if (loaded) {
    static_cast<Measured&>(r) = std::move(*kept);
  } else {
    store.open(training);  // before the work whose results go there
    draw_samples(s, trained, r);
    const report::Stopwatch watch;
    measure_kl(s, law, trained, r);
    compare_posterior_means(law, trained, r);
    measuring_seconds += watch.seconds();
    store.save_measured(training, measuring, r);
  }
  compare_samples(s, law, r);
  return r;
}

std::vector<SchemeCheck> check_schemes(const Settings& s, const TwoModes& law, double& t_max) {
  const diffusion::OracleDenoiser oracle(law.mixture());
  std::vector<SchemeCheck> checks;
  for (const auto scheme : {LocalizationScheme::euler_maruyama, LocalizationScheme::semi_linear}) {
    for (const Index points : {20, 50, 200}) {
      const diffusion::Grid grid = diffusion::uniform_angle(points, kHalfPi - 0.1);
      const auto drawn =
          diffusion::sample(oracle, *make_sampler(scheme), grid,
                            {.chains = s.samples,
                             .dimension = s.n,
                             .seed = derived_seed(s.parts[0].seeds[0], Use::scheme_check)});
      t_max = grid.back();
      checks.push_back(
          {.scheme = scheme,
           .points = points,
           .kl_discretisation = diffusion::kl_discretisation(law, grid, scheme),
           .orthogonal_variance_expected = diffusion::orthogonal_variance_of_scheme(grid, scheme),
           .orthogonal_variance =
               diffusion::orthogonal_variance(drawn.samples, law.a(), drawn.diverged),
           .w1 = diffusion::wasserstein1(diffusion::project(drawn.samples, law.a()),
                                         law.projection(1 / grid.back()))});
    }
  }
  return checks;
}

}  // namespace ito::gmm
