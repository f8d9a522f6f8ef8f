#include "diffusion/samplers/combine.h"

#include "autograd/ops.h"

namespace ito::diffusion {

Tensor combine(double x_factor, const Tensor& x, double m_factor, const Tensor& m) {
  return combine(x_factor, x, m_factor, m, 0, zeros(x.shape(), x.dtype()));
}

Tensor combine(double x_factor, const Tensor& x, double m_factor, const Tensor& m, double z_factor,
               Tensor z) {
  check(m.shape() == x.shape() && z.shape() == x.shape() && m.dtype() == x.dtype() &&
            z.dtype() == x.dtype(),
        "sampler: state ", x.shape(), " ", x.dtype(), ", prediction ", m.shape(), " ", m.dtype(),
        ", noise ", z.shape(), " ", z.dtype());
  const Tensor state = contiguous(x), prediction = contiguous(m);
  visit_floating(x.dtype(), "sampler", [&](auto zero) {
    using T = decltype(zero);
    const T* from = state.data<T>();
    const T* towards = prediction.data<T>();
    T* to = z.mutable_data<T>();
    const T a = static_cast<T>(x_factor), b = static_cast<T>(m_factor),
            c = static_cast<T>(z_factor);
    for (Index i = 0, count = z.numel(); i < count; ++i) {
      to[i] = a * from[i] + b * towards[i] + c * to[i];
    }
  });
  return z;
}

}  // namespace ito::diffusion
