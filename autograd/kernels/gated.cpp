#include "autograd/kernels/gated.h"

#include "autograd/kernels/simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autograd/kernels/gated.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace ito::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class T>
void forward(const T* gate, const T* projected, const T* bias, Index batch, Index gates, Index out,
             T* y) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<Index>(hn::Lanes(d));
  for (Index b = 0; b < batch; ++b) {
    const T* s = gate + b * gates;
    const T* p = projected + b * gates * out;
    Index i = 0;
    for (; i + lanes <= out; i += lanes) {
      auto sum = bias ? hn::LoadU(d, bias + i) : hn::Zero(d);
      for (Index l = 0; l < gates; ++l) {
        sum = hn::MulAdd(hn::Set(d, s[l]), hn::LoadU(d, p + l * out + i), sum);
      }
      hn::StoreU(sum, d, y + b * out + i);
    }
    const hn::CappedTag<T, 1> one;
    for (; i < out; ++i) {
      auto sum = bias ? hn::LoadU(one, bias + i) : hn::Zero(one);
      for (Index l = 0; l < gates; ++l) {
        sum = hn::MulAdd(hn::Set(one, s[l]), hn::LoadU(one, p + l * out + i), sum);
      }
      hn::StoreU(sum, one, y + b * out + i);
    }
  }
}

// Dot products run in a fixed number of lanes, whatever the vectors' width: the same bytes on
// every target.
template <class T>
T dot(const T* a, const T* b, Index n) {
  constexpr Index kLanes = 64 / sizeof(T);
  const hn::CappedTag<T, kLanes> d;
  const auto width = static_cast<Index>(hn::Lanes(d));
  HWY_ALIGN T sums[kLanes] = {};
  const Index whole = n - n % kLanes;
  for (Index lane = 0; lane < kLanes; lane += width) {
    auto sum = hn::Zero(d);
    for (Index i = lane; i < whole; i += kLanes) {
      sum = hn::MulAdd(hn::LoadU(d, a + i), hn::LoadU(d, b + i), sum);
    }
    hn::Store(sum, d, sums + lane);
  }
  const hn::CappedTag<T, 1> one;
  for (Index i = whole; i < n; ++i) {
    T* sum = sums + (i - whole);
    hn::StoreU(hn::MulAdd(hn::LoadU(one, a + i), hn::LoadU(one, b + i), hn::LoadU(one, sum)), one,
               sum);
  }
  for (Index half = kLanes / 2; half > 0; half /= 2) {
    for (Index i = 0; i < half; ++i) sums[i] += sums[i + half];
  }
  return sums[0];
}

template <class T>
void backward(const T* gate, const T* projected, const T* g, Index batch, Index gates, Index out,
              T* d_gate, T* d_projected) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<Index>(hn::Lanes(d));
  for (Index b = 0; b < batch; ++b) {
    const T* gb = g + b * out;
    for (Index l = 0; l < gates; ++l) {
      const Index row = b * gates + l;
      d_gate[row] = dot(gb, projected + row * out, out);
      const T s = gate[row];
      T* dp = d_projected + row * out;
      Index i = 0;
      for (; i + lanes <= out; i += lanes) {
        hn::StoreU(hn::Mul(hn::Set(d, s), hn::LoadU(d, gb + i)), d, dp + i);
      }
      for (; i < out; ++i) dp[i] = s * gb[i];
    }
  }
}

void forward_f32(const float* gate, const float* p, const float* bias, Index batch, Index gates,
                 Index out, float* y) {
  forward(gate, p, bias, batch, gates, out, y);
}
void forward_f64(const double* gate, const double* p, const double* bias, Index batch, Index gates,
                 Index out, double* y) {
  forward(gate, p, bias, batch, gates, out, y);
}
void backward_f32(const float* gate, const float* p, const float* g, Index batch, Index gates,
                  Index out, float* d_gate, float* dp) {
  backward(gate, p, g, batch, gates, out, d_gate, dp);
}
void backward_f64(const double* gate, const double* p, const double* g, Index batch, Index gates,
                  Index out, double* d_gate, double* dp) {
  backward(gate, p, g, batch, gates, out, d_gate, dp);
}

}  // namespace HWY_NAMESPACE
}  // namespace ito::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ito::kernels {
HWY_EXPORT(forward_f32);
HWY_EXPORT(forward_f64);
HWY_EXPORT(backward_f32);
HWY_EXPORT(backward_f64);

template <>
void gate_forward(const float* gate, const float* p, const float* bias, Index batch, Index gates,
                  Index out, float* y) {
  HWY_DYNAMIC_DISPATCH(forward_f32)(gate, p, bias, batch, gates, out, y);
}
template <>
void gate_forward(const double* gate, const double* p, const double* bias, Index batch, Index gates,
                  Index out, double* y) {
  HWY_DYNAMIC_DISPATCH(forward_f64)(gate, p, bias, batch, gates, out, y);
}
template <>
void gate_backward(const float* gate, const float* p, const float* g, Index batch, Index gates,
                   Index out, float* d_gate, float* dp) {
  HWY_DYNAMIC_DISPATCH(backward_f32)(gate, p, g, batch, gates, out, d_gate, dp);
}
template <>
void gate_backward(const double* gate, const double* p, const double* g, Index batch, Index gates,
                   Index out, double* d_gate, double* dp) {
  HWY_DYNAMIC_DISPATCH(backward_f64)(gate, p, g, batch, gates, out, d_gate, dp);
}
}  // namespace ito::kernels
#endif
