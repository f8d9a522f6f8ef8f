#include "nn/optim/optimizer.h"

#include <string>
#include <unordered_set>
#include <utility>

#include "autograd/flush_denormals.h"
#include "autograd/grad_mode.h"
#include "autograd/kernels/optim.h"
#include "autograd/ops/convert.h"
#include "nn/optim/ema.h"

namespace ito::nn {

void check_parameters(const std::vector<Tensor>& parameters, const char* what) {
  std::unordered_set<const Node*> met;
  for (const Tensor& p : parameters) {
    check(p.requires_grad() && p.is_leaf() && p.is_contiguous(), what,
          ": parameters are contiguous leaves that require a gradient");
    check(met.insert(p.node()).second, what, ": a parameter ", p.shape(), " is given twice");
  }
}

Optimizer::Optimizer(std::vector<ParameterGroup> groups, double lr, std::vector<std::string> slots)
    : groups_(std::move(groups)), lr_(lr), slots_(std::move(slots)) {
  std::vector<Tensor> all;
  for (const ParameterGroup& group : groups_) {
    all.insert(all.end(), group.parameters.begin(), group.parameters.end());
  }
  check_parameters(all, "optimizer");
  for (const Tensor& p : all) {
    for (std::size_t k = 0; k < slots_.size(); ++k) state_.push_back(zeros_like(p));
  }
}

bool Optimizer::is_averaged_by(const Ema& ema) const {
  std::size_t k = 0;
  for (const ParameterGroup& group : groups_) {
    for (const Tensor& p : group.parameters) {
      if (k == ema.parameters_.size() || !ema.parameters_[k++].same_as(p)) return false;
    }
  }
  return k == ema.parameters_.size();
}

void Optimizer::step(double grad_scale, Ema* ema) {
  NoGrad guard;
  const FlushDenormals flush;
  check(!ema || is_averaged_by(*ema), "optimizer: the averages are of other parameters");
  ++steps_;
  const double decay = ema ? ema->next_decay() : 0;
  std::size_t k = 0;  // of this parameter
  for (ParameterGroup& group : groups_) {
    for (Tensor& p : group.parameters) {
      Tensor* state = state_.data() + k * slots_.size();
      Tensor* average = ema ? &ema->averages_[k] : nullptr;
      ++k;
      const bool moves = p.grad().defined();
      if (moves) {
        update({.parameter = p,
                .gradient = contiguous(p.grad()),
                .state = state,
                .lr = lr_ * group.lr_scale,
                .weight_decay_scale = group.weight_decay_scale,
                .grad_scale = grad_scale,
                .average = moves_averages() ? average : nullptr,
                .ema_decay = decay});
      }
      if (!average || (moves && moves_averages())) continue;
      visit_floating(p.dtype(), "optimizer", [&]<class T>(T) {
        kernels::move_average(p.data<T>(), average->mutable_data<T>(), decay, p.numel());
      });
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
