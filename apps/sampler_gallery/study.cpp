#include "apps/sampler_gallery/study.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "apps/report/progress.h"
#include "apps/report/study.h"
#include "autograd/grad_mode.h"
#include "autograd/ops.h"
#include "autograd/parallel.h"
#include "diffusion/metrics/pairwise.h"
#include "diffusion/metrics/sliced.h"

namespace ito::gallery {
namespace {

constexpr Index kReferenceFactor = 5;  // exact samples to compare with, for each sample drawn

// `exact`: more samples of the target than any cell has.
void measure(const Target& target, const Tensor& exact, double bandwidth, CellResult& cell) {
  cell.sliced_w2 = diffusion::sliced_wasserstein(cell.samples, exact, {.projections = 64}).w2;
  const Tensor x = slice(cell.samples, 0, 0, kPairwiseSamples);
  const Tensor y = slice(exact, 0, 0, kPairwiseSamples);
  cell.energy = diffusion::energy_distance(x, y);
  cell.mmd = diffusion::mmd_squared(x, y, {.bandwidth = bandwidth});
  cell.worst_weight = diffusion::mode_weights(cell.samples, target.law, target.part).worst();
}

// The same for exact samples: what a perfect sampler would show.
void measure_floor(const Settings& s, const Target& target, const Tensor& exact, Results& r) {
  constexpr int kRepeats = 16;
  double squares = 0;
  for (int i = 0; i < kRepeats; ++i) {
    Generator rng(s.seed, 100 + static_cast<std::uint64_t>(i));
    CellResult cell{.samples = target.law.sample(s.samples, rng)};
    measure(target, exact, r.mmd_bandwidth, cell);
    r.sliced_w2_floor += cell.sliced_w2 / kRepeats;
    squares += cell.sliced_w2 * cell.sliced_w2;
    r.energy_floor += cell.energy / kRepeats;
    r.mmd_floor += cell.mmd / kRepeats;
    r.worst_weight_floor += cell.worst_weight / kRepeats;
  }
  const double about_zero = kRepeats * r.sliced_w2_floor * r.sliced_w2_floor;
  r.sliced_w2_deviation = std::sqrt(std::max(0.0, squares - about_zero) / (kRepeats - 1));
}

// sqrt(E||s S - s S_hat||^2 / E||s S||^2) over times of uniform log-SNR: the error of the noise.
double score_error(const Settings& s, const Target& target, const diffusion::Denoiser& learned) {
  constexpr Index kRows = 500;
  const NoGrad guard;
  const diffusion::SchedulePtr path = gallery_path();
  const diffusion::OracleDenoiser exact(target.law, path);
  Generator rng(s.seed, 20);
  double error = 0, size = 0;
  for (const double t : diffusion::uniform_log_snr(16, *path, path->noise_end(), s.t_end)) {
    const Tensor x = target.law.sample(kRows, rng) * path->a(t);
    const Tensor x_t = x + randn(x.shape(), rng) * path->s(t);
    const auto noise = [&](const diffusion::Denoiser& d) {
      return d.predict(diffusion::Prediction::noise, x_t, t, {0, kRows});
    };
    const Tensor truth = noise(exact);
    error += sum(square(noise(learned) - truth)).item();
    size += sum(square(truth)).item();
  }
  return std::sqrt(error / size);
}

CellResult draw(const Settings& s, const Target& target, const Source& source,
                const Method& method) {
  const report::Stopwatch watch;
  diffusion::SampleResult drawn = diffusion::sample(*source.denoiser, *method.sampler, method.grid,
                                                    {.chains = s.samples,
                                                     .dimension = target.law.dimension(),
                                                     .seed = Generator(s.seed, 3).next_u64(),
                                                     .block = 256});
  return {.samples = std::move(drawn.samples),
          .diverged = drawn.diverged_count,
          .evaluations = drawn.evaluations,
          .seconds = watch.seconds()};
}

}  // namespace

Results run_study(const Settings& s, std::ostream& log) {
  if (s.threads > 0) set_thread_count(s.threads);
  Results r{.settings = s, .target = make_target(s.target)};
  r.methods = make_methods(s, r.target);
  const report::Stopwatch training;
  std::vector<Source> sources = make_sources(s, r.target, log);
  r.training_seconds = training.seconds();

  const report::Stopwatch sampling;
  Generator rng(s.seed, 9);
  const Tensor exact = r.target.law.sample(kReferenceFactor * s.samples, rng);
  const Tensor some = slice(exact, 0, 0, kPairwiseSamples);
  r.mmd_bandwidth = diffusion::median_distance(some, some);
  measure_floor(s, r.target, exact, r);
  report::Progress board(log);
  for (Source& source : sources) {
    auto job = board.add("sampling " + source.name, static_cast<std::int64_t>(r.methods.size()), 1,
                         "samplers");
    SourceResult result{.source = std::move(source)};
    result.score_error = score_error(s, r.target, *result.source.denoiser);
    for (const Method& method : r.methods) {
      result.cells.push_back(draw(s, r.target, result.source, method));
      job.update(static_cast<std::int64_t>(result.cells.size()));
    }
    parallel_for(static_cast<Index>(result.cells.size()), [&](Index i) {
      measure(r.target, exact, r.mmd_bandwidth, result.cells[static_cast<std::size_t>(i)]);
    });
    job.finish();
    r.sources.push_back(std::move(result));
  }
  r.sampling_seconds = sampling.seconds();
  return r;
}

}  // namespace ito::gallery
