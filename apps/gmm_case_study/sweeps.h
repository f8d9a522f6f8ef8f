// Beyond the paper: one setting at a time, from where every method works to where it breaks.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "apps/gmm_case_study/results.h"
#include "apps/report/figure.h"

namespace ito::gmm {

struct Sweep {
  std::string name;   // of the flag's value
  std::string title;  // "Weight p of the right mode"
  std::string x_label;
  bool logarithmic = false;
  std::vector<double> values;
  // The settings at a value.
  std::function<Settings(Settings base, double value)> at;
};

const std::vector<Sweep>& all_sweeps();
std::vector<std::string> sweep_names();

// Runs the sweeps that the settings name; what is in the store is loaded.
std::vector<SweepResult> run_sweeps(const Settings& settings, std::ostream& log);

// Targets with more than two modes, when the settings ask for them: exact, and every method of one
// network. Nothing of it is kept in the store.
std::vector<ManyModesResult> run_many_modes(const Settings& settings, std::ostream& log);

std::vector<report::Figure> sweep_figures(const Results& results);

}  // namespace ito::gmm
