// Subnormal numbers as zeros, for a scope.
#pragma once

#include <cstdint>

#ifdef __SSE2__
#include <xmmintrin.h>
#endif

namespace ito {

// While it lives, this thread takes subnormal operands and results for zero. Arithmetic with
// subnormal numbers costs a processor a hundred times as much, and what decays geometrically, as an
// optimiser's moments of a unit without gradient, ends among them for good: 0.9 times the least of
// them rounds to itself. Does nothing but on x86 and 64-bit ARM.
class FlushDenormals {
 public:
  FlushDenormals() : before_(read()) { write(before_ | kFlush); }
  ~FlushDenormals() { write(before_); }
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
#if defined(__SSE2__)
  using Register = std::uint32_t;
  static constexpr Register kFlush = 0x8040;  // flush to zero, denormals are zeros
  static Register read() {
    return _mm_getcsr();
  }
  static void write(Register value) {
    _mm_setcsr(value);
  }
#elif defined(__aarch64__)
  using Register = std::uint64_t;
  static constexpr Register kFlush = Register{1} << 24;  // FZ
  static Register read() {
    Register value;
    asm volatile("mrs %0, fpcr" : "=r"(value));
    return value;
  }
  static void write(Register value) {
    asm volatile("msr fpcr, %0" : : "r"(value));
  }
#else
  using Register = int;
  static constexpr Register kFlush = 0;
  static Register read() {
    return 0;
  }
  static void write(Register) {}
#endif

  Register before_;
};

}  // namespace ito
