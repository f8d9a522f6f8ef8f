#include "diffusion/losses/score_matching.h"

#include "autograd/ops.h"
#include "diffusion/answer.h"

namespace ito::diffusion {

Tensor explicit_score_matching(const Function& score, const Tensor& x, const Tensor& truth) {
  check(x.rank() == 2 && truth.shape() == x.shape(),
        "explicit_score_matching: needs x and truth [B, n], got ", x.shape(), " and ",
        truth.shape());
  return mean(sum(square(checked_answer(score(x), x, "explicit_score_matching") - truth), {1}));
}

Tensor implicit_score_matching(const Function& score, const Tensor& x,
                               const DivergenceOptions& options) {
  const Divergence d = divergence(score, x, options);
  return mean(sum(square(d.value), {1}) + 2.0 * d.divergence);
}

Tensor sliced_score_matching(const Function& score, const Tensor& x, Generator& rng,
                             const SlicedOptions& options) {
  check(x.rank() == 2, "sliced_score_matching: needs x of shape [B, n], got ", x.shape());
  const Tensor v = draw_probes(options.projections, x.shape(), options.probe, rng, x.dtype());
  const Divergence d =
      divergence(score, x, {.method = DivergenceMethod::hutchinson, .directions = v});
  const Tensor norm = options.variance_reduced ? sum(square(d.value), {1})
                                               : mean(square(sum(v * d.value, {2})), {0});
  return mean(norm + 2.0 * d.divergence);
}

}  // namespace ito::diffusion
