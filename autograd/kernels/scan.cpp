// The order-dependent kernels of reduce.h: positions of extremes and running sums.
#include <cmath>
#include <functional>

#include "autograd/kernels/reduce.h"

namespace ito::kernels {
namespace {

// Walks len for all inner positions together, so that memory is read in order.
template <class T, class Better>
void arg_extreme(const T* x, Index outer, Index len, Index inner, std::int64_t* y, Better better) {
  for (Index o = 0; o < outer; ++o, x += len * inner, y += inner) {
    for (Index j = 0; j < inner; ++j) y[j] = 0;
    for (Index l = 1; l < len; ++l) {
      for (Index j = 0; j < inner; ++j) {
        const T best = x[y[j] * inner + j];
        const T candidate = x[l * inner + j];
        const bool first_nan = std::isnan(candidate) && !std::isnan(best);
        if (better(candidate, best) || first_nan) y[j] = l;
      }
    }
  }
}

}  // namespace

template <class T>
void argmax(const T* x, Index outer, Index len, Index inner, std::int64_t* y) {
  arg_extreme(x, outer, len, inner, y, std::greater<>{});
}

template <class T>
void argmin(const T* x, Index outer, Index len, Index inner, std::int64_t* y) {
  arg_extreme(x, outer, len, inner, y, std::less<>{});
}

template <class T>
void cumsum(const T* x, Index outer, Index len, Index inner, T* y, bool reverse) {
  const Index first = reverse ? (len - 1) * inner : 0;
  const Index step = reverse ? -inner : inner;
  for (Index o = 0; o < outer; ++o) {
    for (Index j = 0; j < inner; ++j) {
      double sum = 0;
      Index at = o * len * inner + first + j;
      for (Index l = 0; l < len; ++l, at += step) {
        sum += static_cast<double>(x[at]);
        y[at] = static_cast<T>(sum);
      }
    }
  }
}

template void argmax(const float*, Index, Index, Index, std::int64_t*);
template void argmax(const double*, Index, Index, Index, std::int64_t*);
template void argmin(const float*, Index, Index, Index, std::int64_t*);
template void argmin(const double*, Index, Index, Index, std::int64_t*);
template void cumsum(const float*, Index, Index, Index, float*, bool);
template void cumsum(const double*, Index, Index, Index, double*, bool);

}  // namespace ito::kernels
