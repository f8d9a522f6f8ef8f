// Where every random number of a run comes from: one stream a use, all derived from --seed.
#pragma once

#include <cstdint>
#include <string_view>

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

// A number that belongs to a name (FNV-1a), so that adding a method changes no other's numbers.
inline std::uint64_t label_number(std::string_view label) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : label) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  }
  return hash;
}

}  // namespace ito::gmm
