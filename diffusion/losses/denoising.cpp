#include "diffusion/losses/denoising.h"

#include <cmath>

#include "autograd/ops.h"
#include "diffusion/answer.h"

namespace ito::diffusion {

Tensor denoising_score_matching(const Function& score, const Tensor& x, double sigma,
                                Generator& rng, const DenoisingOptions& options) {
  check(x.rank() == 2 && sigma > 0, "denoising_score_matching: needs x [B, n] and sigma > 0, got ",
        x.shape(), " and ", sigma);
  const Tensor z = randn(x.shape(), rng, x.dtype());
  const Tensor noisy = checked_answer(score(x + sigma * z), x, "denoising_score_matching");
  if (!options.control_variate) return mean(sum(square(noisy + z / sigma), {1}));
  // || s(x + sigma z) ||^2 + 2 <s(x + sigma z) - s(x), z>/sigma + n/sigma^2
  const double constant = static_cast<double>(x.size(1)) / (sigma * sigma);
  return mean(sum(square(noisy) + (2 / sigma) * (noisy - score(x)) * z, {1})) + constant;
}

Tensor ncsn_loss(const Network& score, const Tensor& x, const std::vector<double>& sigmas,
                 Generator& rng) {
  check(x.rank() == 2 && !sigmas.empty(), "ncsn_loss: needs x [B, n] and at least one level, got ",
        x.shape(), " and ", sigmas.size());
  for (const double sigma : sigmas) check(sigma > 0, "ncsn_loss: a level is ", sigma);
  const Index rows = x.size(0);
  std::vector<double> drawn;
  for (Index i = 0; i < rows; ++i) {
    const Index level = rng.below(static_cast<Index>(sigmas.size()));
    drawn.push_back(sigmas[static_cast<std::size_t>(level)]);
  }
  const Tensor sigma = from(drawn, {rows}, x.dtype()), column = unsqueeze(sigma, 1);
  const Tensor z = randn(x.shape(), rng, x.dtype());
  const Tensor answer = checked_answer(score(x + column * z, sigma), x, "ncsn_loss");
  return mean(sum(square(column * answer + z), {1}));
}

std::vector<double> geometric_sigmas(double sigma_max, double sigma_min, Index levels) {
  check(sigma_max > sigma_min && sigma_min > 0 && levels >= 2,
        "geometric_sigmas: needs sigma_max > sigma_min > 0 and 2 levels, got ", sigma_max, ", ",
        sigma_min, " and ", levels);
  std::vector<double> out;
  const double step = std::log(sigma_min / sigma_max) / static_cast<double>(levels - 1);
  for (Index i = 0; i < levels; ++i)
    out.push_back(sigma_max * std::exp(step * static_cast<double>(i)));
  return out;
}

}  // namespace ito::diffusion
