// The tables of the case study, one source for terminal, report and JSON.
#pragma once

#include <string>

#include "apps/gmm_case_study/results.h"
#include "apps/report/table.h"

namespace ito::gmm {

// A row a method and configuration; over several seeds, the means with their spread.
report::Table method_table(const Results& results);
// What of it fits a terminal.
report::Table brief_table(const Results& results);
// What stands after ± in both.
std::string error_note(const Results& results);
report::Table scheme_table(const Results& results);
// What each method decides by itself instead of the settings.
report::Table recipe_table(const Results& results);
report::Table network_table(const Results& results);

}  // namespace ito::gmm
