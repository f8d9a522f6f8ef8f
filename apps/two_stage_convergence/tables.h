#pragma once

#include "apps/report/table.h"
#include "apps/two_stage_convergence/study.h"

namespace ito::two_stage {

const char* name(Kind kind);

// Steps of every two-stage run beside those stated (docs/two_stage.md).
report::Table run_table(const Results& results);
// Measured against predicted: gradients, minimisers, rates, floors.
report::Table check_table(const Results& results);

}  // namespace ito::two_stage
