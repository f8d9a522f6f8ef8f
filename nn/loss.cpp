#include "nn/loss.h"

#include "autograd/ops/binary.h"
#include "autograd/ops/fused.h"
#include "autograd/ops/index.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/softmax.h"
#include "autograd/ops/unary.h"
#include "autograd/ops/view.h"

namespace ito::nn {
namespace {

void check_shapes(const Tensor& prediction, const Tensor& target, const char* name) {
  check(prediction.shape() == target.shape(), name, ": prediction ", prediction.shape(),
        " and target ", target.shape(), " must have the same shape");
}

Tensor reduce(const Tensor& losses, LossOptions options) {
  switch (options.reduction) {
    case Reduction::mean:
      return mean(losses);
    case Reduction::sum:
      return sum(losses);
    case Reduction::none:
      break;
  }
  return losses;
}

}  // namespace

Tensor mse_loss(const Tensor& prediction, const Tensor& target, LossOptions options) {
  check_shapes(prediction, target, "mse_loss");
  if (options.reduction == Reduction::none) return square(prediction - target);
  Tensor total = squared_distance(prediction, target);
  if (options.reduction == Reduction::sum) return total;
  return total * (1 / static_cast<double>(prediction.numel()));
}

Tensor l1_loss(const Tensor& prediction, const Tensor& target, LossOptions options) {
  check_shapes(prediction, target, "l1_loss");
  return reduce(abs(prediction - target), options);
}

Tensor huber_loss(const Tensor& prediction, const Tensor& target, double delta,
                  LossOptions options) {
  check_shapes(prediction, target, "huber_loss");
  check(delta > 0, "huber_loss: delta must be positive, got ", delta);
  const Tensor d = abs(prediction - target);
  return reduce(where(less_equal(d, delta), 0.5 * square(d), delta * (d - delta / 2)), options);
}

Tensor bce_with_logits_loss(const Tensor& logits, const Tensor& target, LossOptions options) {
  check_shapes(logits, target, "bce_with_logits_loss");
  return reduce(softplus(logits) - target * logits, options);
}

Tensor bce_loss(const Tensor& probability, const Tensor& target, LossOptions options) {
  check_shapes(probability, target, "bce_loss");
  // At the ends the bound stands for the logarithm, so that 0 log 0 is no NaN and has no slope. A
  // NaN goes to the logarithm.
  const auto bounded_log = [](const Tensor& x) {
    constexpr double kLeast = -100;
    const Tensor at_end = less_equal(x, 0);
    return maximum(
        where(at_end, full(x.shape(), kLeast, x.dtype()), log(where(at_end, ones_like(x), x))),
        kLeast);
  };
  return reduce(-(target * bounded_log(probability) + (1 - target) * bounded_log(1 - probability)),
                options);
}

Tensor kl_loss(const Tensor& log_prediction, const Tensor& target, LossOptions options) {
  check_shapes(log_prediction, target, "kl_loss");
  const Tensor absent = less_equal(target, 0);  // so that a NaN counts as present
  const Tensor log_target = log(where(absent, ones_like(target), target));
  return reduce(where(absent, zeros_like(target), target * (log_target - log_prediction)), options);
}

Tensor nll_loss(const Tensor& log_probabilities, const Tensor& target, LossOptions options) {
  check(log_probabilities.rank() == 2 && target.rank() == 1 && target.dtype() == DType::i64 &&
            target.size(0) == log_probabilities.size(0),
        "nll_loss: needs [B, C] and i64 classes [B], got ", log_probabilities.shape(), " and ",
        target.dtype(), target.shape());
  return reduce(-squeeze(gather(log_probabilities, 1, unsqueeze(target, 1)), 1), options);
}

Tensor cross_entropy_loss(const Tensor& logits, const Tensor& target, LossOptions options) {
  return nll_loss(log_softmax(logits, {-1}), target, options);
}

}  // namespace ito::nn
