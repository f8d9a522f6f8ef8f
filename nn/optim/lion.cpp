#include "nn/optim/lion.h"

#include <utility>

namespace ito::nn {

Lion::Lion(std::vector<Tensor> parameters, const LionOptions& options)
    : Lion(std::vector<ParameterGroup>{{.parameters = std::move(parameters)}}, options) {}

Lion::Lion(std::vector<ParameterGroup> groups, const LionOptions& options)
    : Optimizer(std::move(groups), options.lr, {"m"}), options_(options) {}

void Lion::update(const Update& u) {
  visit_floating(u.parameter.dtype(), "Lion", [&]<class T>(T) {
    T* p = u.parameter.mutable_data<T>();
    const T* gradient = u.gradient.data<T>();
    T* m = u.state[0].mutable_data<T>();
    const auto lr = static_cast<T>(u.lr), scale = static_cast<T>(u.grad_scale);
    const auto beta1 = static_cast<T>(options_.beta1), beta2 = static_cast<T>(options_.beta2);
    const auto decay = static_cast<T>(options_.weight_decay * u.weight_decay_scale);
    const Index n = u.parameter.numel();
    for (Index i = 0; i < n; ++i) {
      const T g = scale * gradient[i];
      const T c = beta1 * m[i] + (1 - beta1) * g;
      const T sign = static_cast<T>((c > 0) - (c < 0));
      p[i] -= lr * (sign + decay * p[i]);
      m[i] = beta2 * m[i] + (1 - beta2) * g;
    }
  });
}

}  // namespace ito::nn
