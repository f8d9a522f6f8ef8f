#include "autograd/kernels/where.h"

#include <cstring>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "tests/autograd/kernels/each_target.h"

namespace ito::kernels {
namespace {

// y, which may be longer, begins with the bytes of `expected`. memcmp may not be asked about
// nothing.
template <class T>
bool same_bytes(const std::vector<T>& y, const std::vector<T>& expected) {
  return expected.empty() ||
         std::memcmp(y.data(), expected.data(), expected.size() * sizeof(T)) == 0;
}

template <class T>
class WhereKernel : public testing::Test {};
using Types = testing::Types<float, double, std::int64_t>;
TYPED_TEST_SUITE(WhereKernel, Types);

// Every length around the vector sizes, in place and not, bit for bit against a loop.
TYPED_TEST(WhereKernel, ChoosesLikeALoopOnEveryTarget) {
  using T = TypeParam;
  for_each_target([](std::int64_t) {
    for (Index n = 0; n < 70; ++n) {
      const auto size = static_cast<std::size_t>(n);
      std::vector<T> c(size + 1), a(size + 1), b(size + 1);
      for (std::size_t i = 0; i <= size; ++i) {
        c[i] = static_cast<T>(i * i % 3);
        a[i] = static_cast<T>(i + 1);
        b[i] = static_cast<T>(-static_cast<double>(i) - 1);
      }
      if constexpr (std::numeric_limits<T>::has_quiet_NaN) {
        if (n > 5) {
          c[5] = std::numeric_limits<T>::quiet_NaN();
          c[4] = -T(0);
          a[1] = b[2] = std::numeric_limits<T>::infinity();
        }
      }
      for (int scalars = 0; scalars < 4; ++scalars) {
        const bool a_scalar = scalars & 1, b_scalar = scalars & 2;
        std::vector<T> expected(size), y(size, T(7));
        for (std::size_t i = 0; i < size; ++i) {
          expected[i] = c[i] != T(0) ? a[a_scalar ? 0 : i] : b[b_scalar ? 0 : i];
        }
        where(c.data(), a.data(), a_scalar, b.data(), b_scalar, y.data(), n);
        ASSERT_TRUE(same_bytes(y, expected)) << n;
        std::vector<T> in_place = a;
        where(c.data(), in_place.data(), a_scalar, b.data(), b_scalar, in_place.data(), n);
        ASSERT_TRUE(same_bytes(in_place, expected)) << n;
      }
    }
  });
}

}  // namespace
}  // namespace ito::kernels
