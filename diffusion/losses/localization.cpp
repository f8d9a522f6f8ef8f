#include "diffusion/losses/localization.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "autograd/ops.h"
#include "diffusion/answer.h"
#include "nn/loss.h"

namespace ito::diffusion {

double AngleLaw::operator()(double u, double alpha_min, double alpha_max) const {
  if (u < path_share) {
    // The integral of tan is -log cos: cos falls geometrically from one end to the other.
    const double from = std::cos(alpha_min), to = std::cos(alpha_max);
    return std::acos(from * std::pow(to / from, u / path_share));
  }
  u -= path_share;
  if (u < early_share) {
    return alpha_min + (std::min(early_end, alpha_max) - alpha_min) * u / early_share;
  }
  u -= early_share;
  return alpha_min + (alpha_max - alpha_min) * u / (1 - path_share - early_share);
}

LocalizationBatch localize(const Tensor& x, Generator& rng,
                           const LocalizationLossOptions& options) {
  check(x.rank() == 2, "localize: needs x of shape [B, n], got ", x.shape());
  check(0 <= options.alpha_min && options.alpha_min <= options.alpha_max &&
            options.alpha_max < std::numbers::pi / 2,
        "localize: needs 0 <= alpha_min <= alpha_max < pi/2, got ", options.alpha_min, " and ",
        options.alpha_max);
  check(options.law.path_share >= 0 && options.law.early_share >= 0 &&
            options.law.path_share + options.law.early_share <= 1 &&
            (options.law.early_share == 0 || options.law.early_end > options.alpha_min),
        "localize: the shares of the law of alpha must lie in [0, 1] and its early part beyond "
        "alpha_min");
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
    for (Index r = 0; r < rows; ++r) {
      const double within = static_cast<double>(alpha[r]);
      const double u = options.stratified
                           ? (static_cast<double>(r) + within) / static_cast<double>(rows)
                           : within;
      const double angle = options.law(u, options.alpha_min, options.alpha_max);
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
  const Tensor answer = checked_answer(network(batch.y, batch.alpha), x, "localization_loss");
  if (!batch.weight.defined()) return nn::mse_loss(answer, x);
  return mean(square(answer - x) * batch.weight);
}

}  // namespace ito::diffusion
