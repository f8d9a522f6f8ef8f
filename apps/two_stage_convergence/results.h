// The files and lines that the results become.
#pragma once

#include <ostream>

#include "apps/two_stage_convergence/study.h"

namespace ito::two_stage {

// Writes summary.json, figures/* and report.html to settings.out; prints the tables and where
// things are.
void write_results(const Results& results, std::ostream& out);

}  // namespace ito::two_stage
