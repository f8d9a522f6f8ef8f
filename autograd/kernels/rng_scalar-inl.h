// What rng.cpp draws with on the portable target: one block at a time, the C library's functions.
// Also an independent second opinion on rng_simd-inl.h, whose interface it shares.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "autograd/kernels/rng.h"

namespace ito::kernels::HWY_NAMESPACE {

struct Key {
  std::array<std::uint32_t, 2> words;
  explicit Key(std::uint64_t seed)
      : words{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)} {}
};

struct Counters {
  std::uint64_t block, stream;
};
constexpr std::size_t kMaxChunkBlocks = 1;
constexpr Index chunk_blocks() {
  return 1;
}
inline Counters consecutive(std::uint64_t block, std::uint64_t stream) {
  return {block, stream};
}
inline Counters across(std::uint64_t block, std::uint64_t stream) {
  return {block, stream};
}
inline Counters gather(const std::uint64_t* block, const std::uint64_t*,
                       const std::uint64_t* stream, const std::uint64_t*) {
  return {*block, *stream};
}

inline std::array<std::uint32_t, 4> words(const Key& key, const Counters& c) {
  return philox({static_cast<std::uint32_t>(c.block), static_cast<std::uint32_t>(c.block >> 32),
                 static_cast<std::uint32_t>(c.stream), static_cast<std::uint32_t>(c.stream >> 32)},
                key.words);
}
inline std::uint64_t join(std::uint32_t low, std::uint32_t high) {
  return low | std::uint64_t{high} << 32;
}

// sqrt(-2 log u) (cos, sin)(pi/2 (q + s))
template <class T>
void box_muller(T u, unsigned q, T s, T* z) {
  const T radius = std::sqrt(-2 * std::log(u));
  const T x = s * static_cast<T>(1.57079632679489661923);
  const T cos = radius * std::cos(x), sin = radius * std::sin(x);
  z[0] = q == 0 ? cos : q == 1 ? -sin : q == 2 ? -cos : sin;
  z[1] = q == 0 ? sin : q == 1 ? cos : q == 2 ? -sin : -cos;
}
inline void box_muller(std::uint32_t radius_word, std::uint32_t angle_word, float* z) {
  // One rounding, as by a fused multiply-add.
  const auto k = static_cast<double>(static_cast<float>(radius_word >> 1));
  const auto u = static_cast<float>(k * 0x1p-31 + 0x1p-32);
  const auto s = static_cast<float>(static_cast<std::int32_t>(angle_word << 2)) * 0x1p-32F;
  box_muller(u, angle_word >> 30, s, z);
}
inline void box_muller(std::uint64_t radius_word, std::uint64_t angle_word, double* z) {
  const double u = 1 - static_cast<double>(radius_word >> 12) * 0x1p-52;
  const double s = static_cast<double>(angle_word << 2 >> 12) * 0x1p-52 - 0.5;
  box_muller(u, static_cast<unsigned>(angle_word >> 62), s, z);
}

struct Bits {
  using Value = std::uint32_t;
  static constexpr Index kPerBlock = 4;
  static void store(const Key& key, const Counters& c, Value* out) {
    for (std::uint32_t w : words(key, c)) *out++ = w;
  }
};

template <class T>
struct Uniform {
  using Value = T;
  static constexpr Index kPerBlock = std::is_same_v<T, float> ? 4 : 2;
  static void store(const Key& key, const Counters& c, Value* out) {
    const auto w = words(key, c);
    if constexpr (std::is_same_v<T, float>) {
      for (std::uint32_t word : w) *out++ = static_cast<float>(word >> 8) * 0x1p-24F;
    } else {
      out[0] = static_cast<double>(join(w[0], w[1]) >> 11) * 0x1p-53;
      out[1] = static_cast<double>(join(w[2], w[3]) >> 11) * 0x1p-53;
    }
  }
};

template <class T>
struct Normal {
  using Value = T;
  static constexpr Index kPerBlock = std::is_same_v<T, float> ? 4 : 2;
  static void store(const Key& key, const Counters& c, Value* out) {
    const auto w = words(key, c);
    if constexpr (std::is_same_v<T, float>) {
      box_muller(w[0], w[1], out);
      box_muller(w[2], w[3], out + 2);
    } else {
      box_muller(join(w[0], w[1]), join(w[2], w[3]), out);
    }
  }
};

}  // namespace ito::kernels::HWY_NAMESPACE
