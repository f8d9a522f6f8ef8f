#include "nn/optim/ema.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "autograd/flush_denormals.h"
#include "autograd/grad_mode.h"
#include "autograd/kernels/optim.h"
#include "nn/optim/optimizer.h"

namespace ito::nn {

Ema::Ema(std::vector<Tensor> parameters, const EmaOptions& options)
    : parameters_(std::move(parameters)), options_(options) {
  check(options.decay >= 0 && options.decay < 1, "Ema: decay must lie in [0, 1), got ",
        options.decay);
  check_parameters(parameters_, "Ema");
  averages_.reserve(parameters_.size());
  for (const Tensor& p : parameters_) averages_.push_back(detached_copy(p));
}

double Ema::next_decay() {
  const auto k = static_cast<double>(++updates_);
  return options_.warm_up ? std::min(options_.decay, (1 + k) / (10 + k)) : options_.decay;
}

void Ema::update() {
  const FlushDenormals flush;
  const double decay = next_decay();
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    visit_floating(parameters_[i].dtype(), "Ema", [&]<class T>(T) {
      kernels::move_average(parameters_[i].data<T>(), averages_[i].mutable_data<T>(), decay,
                            parameters_[i].numel());
    });
  }
}

void Ema::swap() {
  NoGrad guard;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    visit_floating(parameters_[i].dtype(), "Ema", [&]<class T>(T) {
      T* p = parameters_[i].mutable_data<T>();
      std::swap_ranges(p, p + parameters_[i].numel(), averages_[i].mutable_data<T>());
    });
  }
}

StateDict Ema::views() const {
  StateDict state;
  for (std::size_t i = 0; i < averages_.size(); ++i) {
    state.push_back({std::to_string(i), averages_[i]});
  }
  return state;
}

StateDict Ema::state_dict() const {
  StateDict state = views();
  for (NamedTensor& entry : state) entry.value = detached_copy(entry.value);
  state.push_back({"updates", scalar(static_cast<double>(updates_), DType::i64)});
  return state;
}

void Ema::load_state_dict(const StateDict& state) {
  StateDict own = views();
  const Tensor updates = scalar(0, DType::i64);
  own.push_back({"updates", updates});
  load_values(state, own, "ema");
  updates_ = *updates.data<std::int64_t>();
}

}  // namespace ito::nn
