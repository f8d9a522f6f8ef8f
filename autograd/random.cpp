#include "autograd/random.h"

#include <array>
#include <numeric>
#include <utility>

#include "autograd/kernels/rng.h"

namespace ito {
namespace {

std::array<std::uint32_t, 2> halves(std::uint64_t x) {
  return {static_cast<std::uint32_t>(x), static_cast<std::uint32_t>(x >> 32)};
}

std::array<std::uint64_t, 2> block(std::uint64_t seed, std::uint64_t stream,
                                   std::uint64_t position) {
  const auto [p0, p1] = halves(position);
  const auto [s0, s1] = halves(stream);
  const auto w = kernels::philox({p0, p1, s0, s1}, halves(seed));
  return {w[0] | std::uint64_t{w[1]} << 32, w[2] | std::uint64_t{w[3]} << 32};
}

// Elements a block of fill_uniform and fill_normal.
template <class T>
constexpr std::uint64_t kPerBlock = 16 / sizeof(T);

template <class T>
std::uint64_t blocks(Index n) {
  return (static_cast<std::uint64_t>(n) + kPerBlock<T> - 1) / kPerBlock<T>;
}

}  // namespace

std::uint64_t Generator::next_u64() {
  return block(seed_, stream_, position_++)[0];
}

double Generator::uniform() {
  return static_cast<double>(next_u64() >> 11) * 0x1p-53;
}

double Generator::normal() {
  double z;
  fill_normal(&z, 1);
  return z;
}

// Lemire, "Fast random integer generation in an interval", 2019: the high half of draw * n, with
// the draws rejected that would make some values likelier.
Index Generator::below(Index n) {
  check(n >= 1, "Generator::below: needs n >= 1, got ", n);
  const auto range = static_cast<std::uint64_t>(n);
  __extension__ using Wide = unsigned __int128;
  Wide product = Wide{next_u64()} * range;
  if (static_cast<std::uint64_t>(product) < range) {
    const std::uint64_t threshold = (0 - range) % range;
    while (static_cast<std::uint64_t>(product) < threshold) product = Wide{next_u64()} * range;
  }
  return static_cast<Index>(product >> 64);
}

// Fisher and Yates.
void Generator::permutation(std::span<Index> out) {
  std::iota(out.begin(), out.end(), Index{0});
  for (std::size_t i = out.size(); i > 1; --i) {
    std::swap(out[i - 1], out[static_cast<std::size_t>(below(static_cast<Index>(i)))]);
  }
}

template <class T>
void Generator::fill_uniform(T* out, Index n) {
  kernels::uniform(seed_, stream_, position_ * kPerBlock<T>, out, n);
  position_ += blocks<T>(n);
}
template <class T>
void Generator::fill_normal(T* out, Index n) {
  kernels::normal(seed_, stream_, position_ * kPerBlock<T>, out, n);
  position_ += blocks<T>(n);
}
template void Generator::fill_uniform(float*, Index);
template void Generator::fill_uniform(double*, Index);
template void Generator::fill_normal(float*, Index);
template void Generator::fill_normal(double*, Index);

// A new key, drawn from the far end of this stream (block 2^64 - 1 - k), which no sequence of draws
// reaches.
Generator Generator::split(std::uint64_t k) const {
  const auto [seed, stream] = block(seed_, stream_, ~k);
  return Generator(seed, stream);
}

}  // namespace ito
