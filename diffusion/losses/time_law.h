// Laws of the random time of a loss over a path.
#pragma once

#include <functional>

#include "autograd/random.h"
#include "diffusion/schedule.h"

namespace ito::diffusion {

// A law on [low, high] with a density in t.
struct TimeLaw {
  double low = 0;
  double high = 1;
  std::function<double(Generator&)> draw;
  std::function<double(double t)> density;
};

TimeLaw uniform_time(double low, double high);
TimeLaw uniform_log_snr(const SchedulePtr& schedule, double low, double high);
// log(s/a) ~ N(mean, std^2), kept to the noise levels of [low, high] (Karras et al. 2022: -1.2 and
// 1.2). The levels must carry a probability of at least 1e-3.
TimeLaw log_normal_sigma(const SchedulePtr& schedule, double low, double high, double mean = -1.2,
                         double std = 1.2);
// Density proportional to `weight`, a positive function, made constant on each of `cells`
// intervals of equal length: draws and density agree exactly.
TimeLaw proportional_to(const std::function<double(double t)>& weight, double low, double high,
                        Index cells = 1024);

}  // namespace ito::diffusion
