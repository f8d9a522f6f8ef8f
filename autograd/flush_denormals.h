// Subnormal numbers as zeros, for a scope.
#pragma once

#include <cstdint>

namespace ito {

// While it lives, this thread takes subnormal operands and results for zero. Arithmetic with
// subnormal numbers costs a processor a hundred times as much, and what decays geometrically, as an
// optimiser's moments of a unit without gradient, ends among them for good: 0.9 times the least of
// them rounds to itself. Does nothing but on x86 and 64-bit ARM.
class FlushDenormals {
 public:
  FlushDenormals();
  ~FlushDenormals();
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
  std::uint64_t before_;
};

namespace detail {
// This thread's floating-point control register: how it rounds, and what it takes subnormal numbers
// for.
std::uint64_t float_control() noexcept;
void set_float_control(std::uint64_t value) noexcept;
}  // namespace detail

}  // namespace ito
