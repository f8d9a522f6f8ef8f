// Preconditioning (Karras et al. 2022): unit-variance inputs and targets at every noise level.
#pragma once

#include "diffusion/prediction.h"

namespace ito::diffusion {

// x_0 estimate = c_skip x + c_out F(c_in x, c_noise) for x = a x_0 + s z:
//   c_in = 1/d, c_skip = a sigma_data^2/d^2, c_out = s sigma_data/d, c_noise = -lambda/8,
// where d^2 = s^2 + a^2 sigma_data^2 is the variance of x. On the path a = 1 these are the paper's,
// c_noise = log(s)/4. On localization with sigma_data = 1: c_in y = y/sqrt(t(t+1)),
// c_skip = cos^2(alpha), c_out = cos(alpha). Finite everywhere: lambda and d are limited as in
// prediction.h.
struct Preconditioning {
  double c_in;
  double c_skip;
  double c_out;
  double c_noise;
};
Preconditioning preconditioning(const PathPoint& point, double sigma_data);

// The x0-predicting network made of an inner F(c_in x [B, n], c_noise [B]) -> [B, n].
Network precondition(Network inner, SchedulePtr schedule, double sigma_data = 1);

}  // namespace ito::diffusion
