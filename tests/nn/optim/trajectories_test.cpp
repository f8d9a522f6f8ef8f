// 100 steps of every optimiser and schedule against PyTorch's, stored in reference/trajectories.h
// by the script beside it. Both sides compute in f64, so only roundings differ, which these
// problems do not magnify beyond 1e-12; the tolerance leaves three digits of room below the 1e-6
// asked for.
#include "tests/nn/reference/trajectories.h"

#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/ops.h"
#include "nn/loss.h"
#include "nn/optim/adam.h"
#include "nn/optim/lbfgs.h"
#include "nn/optim/lion.h"
#include "nn/optim/lr_schedule.h"
#include "nn/optim/sgd.h"

namespace ito::nn {
namespace {

constexpr double kTolerance = 1e-9;

struct Problem {
  std::vector<Tensor> parameters;
  std::function<Tensor()> loss;
};

// x'Ax/2 - b'x
Problem quadratic() {
  Tensor x = zeros({3}, DType::f64);
  x.set_requires_grad();
  const Tensor a = tensor({{3, 1, 0}, {1, 2, 0.5}, {0, 0.5, 1}}, DType::f64);
  const Tensor b = tensor({1, -2, 0.5}, DType::f64);
  return {{x}, [=] { return sum(0.5 * (x * matmul(a, x)) - b * x); }};
}

std::vector<double> table(int count, const std::function<double(int)>& f) {
  std::vector<double> values;
  for (int k = 0; k < count; ++k) values.push_back(f(k));
  return values;
}

// A network 2 -> 3 -> 1 with tanh, on 8 samples, with a penalty on its weights.
Problem mlp() {
  const Tensor values = from(table(13, [](int k) { return 0.8 * std::sin(k + 1); }), {13});
  const auto parameter = [&](Index start, Index stop, const Shape& shape) {
    const std::vector<double> part = slice(values, 0, start, stop).to_vector<double>();
    Tensor p = from(part, shape);
    p.set_requires_grad();
    return p;
  };
  const Tensor w1 = parameter(0, 6, {3, 2}), b1 = parameter(6, 9, {3});
  const Tensor w2 = parameter(9, 12, {1, 3}), b2 = parameter(12, 13, {1});
  const Tensor x = from(table(16, [](int k) { return std::cos(0.7 * k); }), {8, 2});
  const Tensor y = square(slice(x, 1, 0, 1)) - slice(x, 1, 1);
  return {{w1, b1, w2, b2}, [=] {
            const Tensor penalty =
                sum(square(w1)) + sum(square(b1)) + sum(square(w2)) + sum(square(b2));
            return mse_loss(linear(tanh(linear(x, w1, b1)), w2, b2), y) + 0.05 * penalty;
          }};
}

using Step = std::function<void()>;
using Maker = std::function<Step(const Problem&)>;

// A step of an optimiser made from the problem's parameters.
template <class OptimiserT, class Options>
Maker with(Options options) {
  return [options](const Problem& problem) -> Step {
    auto optimiser = std::make_shared<OptimiserT>(problem.parameters, options);
    return [=] {
      optimiser->zero_grad();
      problem.loss().backward();
      optimiser->step();
    };
  };
}

Step adamw_with_groups(const Problem& problem) {
  const auto& p = problem.parameters;
  std::vector<ParameterGroup> groups{
      {.parameters = {p[0]}, .lr_scale = 0.5},
      {.parameters = {p.begin() + 1, p.end()}, .weight_decay_scale = 0}};
  auto optimiser =
      std::make_shared<AdamW>(std::move(groups), AdamWOptions{.lr = 0.01, .weight_decay = 0.1});
  return [=] {
    optimiser->zero_grad();
    problem.loss().backward();
    optimiser->step();
  };
}

Step lbfgs(const Problem& problem) {
  auto optimiser =
      std::make_shared<Lbfgs>(problem.parameters, LbfgsOptions{.lr = 0.2,
                                                               .iterations = 1,
                                                               .history = 10,
                                                               .gradient_tolerance = 0,
                                                               .change_tolerance = 0,
                                                               .line_search = LineSearch::none});
  return [=] { optimiser->step(problem.loss); };
}

const std::map<std::string, Maker>& optimisers() {
  static const std::map<std::string, Maker> makers{
      {"sgd", with<Sgd>(SgdOptions{.lr = 0.05})},
      {"sgd_decay", with<Sgd>(SgdOptions{.lr = 0.05, .weight_decay = 0.1})},
      {"momentum", with<Sgd>(SgdOptions{.lr = 0.02, .momentum = 0.9, .weight_decay = 0.01})},
      {"nesterov", with<Sgd>(SgdOptions{.lr = 0.02, .momentum = 0.9, .nesterov = true})},
      {"adam", with<Adam>(AdamOptions{.lr = 0.05})},
      {"adam_decay",
       with<Adam>(AdamOptions{.lr = 0.05, .beta1 = 0.8, .beta2 = 0.95, .weight_decay = 0.1})},
      {"adamw", with<AdamW>(AdamWOptions{.lr = 0.05, .weight_decay = 0.1})},
      {"adamw_groups", adamw_with_groups},
      {"rmsprop", with<RmsProp>(RmsPropOptions{.lr = 0.01})},
      {"rmsprop_full",
       with<RmsProp>(RmsPropOptions{
           .lr = 0.01, .alpha = 0.98, .momentum = 0.5, .centred = true, .weight_decay = 0.1})},
      {"lion", with<Lion>(LionOptions{.lr = 0.01, .weight_decay = 0.1})},
      {"lbfgs", lbfgs},
  };
  return makers;
}

std::vector<double> flat(const std::vector<Tensor>& parameters) {
  std::vector<double> all;
  for (const Tensor& p : parameters) {
    const std::vector<double> values = p.to_vector<double>();
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

void expect_near(const std::vector<double>& got, const std::vector<double>& wanted,
                 const std::string& what) {
  ASSERT_EQ(got.size(), wanted.size()) << what;
  for (std::size_t i = 0; i < got.size(); ++i) {
    EXPECT_NEAR(got[i], wanted[i], kTolerance) << what << ", number " << i;
  }
}

TEST(Trajectories, OptimisersGoWherePyTorchGoes) {
  std::string running;
  Problem problem;
  Step step;
  int taken = 0;
  for (const reference::Trajectory& row : reference::kTrajectories) {
    const std::string name = std::string(row.optimiser) + " on " + row.problem;
    if (name != running) {
      running = name;
      taken = 0;
      problem = row.problem == std::string("mlp") ? mlp() : quadratic();
      step = optimisers().at(row.optimiser)(problem);
    }
    for (; taken < row.step; ++taken) step();
    expect_near(flat(problem.parameters), row.parameters,
                name + " after " + std::to_string(row.step));
  }
  EXPECT_EQ(reference::kTrajectories.size(), 2 * 3 * optimisers().size());
}

TEST(Trajectories, SchedulesGoWherePyTorchGoes) {
  const std::map<std::string, LrSchedule> schedules{
      {"constant", constant(0.5)},
      {"step_decay", step_decay(30, 0.1)},
      {"exponential", exponential(0.97)},
      {"cosine", cosine(100, 0.1)},
      {"warm_up", warm_up(10, 0.1)},
      {"one_cycle", one_cycle(100)},
      {"product", warm_up(10, 0.1) * exponential(0.97)},
      {"sequence", sequence(warm_up(10, 0.1), 10, cosine(90))},
  };
  ASSERT_EQ(reference::kScheduled.size(), schedules.size());
  for (const reference::Scheduled& row : reference::kScheduled) {
    const LrSchedule& schedule = schedules.at(row.schedule);
    std::vector<double> factors;
    for (const int k : reference::kScheduleSteps) factors.push_back(schedule(k));
    expect_near(factors, row.factors, row.schedule);

    const Problem problem = quadratic();
    Sgd optimiser(problem.parameters, {.lr = 1});
    for (Index k = 0; k < 100; ++k) {
      optimiser.set_lr(schedule(k));
      optimiser.zero_grad();
      problem.loss().backward();
      optimiser.step(reference::kScheduledScale);
    }
    expect_near(flat(problem.parameters), row.parameters, row.schedule);
  }
}

TEST(Trajectories, PlateauStepsWherePyTorchSteps) {
  Plateau plateau({.factor = 0.5, .patience = 5, .min_factor = 0.01});
  std::vector<double> factors;
  for (int k = 1; k <= 100; ++k) factors.push_back(plateau.observe(1.0 / std::min(k, 20)));
  expect_near(factors, reference::kPlateau, "plateau");
}

}  // namespace
}  // namespace ito::nn
