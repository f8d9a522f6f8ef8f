// SGD and RMSprop: gradient descent, plain or with a scale for each element. PyTorch's semantics.
#pragma once

#include <vector>

#include "nn/optim/optimizer.h"

namespace ito::nn {

struct SgdOptions {
  double lr = 1e-2;
  double momentum = 0;
  bool nesterov = false;  // with momentum only
  double weight_decay = 0;
};

// g += weight_decay p,  b = momentum b + g,  p -= lr (nesterov ? g + momentum b : b).
class Sgd final : public Optimizer {
 public:
  explicit Sgd(std::vector<Tensor> parameters, const SgdOptions& options = {});
  explicit Sgd(std::vector<ParameterGroup> groups, const SgdOptions& options = {});

 private:
  void update(const Update& u) override;

  SgdOptions options_;
};

struct RmsPropOptions {
  double lr = 1e-2;
  double alpha = 0.99;
  double eps = 1e-8;
  double momentum = 0;
  bool centred = false;  // subtracts the square of the mean gradient
  double weight_decay = 0;
};

// g += weight_decay p,  v = alpha v + (1 - alpha) g^2,  b = momentum b + g/(sqrt(v) + eps),
// p -= lr b; centred: v - (mean gradient)^2 under the root, averaged like v.
class RmsProp final : public Optimizer {
 public:
  explicit RmsProp(std::vector<Tensor> parameters, const RmsPropOptions& options = {});
  explicit RmsProp(std::vector<ParameterGroup> groups, const RmsPropOptions& options = {});

 private:
  void update(const Update& u) override;

  RmsPropOptions options_;
};

}  // namespace ito::nn
