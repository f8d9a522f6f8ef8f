// The methods that the case study compares, each as data: what is trained and how it is sampled.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/gmm_case_study/settings.h"
#include "nn/two_layer_denoiser.h"

namespace ito::gmm {

enum class Structure {
  exact,    // the closed-form posterior mean; nothing is trained
  single,   // one network
  mixture,  // one network a half of the data, split along the principal direction
  phase,    // one network below t_sharp and one above
};

struct Method {
  std::string name;
  std::string description;  // one sentence for the report
  Structure structure = Structure::single;
  nn::Activation activation = nn::Activation::tanh;
  nn::Parametrisation parametrisation = nn::Parametrisation::plain;
  // Sampling stops at alpha_max = pi/2 - sampling_margin, as the author's program does.
  double sampling_margin = 0.1;
  std::optional<double> t_sharp = {};  // phase only; empty: the settings'
  bool semi_linear = false;            // the sampler of its own choice
  bool cosine_decay = false;           // of the learning rate, to zero at the end
};

const std::vector<Method>& all_methods();
std::vector<std::string> method_names();
// The methods named, in the order of all_methods().
std::vector<Method> select_methods(const std::vector<std::string>& names);

// What the settings leave to the method.
double sampling_margin(const Settings& settings, const Method& method);
double t_sharp(const Settings& settings, const Method& method);

}  // namespace ito::gmm
