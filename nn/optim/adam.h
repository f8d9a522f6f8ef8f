// Adam (Kingma and Ba, 2015) and AdamW, its form with decoupled weight decay (Loshchilov and
// Hutter, 2019). PyTorch's semantics.
#pragma once

#include <vector>

#include "nn/optim/optimizer.h"

namespace ito::nn {

struct AdamOptions {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0;  // added to the gradient: g += weight_decay p
};

class Adam final : public Optimizer {
 public:
  explicit Adam(std::vector<Tensor> parameters, const AdamOptions& options = {});
  explicit Adam(std::vector<ParameterGroup> groups, const AdamOptions& options = {});

 private:
  void update(const Update& u) override;
  bool moves_averages() const override { return true; }

  AdamOptions options_;
};

struct AdamWOptions {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 1e-2;  // p -= lr weight_decay p
};

class AdamW final : public Optimizer {
 public:
  explicit AdamW(std::vector<Tensor> parameters, const AdamWOptions& options = {});
  explicit AdamW(std::vector<ParameterGroup> groups, const AdamWOptions& options = {});

 private:
  void update(const Update& u) override;
  bool moves_averages() const override { return true; }

  AdamWOptions options_;
};

}  // namespace ito::nn
