// The author's run of section 8, and what it is: ||mu*|| = 226 saturates the tanh, so each stage is
// plain exponential descent to an average over the samples.
#pragma once

#include "apps/two_stage_convergence/descent.h"
#include "apps/two_stage_convergence/settings.h"

namespace ito::two_stage {

struct AuthorStage {
  double t = 0, rate = 0;     // rate of descent on the loss averaged over coordinates
  double decay = 0;           // 2 rate / (d (1+t)^2), the predicted share lost a step
  double measured_decay = 0;  // fitted while the error is far above the floor
  double floor = 0;           // predicted ||mu - mu*|| at the end of descent
  double unsaturated = 0;     // the largest 1 - |tanh| over the samples at the stage's start
};

struct AuthorRun {
  double truth_norm = 0;
  Trajectory path;
  std::vector<double> coordinate;  // mean coordinate of mu along mu*, towards author_coordinate
  AuthorStage first, second;
};

// 100 fixed samples with fixed noise; mu_0 ~ N(0, 100 I); t = 0.1, rate 0.1; then t = 5, rate 1 on
// the noise-free surrogate. The loss is averaged over samples and coordinates.
AuthorRun run_author(const Settings& settings);

}  // namespace ito::two_stage
