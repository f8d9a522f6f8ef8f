// Score matching without noise: explicit (the oracle), implicit (Hyvarinen 2005), sliced (Song et
// al. 2020).
#pragma once

#include "diffusion/divergence.h"

namespace ito::diffusion {

// Every loss is summed over coordinates, averaged over the rows of x [B, n] and differentiable in
// the parameters of `score`, [B, n] -> [B, n].

// || score - truth ||^2. `truth` [B, n] is the score of the data at x.
Tensor explicit_score_matching(const Function& score, const Tensor& x, const Tensor& truth);

// || score ||^2 + 2 div score: in expectation explicit_score_matching less E|| truth ||^2.
Tensor implicit_score_matching(const Function& score, const Tensor& x,
                               const DivergenceOptions& options = {});

struct SlicedOptions {
  Index projections = 1;  // M probes v for each row, E[v v'] = I
  Probe probe = Probe::gaussian;
  bool variance_reduced = true;  // || score ||^2 in place of <v, score>^2, its mean (SSM-VR)
};
// <v, score>^2 + 2 v' (d score/dx) v, or the variance-reduced form: implicit_score_matching in
// expectation over v.
Tensor sliced_score_matching(const Function& score, const Tensor& x, Generator& rng,
                             const SlicedOptions& options = {});

}  // namespace ito::diffusion
