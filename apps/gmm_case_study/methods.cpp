#include "apps/gmm_case_study/methods.h"

#include <algorithm>

namespace ito::gmm {

using nn::Activation;
using nn::Parametrisation;

const std::vector<Method>& all_methods() {
  static const std::vector<Method> methods = {
      {.name = "exact",
       .description = "The closed-form posterior mean: what a perfect network would do.",
       .structure = Structure::exact},
      {.name = "relu",
       .description = "One network of the paper's Algorithm 1 with ReLU.",
       .activation = Activation::relu},
      {.name = "tanh", .description = "The same network with tanh."},
      {.name = "mixture-relu",
       .description = "Two ReLU networks, each trained on one side of the principal direction; a "
                      "sample follows one of them, drawn with the share of the larger side.",
       .structure = Structure::mixture,
       .activation = Activation::relu,
       .sampling_margin = 0.3},
      {.name = "mixture-tanh",
       .description = "The same with tanh.",
       .structure = Structure::mixture,
       .sampling_margin = 0.3},
      {.name = "phase-tanh",
       .description = "Two tanh networks, one for times below t_sharp and one for those above.",
       .structure = Structure::phase,
       .sampling_margin = 0.2},
      {.name = "phase-tanh-1",
       .description = "The same with the switch at t = 1, as the text has it.",
       .structure = Structure::phase,
       .sampling_margin = 0.2,
       .t_sharp = 1},
      {.name = "phase-tanh-0.2",
       .description = "The same with the switch at t = 0.2, where v(t)/v(0) has fallen to 0.03: "
                      "before it, m is nonlinear; after it, it hardly is.",
       .structure = Structure::phase,
       .sampling_margin = 0.2,
       .t_sharp = 0.2},
      {.name = "corrected",
       .description = "One tanh network of the same size and budget on the unit-variance input "
                      "X = y/sqrt(t(t+1)) with its output scaled by cos(alpha), trained with a "
                      "decaying learning rate and sampled by the semi-linear integrator.",
       .parametrisation = Parametrisation::corrected,
       .semi_linear = true,
       .cosine_decay = true},
  };
  return methods;
}

std::vector<std::string> method_names() {
  std::vector<std::string> names;
  for (const Method& m : all_methods()) names.push_back(m.name);
  return names;
}

std::vector<Method> select_methods(const std::vector<std::string>& names) {
  std::vector<Method> chosen;
  for (const Method& m : all_methods()) {
    if (std::find(names.begin(), names.end(), m.name) != names.end()) chosen.push_back(m);
  }
  return chosen;
}

double sampling_margin(const Settings& s, const Method& method) {
  return s.sampling_margin.value_or(method.sampling_margin);
}

double t_sharp(const Settings& s, const Method& method) {
  return method.t_sharp.value_or(s.t_sharp);
}

}  // namespace ito::gmm
