// Where every random number of a run comes from: one stream a use, all derived from --seed.
#pragma once

#include <cstdint>

#include "autograd/random.h"

namespace ito::gmm {

enum class Use : std::uint64_t {
  data,
  weights,
  training,
  routing,
  sampling,
  network_kl,
  posterior_mean,
  scheme_check,
};

inline std::uint64_t derived_seed(std::uint64_t seed, Use use, std::uint64_t item = 0) {
  return Generator(seed, static_cast<std::uint64_t>(use)).split(item).next_u64();
}

}  // namespace ito::gmm
