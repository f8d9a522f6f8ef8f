// The methods that the case study compares, each as data: what is trained and how it is sampled.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/gmm_case_study/settings.h"
#include "diffusion/losses/localization.h"
#include "nn/two_layer_denoiser.h"

namespace ito::gmm {

enum class Structure {
  exact,    // the closed-form posterior mean; nothing is trained
  single,   // one network
  mixture,  // one network a half of the data, split along the principal direction
  phase,    // one network below t_sharp and one above
};

// How a method trains and samples, where it differs from the settings.
struct Recipe {
  bool cosine_decay = false;  // of the learning rate, to zero at the end
  double ema_decay = 0;       // 0: off
  std::optional<Index> epochs = {};
  std::optional<double> train_fraction = {};
  std::optional<double> alpha_margin = {};
  bool unit_scale_loss = false;  // weight 1/cos^2(alpha): the error of f, not of m
  diffusion::AngleLaw law = {};
  bool stratified = false;

  bool semi_linear = false;       // the sampler of its own choice
  double early_points_share = 0;  // of the grid, on [0, kEarlyEnd]; 0: uniform angle
};
// Where v(t)/v(0) has fallen to 5 % in the case study, rad.
inline constexpr double kEarlyEnd = 0.4;

struct Method {
  std::string name;
  std::string description;  // one sentence for the report
  Structure structure = Structure::single;
  nn::Activation activation = nn::Activation::tanh;
  nn::Parametrisation parametrisation = nn::Parametrisation::plain;
  // Sampling stops at alpha_max = pi/2 - sampling_margin, as the author's program does.
  double sampling_margin = 0.1;
  std::optional<double> t_sharp = {};  // phase only; empty: the settings'
  Recipe recipe = {};
  std::string trained_as = {};  // the method whose networks it samples; empty: its own

  const std::string& training_name() const { return trained_as.empty() ? name : trained_as; }
};

const std::vector<Method>& all_methods();
std::vector<std::string> method_names();
// The methods named, in the order of all_methods().
std::vector<Method> select_methods(const std::vector<std::string>& names);

// What the settings leave to the method.
double sampling_margin(const Settings& settings, const Method& method);
double t_sharp(const Settings& settings, const Method& method);
double train_fraction(const Settings& settings, const Method& method);
double alpha_margin(const Settings& settings, const Method& method);
Index epochs(const Config& config, const Method& method);

}  // namespace ito::gmm
