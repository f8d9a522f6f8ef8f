#include "nn/optim/ema.h"

#include <cmath>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/grad_mode.h"
#include "autograd/ops/random.h"
#include "autograd/ops/view.h"
#include "nn/optim/adam.h"
#include "nn/optim/lion.h"

namespace ito::nn {
namespace {

Tensor parameter(double value) {
  Tensor p = full({2}, value, DType::f64);
  p.set_requires_grad();
  return p;
}

void assign(Tensor p, double value) {
  NoGrad guard;
  p.fill_(value);
}

TEST(Ema, AveragesExponentiallyFromTheInitialValues) {
  const Tensor p = parameter(1);
  Ema ema({p}, {.decay = 0.9});
  assign(p, 2);
  for (int k = 1; k <= 5; ++k) {
    ema.update();
    EXPECT_NEAR(ema.averages()[0].to_vector<double>()[1], 2 - std::pow(0.9, k), 1e-15);
  }
  EXPECT_EQ(ema.updates(), 5);
}

TEST(Ema, WarmUpBeginsWithASmallDecay) {
  const Tensor p = parameter(0);
  Ema ema({p}, {.decay = 0.99, .warm_up = true});
  assign(p, 1);
  ema.update();  // decay 2/11
  EXPECT_NEAR(ema.averages()[0].to_vector<double>()[0], 1 - 2.0 / 11, 1e-15);
  ema.update();  // decay 3/12
  EXPECT_NEAR(ema.averages()[0].to_vector<double>()[0], 1 - 2.0 / 11 * 3 / 12, 1e-15);
}

TEST(Ema, SwapExchangesValuesAndBack) {
  const Tensor p = parameter(1);
  Ema ema({p}, {.decay = 0.5});
  assign(p, 3);
  ema.update();
  ema.swap();
  EXPECT_EQ(p.to_vector<double>()[0], 2);
  EXPECT_EQ(ema.averages()[0].to_vector<double>()[0], 3);
  ema.swap();
  EXPECT_EQ(p.to_vector<double>()[0], 3);
  EXPECT_TRUE(p.requires_grad());
}

// One pass or two, vectors and their ragged ends; a parameter without a gradient is averaged too.
template <class OptimizerT>
void expect_one_pass_gives_the_bytes_of_two() {
  for (const DType dtype : {DType::f32, DType::f64}) {
    const auto run = [&](bool fused) {
      Generator rng(7);
      std::vector<Tensor> parameters;
      for (const Index n : {1, 37, 300}) {
        parameters.push_back(randn({n}, rng, dtype).set_requires_grad());
      }
      OptimizerT optimizer(parameters, {.lr = 1e-2});
      Ema ema(parameters, {.decay = 0.9, .warm_up = true});
      for (int step = 0; step < 20; ++step) {
        for (Tensor& p : parameters) p.set_grad(randn(p.shape(), rng, dtype));
        if (step % 2 == 1) parameters[1].zero_grad();
        optimizer.step(0.5, fused ? &ema : nullptr);
        if (!fused) ema.update();
      }
      std::vector<std::vector<double>> values;
      for (const Tensor& a : ema.averages()) values.push_back(a.to_vector<double>());
      for (const Tensor& p : parameters) values.push_back(p.to_vector<double>());
      return std::pair(values, ema.updates());
    };
    EXPECT_EQ(run(true), run(false)) << dtype;
  }
}

TEST(Ema, OnePassWithTheOptimiserGivesTheBytesOfTwo) {
  expect_one_pass_gives_the_bytes_of_two<AdamW>();
  expect_one_pass_gives_the_bytes_of_two<Adam>();
  expect_one_pass_gives_the_bytes_of_two<Lion>();  // a rule that does not move averages itself
}

TEST(Ema, OnePassRefusesAveragesOfOtherParameters) {
  const Tensor p = parameter(1), q = parameter(1);
  AdamW optimizer({p});
  Ema ema({q}, {.decay = 0.5});
  EXPECT_THROW(optimizer.step(1, &ema), Error);
  Ema more({p, q}, {.decay = 0.5});
  EXPECT_THROW(optimizer.step(1, &more), Error);
  EXPECT_EQ(optimizer.steps(), 0);
  EXPECT_EQ(ema.updates() + more.updates(), 0);
}

TEST(Ema, RefusesWhatAnOptimiserRefuses) {
  const Tensor p = parameter(1);
  EXPECT_THROW(Ema({p, p}, {.decay = 0.5}), Error);
  Tensor column = slice(ones({3, 2}), 1, 0, 1).detach();
  column.set_requires_grad();
  EXPECT_THROW(Ema({column}, {.decay = 0.5}), Error);
}

TEST(Ema, RefusesADecayOfOne) {
  EXPECT_THROW(Ema({parameter(1)}, {.decay = 1}), Error);
}

}  // namespace
}  // namespace ito::nn
