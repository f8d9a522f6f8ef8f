#include "diffusion/metrics/modes.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "autograd/error.h"

namespace ito::diffusion {
namespace {

// Mean and unbiased variance by Welford's recursion.
struct Moments {
  double count = 0;
  double mean = std::numeric_limits<double>::quiet_NaN();
  double squares = 0;

  void add(double x) {
    count += 1;
    const double before = count == 1 ? 0 : mean;
    mean = before + (x - before) / count;
    squares += (x - before) * (x - mean);
  }
  double std() const {
    return count < 2 ? std::numeric_limits<double>::quiet_NaN() : std::sqrt(squares / (count - 1));
  }
};

}  // namespace

ModeStatistics mode_statistics(std::span<const double> samples, const NormalMixture1d& law,
                               const ModeOptions& options) {
  check(!samples.empty(), "mode_statistics: no samples");
  check(law.means().size() == 2 && law.means()[0] != law.means()[1],
        "mode_statistics: needs a law of two separate modes");
  const double threshold = 0.5 * (law.means()[0] + law.means()[1]);
  Moments high, low;
  double above = 0, sided = 0;
  Index outliers = 0;
  for (double u : samples) {
    if (!std::isnan(u)) {
      sided += 1;
      above += u >= threshold ? 1 : 0;
    }
    const bool inlier = std::abs(u - law.means()[0]) <= options.outlier_stds * law.stds()[0] ||
                        std::abs(u - law.means()[1]) <= options.outlier_stds * law.stds()[1];
    if (!inlier) {
      ++outliers;
    } else {
      (u >= threshold ? high : low).add(u);
    }
  }
  const double weight = above / sided;
  return {weight,     std::sqrt(weight * (1 - weight) / sided),
          high.mean,  low.mean,
          high.std(), low.std(),
          outliers,   threshold};
}

}  // namespace ito::diffusion
