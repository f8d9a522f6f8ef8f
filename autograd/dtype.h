// Element types: f32 and f64 carry derivatives, i64 holds indices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <type_traits>

#include "autograd/error.h"

namespace ito {

enum class DType : std::uint8_t { f32, f64, i64 };

inline const char* name(DType d) {
  switch (d) {
    case DType::f32:
      return "f32";
    case DType::f64:
      return "f64";
    case DType::i64:
      return "i64";
  }
  return "?";
}
inline std::ostream& operator<<(std::ostream& out, DType d) {
  return out << name(d);
}

inline std::size_t size_of(DType d) {
  return d == DType::f32 ? 4 : 8;
}
inline bool is_floating(DType d) {
  return d != DType::i64;
}

template <class T>
inline constexpr DType dtype_of = std::is_same_v<T, float>    ? DType::f32
                                  : std::is_same_v<T, double> ? DType::f64
                                                              : DType::i64;

// Calls f(T{}) with T = float or double; throws naming `op` for i64.
template <class F>
decltype(auto) visit_floating(DType d, const char* op, F&& f) {
  if (d == DType::f32) return f(float{});
  check(d == DType::f64, op, ": needs a floating dtype, got ", d);
  return f(double{});
}

// Calls f(T{}) with T = float, double or std::int64_t.
template <class F>
decltype(auto) visit(DType d, F&& f) {
  if (d == DType::f32) return f(float{});
  if (d == DType::f64) return f(double{});
  return f(std::int64_t{});
}

}  // namespace ito
