// What a run of the two-stage study is.
#pragma once

#include <cstdint>
#include <filesystem>

#include "autograd/shape.h"

namespace ito::two_stage {

struct Settings {
  Index d = 128;
  double cosine = 0.088;  // between the start, of norm 1, and mu*

  // Stochastic gradients beside the population's, at ||mu*|| = 1.
  Index batch_1 = 32768;  // samples a step; the first stage needs more (docs/two_stage.md)
  Index batch_2 = 8192;
  Index batch_steps = 60;  // of the second stage

  // The author's run: mu* = author_coordinate (1, ..., 1).
  double author_coordinate = 20;
  Index author_samples = 100;
  Index author_steps_1 = 1500;
  Index author_steps_2 = 20000;

  // Three modes: stochastic descent, the second half of which is averaged.
  Index three_batch = 256;
  Index three_steps = 2000;

  std::uint64_t seed = 1;
  int threads = 0;  // 0: as many as there are processors
  std::filesystem::path out = "out/two_stage";
};

// Throws Error, one line that names the flag, its value and the rule broken.
void validate(const Settings& settings);

}  // namespace ito::two_stage
