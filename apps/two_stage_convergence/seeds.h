// One generator a use, so that no experiment's random numbers depend on another's.
#pragma once

#include <cstdint>

#include "autograd/random.h"

namespace ito::two_stage {

enum class Use : std::uint64_t { start, minibatch, author, three_start, three_modes, printed };

inline Generator generator(std::uint64_t seed, Use use) {
  return Generator(seed, static_cast<std::uint64_t>(use));
}

}  // namespace ito::two_stage
