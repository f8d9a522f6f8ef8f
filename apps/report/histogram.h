// Histogram counts that account for every sample.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ito::report {

struct Range {
  double low = 0, high = 0;
  friend bool operator==(const Range&, const Range&) = default;
};

// Counts of samples in `counts.size()` equal bins [e_i, e_{i+1}), the last one closed. Always
// total == sum(counts) + below + above + not_finite.
struct BinnedSamples {
  Range range;
  std::vector<std::int64_t> counts;
  std::int64_t below = 0, above = 0, not_finite = 0, total = 0;

  double width() const { return (range.high - range.low) / static_cast<double>(counts.size()); }
  double edge(std::size_t i) const { return range.low + width() * static_cast<double>(i); }
  // Counts / (total * width): what lies outside keeps its share of the mass, so two histograms
  // with different numbers of outliers stay comparable with one density curve.
  double density(std::size_t i) const;
};

// Throws ito::Error unless bins >= 1 and range.low < range.high.
BinnedSamples bin_samples(std::span<const double> samples, int bins, Range range);

}  // namespace ito::report
