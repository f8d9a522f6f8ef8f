// The posterior of two modes as t -> 0 and t -> infinity, and how sharply its label switches
// (section 7.5 of the case study's paper, corrected).
#pragma once

#include <functional>

#include "diffusion/distributions/two_modes.h"

namespace ito::diffusion {

// In all of this r = <y, a> / (t ||a||^2) is the position of y_t on the scale of the samples, whose
// modes lie at r = 1-p and -p. One that needs t > 0 says so.

// <m(y; t), a> / ||a||^2 = (t r + gamma - p)/(1+t).
double posterior_position(const TwoModes& law, double r, double t);

// t -> 0 at fixed <y, a>: gamma -> sigmoid(<y, a> + logit p), with an error of order t. With
// y = sqrt(t) G that is p + O(sqrt t): nothing is known of the label yet.
double early_gamma(const TwoModes& law, double y_dot_a);
// t -> infinity: gamma -> sigmoid(||a||^2 (r - (1 - 2p)/2) + logit p); for modes well apart that is
// the step returned here: 1 beyond their midpoint r = (1 - 2p)/2, 0 before it. m -> y/t.
double late_gamma(const TwoModes& law, double r);

// The largest slope of gamma in <y, a>, 1/(4(1+t)), which falls with t...
double gamma_slope(double t);
// ... and in r, t ||a||^2 / (4(1+t)), which rises.
double gamma_slope_in_position(const TwoModes& law, double t);

// Where gamma = 1/2: <y, a> = -[t (2p-1) ||a||^2/2 + (1+t) logit p].
double gamma_threshold(const TwoModes& law, double t);

// The time from which the slope in r exceeds 1/epsilon: 4/(epsilon ||a||^2 - 4); infinite if
// epsilon ||a||^2 <= 4.
double sharp_time(const TwoModes& law, double epsilon);

// The time at which v(t) has fallen to `share` in (0, 1) of v(0), by bisection to 1e-12 relatively;
// infinite if it never does.
double label_variance_time(const TwoModes& law, double share);

// E f(<y_t, a>) over the law of y_t, by the trapezoidal rule over nine standard deviations of each
// mode: to rounding for smooth f, to 1e-3 of a jump's height at jumps.
double expectation_along(const TwoModes& law, double t,
                         const std::function<double(double y_dot_a)>& f);

}  // namespace ito::diffusion
