// What a run of the gallery is: its settings and their limits.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "autograd/shape.h"

namespace ito::gallery {

struct Settings {
  std::string target = "eight-modes";
  std::vector<std::string> losses;    // empty: every loss
  std::vector<std::string> samplers;  // empty: every sampler

  // Training, of one network a loss.
  Index train_samples = 50000;
  Index steps = 6000;
  Index batch = 256;
  double lr = 4e-3;
  Index hidden = 96;  // width of the three hidden layers

  // Sampling.
  Index samples = 2000;
  Index points = 65;    // of the time grid
  double t_end = 1e-3;  // where training and sampling stop

  std::uint64_t seed = 1;
  int threads = 0;  // 0: as many as there are processors
  std::filesystem::path out = "out/sampler_gallery";
};

// Throws Error, one line that names the flag, its value and the rule broken.
void validate(const Settings& settings);

}  // namespace ito::gallery
