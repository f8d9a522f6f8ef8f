// Losses of a prediction against a target, reduced over all elements (over samples for the
// classification losses). PyTorch's definitions.
#pragma once

#include "autograd/tensor.h"

namespace ito::nn {

enum class Reduction { mean, sum, none };

struct LossOptions {
  Reduction reduction = Reduction::mean;
};

// Elementwise; prediction and target have the same shape.

Tensor mse_loss(const Tensor& prediction, const Tensor& target, LossOptions options = {});  // d^2
Tensor l1_loss(const Tensor& prediction, const Tensor& target, LossOptions options = {});   // |d|
// d^2/2 for |d| <= delta, delta (|d| - delta/2) beyond.
Tensor huber_loss(const Tensor& prediction, const Tensor& target, double delta = 1,
                  LossOptions options = {});
// -y log sigmoid(x) - (1 - y) log(1 - sigmoid(x)), finite for every logit x; y in [0, 1].
Tensor bce_with_logits_loss(const Tensor& logits, const Tensor& target, LossOptions options = {});
// -y log p - (1 - y) log(1 - p) of a probability p in [0, 1], with logarithms no less than -100;
// bce_with_logits_loss keeps the digits that p near 0 or 1 has lost.
Tensor bce_loss(const Tensor& probability, const Tensor& target, LossOptions options = {});
// y (log y - x) of a target density y and a predicted log-density x; 0 where y = 0. The mean is
// over elements: for KL of distributions take the sum and divide by their number.
Tensor kl_loss(const Tensor& log_prediction, const Tensor& target, LossOptions options = {});

// Classes: the target is i64 [B].

// -x[b, target[b]]
Tensor nll_loss(const Tensor& log_probabilities /*[B, C]*/, const Tensor& target,
                LossOptions options = {});
// nll_loss of log_softmax.
Tensor cross_entropy_loss(const Tensor& logits /*[B, C]*/, const Tensor& target,
                          LossOptions options = {});

}  // namespace ito::nn
