// Ema: an exponential moving average of parameters.
#pragma once

#include <span>
#include <vector>

#include "autograd/tensor.h"
#include "nn/module.h"

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

  // After each step of an optimiser; Optimizer::step can do both in one pass.
  void update();
  // Exchanges the values of parameters and averages: evaluate with the averages in place, then swap
  // back.
  void swap();

  // Copies of the averages, by their number, and "updates".
  StateDict state_dict() const;
  // Copies them back in; throws an Error that lists every difference.
  void load_state_dict(const StateDict& state);

  std::span<const Tensor> averages() const { return averages_; }
  Index updates() const { return updates_; }

 private:
  friend class Optimizer;
  double next_decay();  // counts an update

  StateDict views() const;

  std::vector<Tensor> parameters_;
  std::vector<Tensor> averages_;
  EmaOptions options_;
  Index updates_ = 0;
};

}  // namespace ito::nn
