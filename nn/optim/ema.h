// Ema: an exponential moving average of parameters.
#pragma once

#include <span>
#include <vector>

#include "autograd/tensor.h"

namespace ito::nn {

struct EmaOptions {
  double decay = 0.999;
  // Uses min(decay, (1 + k)/(10 + k)) at update k = 1, 2, ..., so that the average forgets the
  // initial values sooner.
  bool warm_up = false;
};

// average = decay average + (1 - decay) parameter, from the parameters' values at construction.
class Ema {
 public:
  Ema(std::vector<Tensor> parameters, const EmaOptions& options);

  void update();
  // Exchanges the values of parameters and averages: evaluate with the averages in place, then swap
  // back.
  void swap();

  std::span<const Tensor> averages() const { return averages_; }
  Index updates() const { return updates_; }

 private:
  std::vector<Tensor> parameters_;
  std::vector<Tensor> averages_;
  EmaOptions options_;
  Index updates_ = 0;
};

}  // namespace ito::nn
