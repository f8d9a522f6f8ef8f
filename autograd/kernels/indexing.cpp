#include "autograd/kernels/indexing.h"

#include <algorithm>

namespace ito::kernels {

template <class T>
void index_select(const T* x, Index outer, Index len, Index inner, const std::int64_t* index,
                  Index count, T* y) {
  for (Index o = 0; o < outer; ++o, x += len * inner) {
    for (Index k = 0; k < count; ++k) y = std::copy_n(x + index[k] * inner, inner, y);
  }
}

template <class T>
void index_add(const T* x, Index outer, Index len, Index inner, const std::int64_t* index,
               Index count, T* y) {
  for (Index o = 0; o < outer; ++o, y += len * inner) {
    for (Index k = 0; k < count; ++k, x += inner) {
      T* to = y + index[k] * inner;
      for (Index i = 0; i < inner; ++i) to[i] += x[i];
    }
  }
}

template <class T>
void gather(const T* x, Index outer, Index len, Index inner, const std::int64_t* index, Index count,
            T* y) {
  for (Index o = 0; o < outer; ++o, x += len * inner) {
    for (Index k = 0; k < count; ++k, index += inner, y += inner) {
      for (Index i = 0; i < inner; ++i) y[i] = x[index[i] * inner + i];
    }
  }
}

template <class T>
void scatter_add(const T* x, Index outer, Index len, Index inner, const std::int64_t* index,
                 Index count, T* y) {
  for (Index o = 0; o < outer; ++o, y += len * inner) {
    for (Index k = 0; k < count; ++k, index += inner, x += inner) {
      for (Index i = 0; i < inner; ++i) y[index[i] * inner + i] += x[i];
    }
  }
}

template void index_select(const float*, Index, Index, Index, const std::int64_t*, Index, float*);
template void index_select(const double*, Index, Index, Index, const std::int64_t*, Index, double*);
template void index_select(const std::int64_t*, Index, Index, Index, const std::int64_t*, Index,
                           std::int64_t*);
template void index_add(const float*, Index, Index, Index, const std::int64_t*, Index, float*);
template void index_add(const double*, Index, Index, Index, const std::int64_t*, Index, double*);
template void index_add(const std::int64_t*, Index, Index, Index, const std::int64_t*, Index,
                        std::int64_t*);
template void gather(const float*, Index, Index, Index, const std::int64_t*, Index, float*);
template void gather(const double*, Index, Index, Index, const std::int64_t*, Index, double*);
template void gather(const std::int64_t*, Index, Index, Index, const std::int64_t*, Index,
                     std::int64_t*);
template void scatter_add(const float*, Index, Index, Index, const std::int64_t*, Index, float*);
template void scatter_add(const double*, Index, Index, Index, const std::int64_t*, Index, double*);
template void scatter_add(const std::int64_t*, Index, Index, Index, const std::int64_t*, Index,
                          std::int64_t*);

}  // namespace ito::kernels
