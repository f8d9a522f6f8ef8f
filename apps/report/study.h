// Small things that every study needs.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

namespace ito::report {

// Seconds since it was made.
class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// A number that belongs to a name (FNV-1a): adding or leaving out a method changes no other's
// random numbers.
inline std::uint64_t label_number(std::string_view label) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : label) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

}  // namespace ito::report
