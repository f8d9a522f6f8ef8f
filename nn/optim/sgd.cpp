#include "nn/optim/sgd.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

namespace ito::nn {
namespace {

std::vector<std::string> slots(const RmsPropOptions& o) {
  std::vector<std::string> names{"v"};
  if (o.momentum > 0) names.emplace_back("b");
  if (o.centred) names.emplace_back("mean");
  return names;
}

}  // namespace

Sgd::Sgd(std::vector<Tensor> parameters, const SgdOptions& options)
    : Sgd(std::vector<ParameterGroup>{{.parameters = std::move(parameters)}}, options) {}

Sgd::Sgd(std::vector<ParameterGroup> groups, const SgdOptions& options)
    : Optimizer(std::move(groups), options.lr,
                options.momentum > 0 ? std::vector<std::string>{"b"} : std::vector<std::string>{}),
      options_(options) {
  check(!options.nesterov || options.momentum > 0, "Sgd: nesterov needs momentum > 0");
}

void Sgd::update(const Update& u) {
  visit_floating(u.parameter.dtype(), "Sgd", [&]<class T>(T) {
    T* p = u.parameter.mutable_data<T>();
    const T* gradient = u.gradient.data<T>();
    T* b = options_.momentum > 0 ? u.state[0].mutable_data<T>() : nullptr;
    const auto lr = static_cast<T>(u.lr), scale = static_cast<T>(u.grad_scale);
    const auto momentum = static_cast<T>(options_.momentum);
    const auto decay = static_cast<T>(options_.weight_decay * u.weight_decay_scale);
    const Index n = u.parameter.numel();
    for (Index i = 0; i < n; ++i) {
      const T g = scale * gradient[i] + decay * p[i];
      T direction = g;
      if (b) {
        b[i] = momentum * b[i] + g;
        direction = options_.nesterov ? g + momentum * b[i] : b[i];
      }
      p[i] -= lr * direction;
    }
  });
}

RmsProp::RmsProp(std::vector<Tensor> parameters, const RmsPropOptions& options)
    : RmsProp(std::vector<ParameterGroup>{{.parameters = std::move(parameters)}}, options) {}

RmsProp::RmsProp(std::vector<ParameterGroup> groups, const RmsPropOptions& options)
    : Optimizer(std::move(groups), options.lr, slots(options)), options_(options) {}

void RmsProp::update(const Update& u) {
  visit_floating(u.parameter.dtype(), "RmsProp", [&]<class T>(T) {
    T* p = u.parameter.mutable_data<T>();
    const T* gradient = u.gradient.data<T>();
    T* v = u.state[0].mutable_data<T>();
    const bool momentum_on = options_.momentum > 0;
    T* b = momentum_on ? u.state[1].mutable_data<T>() : nullptr;
    T* mean = options_.centred ? u.state[momentum_on ? 2 : 1].mutable_data<T>() : nullptr;
    const auto lr = static_cast<T>(u.lr), scale = static_cast<T>(u.grad_scale);
    const auto alpha = static_cast<T>(options_.alpha), eps = static_cast<T>(options_.eps);
    const auto momentum = static_cast<T>(options_.momentum);
    const auto decay = static_cast<T>(options_.weight_decay * u.weight_decay_scale);
    const Index n = u.parameter.numel();
    for (Index i = 0; i < n; ++i) {
      const T g = scale * gradient[i] + decay * p[i];
      v[i] = alpha * v[i] + (1 - alpha) * g * g;
      T spread = v[i];
      if (mean) {
        mean[i] = alpha * mean[i] + (1 - alpha) * g;
        spread = std::max(spread - mean[i] * mean[i], T(0));  // rounding may leave less
      }
      T direction = g / (std::sqrt(spread) + eps);
      if (b) direction = b[i] = momentum * b[i] + direction;
      p[i] -= lr * direction;
    }
  });
}

}  // namespace ito::nn
