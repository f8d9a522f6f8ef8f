#include "autograd/flush_denormals.h"

#ifdef __SSE2__
#include <xmmintrin.h>
#endif

namespace ito {
namespace {

#if defined(__SSE2__)
constexpr std::uint64_t kFlush = 0x8040;  // flush to zero, denormals are zeros
std::uint64_t read() {
  return _mm_getcsr();
}
void write(std::uint64_t value) {
  _mm_setcsr(static_cast<unsigned>(value));
}
#elif defined(__aarch64__)
constexpr std::uint64_t kFlush = std::uint64_t{1} << 24;  // FZ
std::uint64_t read() {
  std::uint64_t value;
  asm volatile("mrs %0, fpcr" : "=r"(value));
  return value;
}
void write(std::uint64_t value) {
  asm volatile("msr fpcr, %0" : : "r"(value));
}
#else
constexpr std::uint64_t kFlush = 0;
std::uint64_t read() {
  return 0;
}
void write(std::uint64_t) {}
#endif

}  // namespace

FlushDenormals::FlushDenormals() : before_(read()) {
  write(before_ | kFlush);
}
FlushDenormals::~FlushDenormals() {
  write(before_);
}

}  // namespace ito
