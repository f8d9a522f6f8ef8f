// Learning-rate schedules: values that map a step to a factor of the base learning rate.
//
//   const LrSchedule schedule = warm_up(500) * cosine(total_steps);
//   optimizer.set_lr(base_lr * schedule(step));
#pragma once

#include <functional>
#include <limits>
#include <utility>

#include "autograd/shape.h"

namespace ito::nn {

// A pure function of the step (0 at the first), so any step can be resumed.
class LrSchedule {
 public:
  LrSchedule() = default;  // the constant 1
  explicit LrSchedule(std::function<double(Index)> factor) : factor_(std::move(factor)) {}

  double operator()(Index step) const { return factor_ ? factor_(step) : 1; }

 private:
  std::function<double(Index)> factor_;
};

// The product of the factors.
LrSchedule operator*(LrSchedule a, LrSchedule b);
// `first` for `steps` steps, then `second` from its own step 0.
LrSchedule sequence(LrSchedule first, Index steps, LrSchedule second);

LrSchedule constant(double factor = 1);
LrSchedule step_decay(Index every, double gamma);  // gamma^floor(step/every)
LrSchedule exponential(double gamma);              // gamma^step
// final + (1 - final)(1 + cos(pi step/total))/2; stays at final after `total` steps.
LrSchedule cosine(Index total, double final = 0);
// From `start` up to 1 in a straight line over `steps` steps, then 1.
LrSchedule warm_up(Index steps, double start = 0);

struct OneCycleOptions {
  double warm_up_fraction = 0.3;
  double start = 1.0 / 25;   // factor of the first step
  double final = 1e-4 / 25;  // factor of the last
};
// Cosine from start up to 1, then cosine down to final, over `total` steps (Smith and Topin, 2018).
LrSchedule one_cycle(Index total, const OneCycleOptions& options = {});

struct PlateauOptions {
  double factor = 0.1;
  Index patience = 10;      // observations without improvement that are tolerated
  double threshold = 1e-4;  // relative improvement that counts
  double min_factor = 0;
};
// Multiplies its factor when an observed loss, to be made small, stops improving. Unlike the others
// it has a history, and is therefore observed, not evaluated.
class Plateau {
 public:
  explicit Plateau(const PlateauOptions& options = {}) : options_(options) {}

  double observe(double loss);  // the factor from here on
  double factor() const { return factor_; }

 private:
  PlateauOptions options_;
  double factor_ = 1;
  double best_ = std::numeric_limits<double>::infinity();
  Index bad_ = 0;
};

}  // namespace ito::nn
