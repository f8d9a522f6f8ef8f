#include "nn/optim/optimizer.h"

#include <string>
#include <utility>

#include "autograd/grad_mode.h"
#include "autograd/ops/convert.h"

namespace ito::nn {

Optimizer::Optimizer(std::vector<ParameterGroup> groups, double lr, std::vector<std::string> slots)
    : groups_(std::move(groups)), lr_(lr), slots_(std::move(slots)) {
  for (const ParameterGroup& group : groups_) {
    for (const Tensor& p : group.parameters) {
      check(p.requires_grad() && p.is_leaf() && p.is_contiguous(),
            "optimizer: parameters are contiguous leaves that require a gradient");
      for (std::size_t k = 0; k < slots_.size(); ++k) state_.push_back(zeros_like(p));
    }
  }
}

void Optimizer::step(double grad_scale) {
  NoGrad guard;
  ++steps_;
  std::size_t at = 0;
  for (ParameterGroup& group : groups_) {
    for (Tensor& p : group.parameters) {
      Tensor* state = state_.data() + at;
      at += slots_.size();
      if (!p.grad().defined()) continue;
      update({.parameter = p,
              .gradient = contiguous(p.grad()),
              .state = state,
              .lr = lr_ * group.lr_scale,
              .weight_decay_scale = group.weight_decay_scale,
              .grad_scale = grad_scale});
    }
  }
}

void Optimizer::zero_grad() {
  for (ParameterGroup& group : groups_) {
    for (Tensor& p : group.parameters) p.zero_grad();
  }
}

StateDict Optimizer::views() const {
  StateDict state;
  for (std::size_t i = 0; i < state_.size(); ++i) {
    state.push_back(
        {std::to_string(i / slots_.size()) + '.' + slots_[i % slots_.size()], state_[i]});
  }
  return state;
}

StateDict Optimizer::state_dict() const {
  StateDict state = views();
  for (NamedTensor& entry : state) entry.value = detached_copy(entry.value);
  state.push_back({"steps", scalar(static_cast<double>(steps_), DType::i64)});
  return state;
}

void Optimizer::load_state_dict(const StateDict& state) {
  StateDict own = views();
  const Tensor steps = scalar(0, DType::i64);
  own.push_back({"steps", steps});
  load_values(state, own, "optimizer");
  steps_ = *steps.data<std::int64_t>();
}

}  // namespace ito::nn
