#include "nn/optim/ema.h"

#include <cmath>

#include <gtest/gtest.h>

#include "autograd/grad_mode.h"

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

TEST(Ema, RefusesADecayOfOne) {
  EXPECT_THROW(Ema({parameter(1)}, {.decay = 1}), Error);
}

}  // namespace
}  // namespace ito::nn
