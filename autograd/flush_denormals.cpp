#include "autograd/flush_denormals.h"

#ifdef __SSE2__
#include <xmmintrin.h>
#endif

namespace ito {
namespace {

#if defined(__SSE2__)
constexpr std::uint64_t kFlush = 0x8040;  // flush to zero, denormals are zeros
#elif defined(__aarch64__)
constexpr std::uint64_t kFlush = std::uint64_t{1} << 24;  // FZ
#else
constexpr std::uint64_t kFlush = 0;
#endif

}  // namespace

std::uint64_t detail::float_control() noexcept {
#if defined(__SSE2__)
  return _mm_getcsr();
#elif defined(__aarch64__)
  std::uint64_t value;
  asm volatile("mrs %0, fpcr" : "=r"(value));
  return value;
#else
  return 0;
#endif
}

void detail::set_float_control([[maybe_unused]] std::uint64_t value) noexcept {
#if defined(__SSE2__)
  _mm_setcsr(static_cast<unsigned>(value));
#elif defined(__aarch64__)
  asm volatile("msr fpcr, %0" : : "r"(value));
#endif
}

FlushDenormals::FlushDenormals() : before_(detail::float_control()) {
  detail::set_float_control(before_ | kFlush);
}
FlushDenormals::~FlushDenormals() {
  detail::set_float_control(before_);
}

}  // namespace ito
