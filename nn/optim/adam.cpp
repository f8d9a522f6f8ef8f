#include "nn/optim/adam.h"

#include <utility>

#include "autograd/kernels/optim.h"
#include "autograd/ops/binary.h"
#include "autograd/parallel.h"

namespace ito::nn {
namespace {

// The kernel on one parameter with state {m, v}.
void adamw(const kernels::AdamWStep& step, Tensor& parameter, const Tensor& gradient, Tensor* state,
           Tensor* average, double ema_decay) {
  visit_floating(parameter.dtype(), "AdamW", [&]<class T>(T) {
    T* p = parameter.mutable_data<T>();
    const T* g = gradient.data<T>();
    T* m = state[0].mutable_data<T>();
    T* v = state[1].mutable_data<T>();
    T* e = average ? average->mutable_data<T>() : nullptr;
    parallel_for_pieces(parameter.numel(), kWorthAThread, [&](Index at, Index count) {
      kernels::adamw(step, p + at, g + at, m + at, v + at, e ? e + at : nullptr, ema_decay, count);
    });
  });
}

template <class Options>
void check_options(const Options& o, const char* what) {
  const auto decays = [](double beta) { return beta >= 0 && beta < 1; };
  check(o.lr >= 0 && decays(o.beta1) && decays(o.beta2) && o.eps >= 0, what,
        ": needs lr >= 0, betas in [0, 1) and eps >= 0, got ", o.lr, ", ", o.beta1, ", ", o.beta2,
        " and ", o.eps);
}

}  // namespace

Adam::Adam(std::vector<Tensor> parameters, const AdamOptions& options)
    : Adam(std::vector<ParameterGroup>{{.parameters = std::move(parameters)}}, options) {}

Adam::Adam(std::vector<ParameterGroup> groups, const AdamOptions& options)
    : Optimizer(std::move(groups), options.lr, {"m", "v"}), options_(options) {
  check_options(options, "Adam");
}

void Adam::update(const Update& u) {
  const double decay = options_.weight_decay * u.weight_decay_scale;
  // The scale is for the gradient alone, so with decay it cannot be left to the kernel.
  const Tensor gradient = decay == 0 ? u.gradient : u.grad_scale * u.gradient + decay * u.parameter;
  adamw({.lr = u.lr,
         .beta1 = options_.beta1,
         .beta2 = options_.beta2,
         .eps = options_.eps,
         .grad_scale = decay == 0 ? u.grad_scale : 1,
         .step = steps()},
        u.parameter, gradient, u.state, u.average, u.ema_decay);
}

AdamW::AdamW(std::vector<Tensor> parameters, const AdamWOptions& options)
    : AdamW(std::vector<ParameterGroup>{{.parameters = std::move(parameters)}}, options) {}

AdamW::AdamW(std::vector<ParameterGroup> groups, const AdamWOptions& options)
    : Optimizer(std::move(groups), options.lr, {"m", "v"}), options_(options) {
  check_options(options, "AdamW");
}

void AdamW::update(const Update& u) {
  adamw({.lr = u.lr,
         .beta1 = options_.beta1,
         .beta2 = options_.beta2,
         .eps = options_.eps,
         .weight_decay = options_.weight_decay * u.weight_decay_scale,
         .grad_scale = u.grad_scale,
         .step = steps()},
        u.parameter, u.gradient, u.state, u.average, u.ema_decay);
}

}  // namespace ito::nn
