#include "apps/report/histogram.h"

#include <algorithm>
#include <cmath>

#include "autograd/error.h"

namespace ito::report {

double BinnedSamples::density(std::size_t i) const {
  if (total == 0) return 0;
  return static_cast<double>(counts[i]) / (static_cast<double>(total) * width());
}

BinnedSamples bin_samples(std::span<const double> samples, int bins, Range range) {
  check(bins >= 1, "histogram: ", bins, " bins, at least 1 is needed");
  check(range.low < range.high, "histogram: empty range [", range.low, ", ", range.high, "]");
  const auto count = static_cast<std::size_t>(bins);
  BinnedSamples result{.range = range, .counts = std::vector<std::int64_t>(count)};
  result.total = static_cast<std::int64_t>(samples.size());
  const double scale = bins / (range.high - range.low);
  for (double x : samples) {
    if (!std::isfinite(x)) {
      ++result.not_finite;
    } else if (x < range.low) {
      ++result.below;
    } else if (x > range.high) {
      ++result.above;
    } else {
      const auto i = static_cast<std::size_t>((x - range.low) * scale);
      ++result.counts[std::min(i, count - 1)];
    }
  }
  return result;
}

}  // namespace ito::report
