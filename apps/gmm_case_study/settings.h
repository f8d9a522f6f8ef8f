// What a run of the case study is: its settings, their presets and their limits.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "autograd/shape.h"

namespace ito::gmm {

struct Settings {
  std::string preset = "quick";
  std::vector<std::string> methods;  // empty: every method

  // The target p N((1-p) a, I) + (1-p) N(-p a, I) in n dimensions, a = separation (1, ..., 1).
  Index n = 128;
  double p = 0.7;
  double separation = 1;

  // Training.
  Index train_samples = 5000;  // N, of which train_fraction is trained on
  double train_fraction = 0.6;
  Index epochs = 500;
  Index batch = 50;
  double lr = 1e-3;
  double weight_decay = 1e-4;
  double clip_norm = 1;
  double alpha_margin = 0.01;  // training draws alpha ~ U[0, pi/2 - alpha_margin]

  // Networks (Algorithm 1).
  Index hidden = 256;       // m
  Index time_features = 3;  // L
  Index frequencies = 21;

  // Phase-aware method.
  double t_sharp = 2;
  double phase_overlap = 0.05;  // rad, on each side of the switch, in training

  // Sampling.
  Index samples = 5000;
  Index steps = 200;             // grid points K; K - 1 steps
  std::string sampler = "auto";  // each method's own, or one for all

  std::uint64_t seed = 5;
  int threads = 0;  // 0: as many as there are processors
  std::filesystem::path out = "out";
};

inline const std::vector<std::string> kPresets = {"quick"};
inline const std::vector<std::string> kSamplers = {"auto", "euler-maruyama", "semi-linear"};

// The settings of a preset; throws Error naming the known ones otherwise.
Settings preset(const std::string& name);

// Throws Error, one line that names the flag, its value and the rule broken.
void validate(const Settings& settings);

}  // namespace ito::gmm
