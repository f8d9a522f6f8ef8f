// What a run of the case study is: its settings, their presets and their limits.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "autograd/shape.h"

namespace ito::gmm {

// How much is trained on what: the paper's configurations 1 to 4.
struct Config {
  std::string name = "1";
  Index train_samples = 5000;  // N, of which train_fraction is trained on
  Index epochs = 500;
  Index time_features = 3;  // L
  Index hidden = 256;       // m
  friend bool operator==(const Config&, const Config&) = default;
};

// Every method with every seed on one configuration.
struct Part {
  Config config = {};
  std::vector<std::string> methods = {};
  std::vector<std::uint64_t> seeds = {5};
};

struct Settings {
  std::string preset = "quick";
  std::vector<Part> parts;

  // The target p N((1-p) a, I) + (1-p) N(-p a, I) in n dimensions, a = separation (1, ..., 1).
  Index n = 128;
  double p = 0.7;
  double separation = 1;

  // Training.
  double train_fraction = 0.6;
  Index batch = 50;
  double lr = 1e-3;
  double weight_decay = 1e-4;
  double clip_norm = 1;
  double alpha_margin = 0.01;  // training draws alpha ~ U[0, pi/2 - alpha_margin]

  Index frequencies = 21;  // of the time embedding (Algorithm 1)

  // Phase-aware method.
  double t_sharp = 2;           // of phase-tanh; the variants name their own
  double phase_overlap = 0.05;  // rad, on each side of the switch, in training
  bool phase_two_grids = true;  // a full grid on each side of the switch, or one over both

  // Sampling.
  Index samples = 5000;
  Index steps = 200;             // grid points K; K - 1 steps
  std::string sampler = "auto";  // each method's own, or one for all
  // Sampling stops at pi/2 minus this, rad; empty: each method's own.
  std::optional<double> sampling_margin = {};

  std::vector<std::string> sweeps = {};  // settings varied one at a time, around these

  double checkpoint_seconds = 30;  // how often a network in training saves its state
  int threads = 0;                 // 0: as many as there are processors
  std::filesystem::path out = "out";
  std::filesystem::path runs = {};  // where trained networks are kept; empty: out/runs

  std::filesystem::path runs_folder() const { return runs.empty() ? out / "runs" : runs; }
  // More than one run of a method: results are means, with their spread.
  bool repeats() const;
};

std::vector<std::string> preset_names();
inline const std::vector<std::string> kSamplers = {"auto", "euler-maruyama", "semi-linear"};

// The settings of a preset; throws Error naming the known ones otherwise.
Settings preset(const std::string& name);
// What a preset is, in a sentence.
std::string describe(const std::string& preset);

// What flags change in every part of a preset.
struct PartChanges {
  std::vector<std::string> configs = {};   // only these
  std::vector<std::string> methods = {};   // these on every configuration
  std::optional<std::uint64_t> seed = {};  // the first one
  std::vector<std::uint64_t> seeds = {};  // one number: how many, from the first on; several: these
  std::optional<Index> train_samples = {}, epochs = {}, time_features = {}, hidden = {};
};
void apply(const PartChanges& changes, Settings& settings);

// What a method's recipe may decide instead of the settings.
inline const std::vector<std::string> kRecipeFlags = {"--epochs", "--train-fraction",
                                                      "--alpha-margin"};
// Throws Error if every network of the settings takes from its recipe what the flag gives.
void check_used(const std::string& recipe_flag, const Settings& settings);

// Throws Error, one line that names the flag, its value and the rule broken.
void validate(const Settings& settings);

}  // namespace ito::gmm
