// Generator: an explicit, counter-based source of random numbers (Philox4x32-10).
#pragma once

#include <cstdint>
#include <span>

#include "autograd/shape.h"

namespace ito {

// The number at (seed, stream, position) is a pure function of the three, so a generator is these
// three integers: copying it copies the sequence, and seek() resumes exactly.
//
// The position counts blocks of 128 bits. Every call consumes whole blocks: a scalar draw one (or
// one more per rejection), fill_* of n floats ceil(n/4), of n doubles ceil(n/2).
class Generator {
 public:
  explicit Generator(std::uint64_t seed, std::uint64_t stream = 0, std::uint64_t position = 0)
      : seed_(seed), stream_(stream), position_(position) {}

  std::uint64_t seed() const { return seed_; }
  std::uint64_t stream() const { return stream_; }
  std::uint64_t position() const { return position_; }
  void seek(std::uint64_t position) { position_ = position; }

  std::uint64_t next_u64();
  double uniform();                        // in [0, 1), 53 bits
  double normal();                         // N(0, 1)
  Index below(Index n);                    // uniform on {0, ..., n-1}, without bias; n >= 1
  void permutation(std::span<Index> out);  // a uniform permutation of 0, ..., size-1

  // T is float or double.
  template <class T>
  void fill_uniform(T* out, Index n);  // in [0, 1), 24 or 53 bits
  template <class T>
  void fill_normal(T* out, Index n);  // N(0, 1)

  // A generator independent of this one and of split(j), j != k; this one does not advance. It
  // depends on (seed, stream, k) only, not on the position.
  Generator split(std::uint64_t k) const;

  friend bool operator==(const Generator&, const Generator&) = default;

 private:
  std::uint64_t seed_;
  std::uint64_t stream_;
  std::uint64_t position_;
};

}  // namespace ito
