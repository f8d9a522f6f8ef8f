#include "diffusion/metrics/mode_weights.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "autograd/grad_mode.h"
#include "autograd/ops.h"

namespace ito::diffusion {

Proportion wilson_interval(Index successes, Index trials, double z) {
  check(0 <= successes && successes <= trials && z >= 0, "wilson_interval: ", successes, " of ",
        trials, " at z = ", z);
  if (trials == 0) return {std::numeric_limits<double>::quiet_NaN(), 0, 1};
  const auto n = static_cast<double>(trials);
  const double p = static_cast<double>(successes) / n, share = z * z / n;
  const double middle = (p + 0.5 * share) / (1 + share);
  const double half = std::sqrt(share * (p * (1 - p) + 0.25 * share)) / (1 + share);
  return {p, successes == 0 ? 0 : middle - half, successes == trials ? 1 : middle + half};
}

double ModeWeights::worst() const {
  double worst = 0;
  for (std::size_t k = 0; k < weight.size(); ++k) {
    const double error = std::abs(weight[k].value - expected[k]);
    if (!(error <= worst)) worst = error;  // NaN too
  }
  return worst;
}

ModeWeights mode_weights(const Tensor& x, const GaussianMixture& law, std::span<const Index> part) {
  check(x.rank() == 2 && x.size(1) == law.dimension(), "mode_weights: samples ", x.shape(),
        " of a law in ", law.dimension(), " dimensions");
  check(part.empty() || static_cast<Index>(part.size()) == law.modes(),
        "mode_weights: ", part.size(), " part numbers for ", law.modes(), " modes");
  const auto part_of = [&](Index mode) {
    return part.empty() ? mode : part[static_cast<std::size_t>(mode)];
  };
  Index parts = 0;
  for (Index k = 0; k < law.modes(); ++k) {
    check(part_of(k) >= 0, "mode_weights: part number ", part_of(k));
    parts = std::max(parts, part_of(k) + 1);
  }
  ModeWeights out;
  out.count.assign(static_cast<std::size_t>(parts), 0);
  out.expected.assign(static_cast<std::size_t>(parts), 0.0);
  for (Index k = 0; k < law.modes(); ++k)
    out.expected[static_cast<std::size_t>(part_of(k))] +=
        law.weights()[static_cast<std::size_t>(k)];

  const NoGrad guard;
  const Tensor at = convert(x.detach(), DType::f64), weights = law.responsibilities(at);
  const auto best = argmax(weights, -1).to_vector<Index>();
  // Not finite either where a sample is so far out that its densities are not.
  const auto finite_if_known = (sum(abs(at), {-1}) + sum(weights, {-1})).to_vector<double>();
  for (std::size_t i = 0; i < best.size(); ++i) {
    const bool finite = std::isfinite(finite_if_known[i]);
    out.label.push_back(finite ? part_of(best[i]) : -1);
    if (finite) {
      ++out.count[static_cast<std::size_t>(out.label.back())];
    } else {
      ++out.not_finite;
    }
  }
  for (const Index count : out.count) out.weight.push_back(wilson_interval(count, x.size(0)));
  return out;
}

}  // namespace ito::diffusion
