#include "diffusion/losses/localization.h"

#include <cmath>
#include <numbers>

#include "autograd/ops.h"

namespace ito::diffusion {

LocalizationBatch localize(const Tensor& x, Generator& rng,
                           const LocalizationLossOptions& options) {
  check(x.rank() == 2, "localize: needs x of shape [B, n], got ", x.shape());
  check(0 <= options.alpha_min && options.alpha_min <= options.alpha_max &&
            options.alpha_max < std::numbers::pi / 2,
        "localize: needs 0 <= alpha_min <= alpha_max < pi/2, got ", options.alpha_min, " and ",
        options.alpha_max);
  const Index rows = x.size(0), n = x.size(1);
  const Tensor source = contiguous(x.detach());
  LocalizationBatch batch{empty(x.shape(), x.dtype()), empty({rows}, x.dtype()), Tensor()};
  if (options.weight) batch.weight = empty({rows, 1}, x.dtype());
  visit_floating(x.dtype(), "localize", [&](auto zero) {
    using T = decltype(zero);
    T* alpha = batch.alpha.mutable_data<T>();
    T* y = batch.y.mutable_data<T>();
    const T* x0 = source.data<T>();
    rng.fill_uniform(alpha, rows);
    rng.fill_normal(y, rows * n);
    const double width = options.alpha_max - options.alpha_min;
    for (Index r = 0; r < rows; ++r) {
      const double angle = options.alpha_min + width * static_cast<double>(alpha[r]);
      const double root = std::tan(angle);  // sqrt(t)
      alpha[r] = static_cast<T>(angle);
      if (options.weight) batch.weight.mutable_data<T>()[r] = static_cast<T>(options.weight(angle));
      const T t = static_cast<T>(root * root), s = static_cast<T>(root);
      for (Index j = r * n; j < (r + 1) * n; ++j) y[j] = t * x0[j] + s * y[j];
    }
  });
  return batch;
}

Tensor localization_loss(const LocalizationNetwork& network, const Tensor& x, Generator& rng,
                         const LocalizationLossOptions& options) {
  const LocalizationBatch batch = localize(x, rng, options);
  const Tensor error = square(network(batch.y, batch.alpha) - x);
  return mean(batch.weight.defined() ? error * batch.weight : error);
}

}  // namespace ito::diffusion
