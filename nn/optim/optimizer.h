// Optimizer: the base of all update rules.
#pragma once

#include <vector>

#include "autograd/tensor.h"
#include "nn/module.h"

namespace ito::nn {

class Ema;

// Parameters that share settings. The scales multiply the optimiser's own, so that a schedule of
// the learning rate needs to know nothing about groups.
struct ParameterGroup {
  std::vector<Tensor> parameters;
  double lr_scale = 1;
  double weight_decay_scale = 1;
};

// Throws an Error headed by `what` unless these are distinct contiguous leaves that require a
// gradient.
void check_parameters(const std::vector<Tensor>& parameters, const char* what);

class Optimizer {
 public:
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  // Updates every parameter that has a gradient, of grad_scale times that gradient: the factor of
  // clip_grad_norm goes here, so that clipping costs no pass over memory.
  // If `ema` is given, an average of the same parameters in the same order, it is updated too: in
  // the same pass over memory where the rule can, and with the bytes of ema->update() after step().
  // Averages of other parameters throw, and nothing changes.
  void step(double grad_scale = 1, Ema* ema = nullptr);

  void zero_grad();

  double lr() const { return lr_; }
  void set_lr(double lr) { lr_ = lr; }

  Index steps() const { return steps_; }  // taken so far
  const std::vector<ParameterGroup>& groups() const { return groups_; }

  // Copies of everything but parameters and options: "steps" and, for parameter k, "k.<slot>".
  StateDict state_dict() const;
  // Copies them back in; throws an Error that lists every difference.
  void load_state_dict(const StateDict& state);

 protected:
  // `slots` names the tensors kept for each parameter, in its shape, zero at first.
  Optimizer(std::vector<ParameterGroup> groups, double lr, std::vector<std::string> slots);

  // One update of `parameter`, contiguous as are its gradient and state. steps() counts this one.
  struct Update {
    Tensor& parameter;
    const Tensor& gradient;
    Tensor* state;  // one for each slot
    double lr;
    double weight_decay_scale;
    double grad_scale;
    Tensor* average;  // to be moved by ema_decay as well, or null
    double ema_decay;
  };
  virtual void update(const Update& u) = 0;
  // Whether update() moves averages; otherwise it is never given one.
  virtual bool moves_averages() const { return false; }

 private:
  bool is_averaged_by(const Ema& ema) const;
  StateDict views() const;

  std::vector<ParameterGroup> groups_;
  double lr_;
  std::vector<std::string> slots_;
  std::vector<Tensor> state_;  // [parameter][slot]
  Index steps_ = 0;
};

}  // namespace ito::nn
