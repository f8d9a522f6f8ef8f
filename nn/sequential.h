// Sequential: modules and functions one after another.
//
//   Sequential net(Linear(2, 64, rng), Activation::tanh, Linear(64, 2, rng));
#pragma once

#include <concepts>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "nn/activation.h"
#include "nn/module.h"

namespace ito::nn {

// Step k, a module with forward(x), an Activation or a function of a tensor, is called "k".
class Sequential : public Module {
 public:
  // A single Sequential is copied, not nested.
  template <class... Steps>
  requires(sizeof...(Steps) > 1 ||
           (... && !std::same_as<std::remove_cvref_t<Steps>,
                                 Sequential>)) explicit Sequential(Steps&&... steps) {
    (push(std::forward<Steps>(steps)), ...);
  }

  template <class Step>
  void push(Step step) {
    if constexpr (std::derived_from<Step, Module>) {
      // A copied module shares its tensors, so the registered and the called one are the same.
      steps_.push_back([kept = add(std::to_string(steps_.size()), std::move(step))](
                           const Tensor& x) { return kept.forward(x); });
    } else if constexpr (std::same_as<Step, Activation>) {
      steps_.push_back([step](const Tensor& x) { return activate(step, x); });
    } else {
      steps_.push_back(std::move(step));
    }
  }

  Tensor forward(const Tensor& x) const {
    Tensor y = x;
    for (const auto& step : steps_) y = step(y);
    return y;
  }

  std::size_t size() const { return steps_.size(); }

 private:
  std::vector<std::function<Tensor(const Tensor&)>> steps_;
};

}  // namespace ito::nn
