// Errors in units of the last place, and the numbers to look for them at.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace ito::kernels {

// |y - exact| in units of the last place of T at `exact`; infinity where special values differ.
template <class T, class R>
double ulp_error(T y, R exact) {
  using Limits = std::numeric_limits<T>;
  const double wrong = std::numeric_limits<double>::infinity();
  if (std::isnan(exact)) return std::isnan(y) ? 0 : wrong;
  if (std::isnan(y)) return wrong;
  if (exact == 0) return y == 0 && std::signbit(y) == std::signbit(exact) ? 0 : wrong;
  if (std::isinf(exact)) return static_cast<R>(y) == exact ? 0 : wrong;
  const int exponent = std::max(std::ilogb(exact), Limits::min_exponent - 1);
  const R unit =
      std::scalbn(R(1), std::min(exponent, Limits::max_exponent - 1) - Limits::digits + 1);
  // Rounding treats infinity as the next power of two after the largest finite number.
  const R overflow = std::scalbn(R(1), Limits::max_exponent);
  const R clipped = std::abs(exact) > overflow ? std::copysign(overflow, exact) : exact;
  const R value = std::isinf(y) ? std::copysign(overflow, R(y)) : R(y);
  return static_cast<double>(std::abs(value - clipped) / unit);
}

template <class T>
std::vector<T> special_values() {
  using Limits = std::numeric_limits<T>;
  std::vector<T> values;
  for (const T v : {T(0),
                    Limits::denorm_min(),
                    3 * Limits::denorm_min(),
                    Limits::min() / 2,
                    Limits::min(),
                    Limits::epsilon(),
                    T(0.5),
                    T(1),
                    T(2),
                    T(88.72),
                    T(88.73),
                    T(89.415),
                    T(89.42),
                    T(103.9),
                    T(104.1),
                    T(709.78),
                    T(709.79),
                    T(710.47),
                    T(710.48),
                    T(745.1),
                    T(745.2),
                    T(1e4),
                    T(1e6),
                    T(1e7),
                    T(1e22),
                    Limits::max(),
                    Limits::infinity(),
                    Limits::quiet_NaN()}) {
    values.push_back(v);
    values.push_back(-v);
  }
  // Close to the zeros and poles of sin, cos and tan, where reduction cancels most.
  for (int k = 1; k < 2000; ++k) values.push_back(static_cast<T>(k * 1.5707963267948966192L));
  return values;
}

// Every step-th float, over all signs, exponents, infinities and NaNs.
inline std::vector<float> sweep(std::uint32_t step) {
  std::vector<float> x = special_values<float>();
  for (std::uint64_t bits = 0; bits < (std::uint64_t{1} << 32); bits += step) {
    x.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  }
  return x;
}

}  // namespace ito::kernels
