#include "autograd/kernels/softmax.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "autograd/kernels/binary.h"
#include "autograd/kernels/reduce.h"
#include "autograd/kernels/unary.h"

namespace ito::kernels {
namespace {

// exps [len, inner] = exp(x - top), top [inner] the maxima and sum [inner] the sums over len. An
// infinite top is replaced by 0: the shift would make NaN of inf - inf. exps may equal x.
template <class T>
void shifted_exps(const T* x, Index len, Index inner, T* exps, T* top, T* sum) {
  reduce(ReduceFn::max, x, 1, len, inner, top);
  for (Index j = 0; j < inner; ++j) {
    if (std::isinf(top[j])) top[j] = 0;
  }
  for (Index l = 0; l < len; ++l) {
    binary(BinaryFn::sub, x + l * inner, false, top, false, exps + l * inner, inner);
  }
  unary(UnaryFn::exp, exps, exps, len * inner);
  reduce(ReduceFn::sum, exps, 1, len, inner, sum);
}

// As above for inner = 1, where top is one value for the whole row.
template <class T>
void shifted_exps_row(const T* x, Index len, T* exps, T* top, T* sum) {
  reduce(ReduceFn::max, x, 1, len, 1, top);
  if (std::isinf(*top)) *top = 0;
  binary(BinaryFn::sub, x, false, top, true, exps, len);
  unary(UnaryFn::exp, exps, exps, len);
  reduce(ReduceFn::sum, exps, 1, len, 1, sum);
}

}  // namespace

template <class T>
void logsumexp(const T* x, Index outer, Index len, Index inner, T* y) {
  std::vector<T> exps(static_cast<std::size_t>(len * inner));
  std::vector<T> top(static_cast<std::size_t>(inner));
  for (Index o = 0; o < outer; ++o, x += len * inner, y += inner) {
    if (inner == 1) {
      shifted_exps_row(x, len, exps.data(), top.data(), y);
    } else {
      shifted_exps(x, len, inner, exps.data(), top.data(), y);
    }
    unary(UnaryFn::log, y, y, inner);
    binary(BinaryFn::add, y, false, top.data(), false, y, inner);
  }
}

template <class T>
void softmax(const T* x, Index outer, Index len, Index inner, T* y) {
  std::vector<T> top(static_cast<std::size_t>(inner));
  std::vector<T> sum(static_cast<std::size_t>(inner));
  for (Index o = 0; o < outer; ++o, x += len * inner, y += len * inner) {
    if (inner == 1) {
      shifted_exps_row(x, len, y, top.data(), sum.data());
      binary(BinaryFn::div, y, false, sum.data(), true, y, len);
      continue;
    }
    shifted_exps(x, len, inner, y, top.data(), sum.data());
    for (Index l = 0; l < len; ++l) {
      binary(BinaryFn::div, y + l * inner, false, sum.data(), false, y + l * inner, inner);
    }
  }
}

template void logsumexp(const float*, Index, Index, Index, float*);
template void logsumexp(const double*, Index, Index, Index, double*);
template void softmax(const float*, Index, Index, Index, float*);
template void softmax(const double*, Index, Index, Index, double*);

}  // namespace ito::kernels
