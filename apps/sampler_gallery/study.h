// The gallery: every source of scores sampled by every sampler, and what came of it.
#pragma once

#include <ostream>
#include <vector>

#include "apps/sampler_gallery/losses.h"
#include "apps/sampler_gallery/samplers.h"
#include "apps/sampler_gallery/settings.h"
#include "apps/sampler_gallery/targets.h"
#include "diffusion/metrics/mode_weights.h"

namespace ito::gallery {

// Of those distances that take all pairs, at most.
inline constexpr Index kPairwiseSamples = 500;

struct CellResult {
  Tensor samples;  // [samples, n]
  double sliced_w2 = 0;
  double energy = 0;  // energy distance to exact samples
  double mmd = 0;     // MMD^2 to them, of a Gaussian kernel of the bandwidth in Results
  double worst_weight = 0;
  Index diverged = 0;
  Index evaluations = 0;
  double seconds = 0;
};

struct SourceResult {
  Source source;
  double score_error = 0;              // relative, root mean square along the path
  std::vector<CellResult> cells = {};  // one a method
};

struct Results {
  Settings settings;
  Target target;
  std::vector<Method> methods = {};
  std::vector<SourceResult> sources = {};
  // Means over fresh exact samples, as many as are drawn, and how they spread from draw to draw.
  double sliced_w2_floor = 0;
  double sliced_w2_deviation = 0;
  double energy_floor = 0;
  double mmd_floor = 0;
  double mmd_bandwidth = 0;  // the median distance of exact samples
  double worst_weight_floor = 0;
  double training_seconds = 0;
  double sampling_seconds = 0;
};

// Progress goes to `log`. Everything returned but times is a function of the settings alone.
Results run_study(const Settings& settings, std::ostream& log);

}  // namespace ito::gallery
