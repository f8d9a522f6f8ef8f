// What a run's result depends on, and its name: the hash of exactly that.
#pragma once

#include <cstdint>
#include <string>

#include "apps/gmm_case_study/methods.h"
#include "apps/gmm_case_study/settings.h"

namespace ito::gmm {

// One method on one configuration with one seed.
struct RunKey {
  Config config;
  Method method;
  std::uint64_t seed = 0;
};

// JSON of everything that the trained networks depend on, a format version included. Neither the
// configuration's name nor the number of threads is part of it.
std::string training_identity(const Settings& settings, const RunKey& key);
// The same of the measurements, on top of the training.
std::string measuring_identity(const Settings& settings, const RunKey& key);

// 16 hexadecimal digits (FNV-1a).
std::string hash_of(const std::string& identity);

}  // namespace ito::gmm
