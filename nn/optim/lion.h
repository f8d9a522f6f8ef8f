// Lion: the sign of an interpolated momentum (Chen et al., 2023).
#pragma once

#include <vector>

#include "nn/optim/optimizer.h"

namespace ito::nn {

struct LionOptions {
  double lr = 1e-4;  // a third to a tenth of AdamW's
  double beta1 = 0.9;
  double beta2 = 0.99;
  double weight_decay = 0;  // decoupled
};

// p -= lr (sign(beta1 m + (1 - beta1) g) + weight_decay p),  m = beta2 m + (1 - beta2) g.
class Lion final : public Optimizer {
 public:
  explicit Lion(std::vector<Tensor> parameters, const LionOptions& options = {});
  explicit Lion(std::vector<ParameterGroup> groups, const LionOptions& options = {});

 private:
  void update(const Update& u) override;

  LionOptions options_;
};

}  // namespace ito::nn
