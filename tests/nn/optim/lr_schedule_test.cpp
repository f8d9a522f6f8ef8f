#include "nn/optim/lr_schedule.h"

#include <cmath>

#include <gtest/gtest.h>

#include "autograd/error.h"

namespace ito::nn {
namespace {

TEST(LrSchedule, Values) {
  EXPECT_EQ(LrSchedule()(17), 1);
  EXPECT_EQ(constant(0.5)(17), 0.5);
  const LrSchedule steps = step_decay(10, 0.1);
  EXPECT_EQ(steps(9), 1);
  EXPECT_DOUBLE_EQ(steps(10), 0.1);
  EXPECT_DOUBLE_EQ(steps(29), 0.01);
  EXPECT_DOUBLE_EQ(exponential(0.9)(3), 0.729);
  const LrSchedule wave = cosine(100, 0.1);
  EXPECT_DOUBLE_EQ(wave(0), 1);
  EXPECT_DOUBLE_EQ(wave(50), 0.55);
  EXPECT_DOUBLE_EQ(wave(100), 0.1);
  EXPECT_DOUBLE_EQ(wave(1000), 0.1);
  const LrSchedule rise = warm_up(4, 0.2);
  EXPECT_DOUBLE_EQ(rise(0), 0.2);
  EXPECT_DOUBLE_EQ(rise(2), 0.6);
  EXPECT_DOUBLE_EQ(rise(4), 1);
  EXPECT_DOUBLE_EQ(rise(400), 1);
}

TEST(LrSchedule, OneCyclePeaksAtTheEndOfItsWarmUp) {
  const LrSchedule cycle = one_cycle(100, {.warm_up_fraction = 0.3, .start = 0.04, .final = 1e-5});
  EXPECT_DOUBLE_EQ(cycle(0), 0.04);
  EXPECT_DOUBLE_EQ(cycle(29), 1);
  EXPECT_NEAR(cycle(99), 1e-5, 1e-15);
  for (Index k = 0; k < 99; ++k) {
    EXPECT_EQ(cycle(k + 1) > cycle(k), k < 29) << k;
  }
}

TEST(LrSchedule, Compose) {
  const LrSchedule product = warm_up(10) * exponential(0.5);
  EXPECT_DOUBLE_EQ(product(2), 0.2 * 0.25);
  const LrSchedule chain = sequence(warm_up(10), 10, cosine(20));
  EXPECT_DOUBLE_EQ(chain(5), 0.5);
  EXPECT_DOUBLE_EQ(chain(10), 1);
  EXPECT_DOUBLE_EQ(chain(20), 0.5);
}

TEST(LrSchedule, RefusesEmptyIntervals) {
  EXPECT_THROW(step_decay(0, 0.1), Error);
  EXPECT_THROW(cosine(0), Error);
  EXPECT_THROW(warm_up(0), Error);
  EXPECT_THROW(one_cycle(1), Error);
  EXPECT_THROW(one_cycle(100, {.warm_up_fraction = 1}), Error);
}

TEST(Plateau, LowersAfterMorePatienceThanGiven) {
  Plateau plateau({.factor = 0.5, .patience = 2, .min_factor = 0.2});
  EXPECT_EQ(plateau.observe(1), 1);
  EXPECT_EQ(plateau.observe(1), 1);
  EXPECT_EQ(plateau.observe(0.99999), 1);  // less than the threshold below
  EXPECT_EQ(plateau.observe(1), 0.5);
  EXPECT_EQ(plateau.observe(0.5), 0.5);  // an improvement starts the count again
  for (int k = 0; k < 3; ++k) plateau.observe(0.5);
  EXPECT_EQ(plateau.factor(), 0.25);
  for (int k = 0; k < 3; ++k) plateau.observe(0.5);
  EXPECT_EQ(plateau.factor(), 0.2);
}

TEST(Plateau, ForgetsALossThatWasNotFinite) {
  Plateau plateau({.factor = 0.5, .patience = 0});
  plateau.observe(std::nan(""));
  plateau.observe(2);
  EXPECT_EQ(plateau.observe(1), 1);  // an improvement
  EXPECT_EQ(plateau.observe(std::nan("")), 0.5);
}

}  // namespace
}  // namespace ito::nn
