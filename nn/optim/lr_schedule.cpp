#include "nn/optim/lr_schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "autograd/error.h"

namespace ito::nn {
namespace {

// From `from` at x = 0 to `to` at x = 1 along half a cosine.
double half_cosine(double from, double to, double x) {
  return std::lerp(to, from, (1 + std::cos(std::numbers::pi * std::clamp(x, 0.0, 1.0))) / 2);
}

double ratio(Index a, double b) {
  return static_cast<double>(a) / b;
}

}  // namespace

LrSchedule operator*(LrSchedule a, LrSchedule b) {
  return LrSchedule([a = std::move(a), b = std::move(b)](Index k) { return a(k) * b(k); });
}

LrSchedule sequence(LrSchedule first, Index steps, LrSchedule second) {
  check(steps >= 0, "sequence: steps must not be negative, got ", steps);
  return LrSchedule([first = std::move(first), steps, second = std::move(second)](Index k) {
    return k < steps ? first(k) : second(k - steps);
  });
}

LrSchedule constant(double factor) {
  return LrSchedule([factor](Index) { return factor; });
}

LrSchedule step_decay(Index every, double gamma) {
  check(every > 0, "step_decay: needs a positive interval, got ", every);
  return LrSchedule([every, gamma](Index k) {
    const Index drops = k / every;
    return std::pow(gamma, static_cast<double>(drops));
  });
}

LrSchedule exponential(double gamma) {
  return LrSchedule([gamma](Index k) { return std::pow(gamma, static_cast<double>(k)); });
}

LrSchedule cosine(Index total, double final) {
  check(total > 0, "cosine: total must be positive, got ", total);
  return LrSchedule([total, final](Index k) {
    return half_cosine(1, final, ratio(k, static_cast<double>(total)));
  });
}

LrSchedule warm_up(Index steps, double start) {
  check(steps > 0, "warm_up: steps must be positive, got ", steps);
  return LrSchedule([steps, start](Index k) {
    return start + (1 - start) * std::min(1.0, ratio(k, static_cast<double>(steps)));
  });
}

LrSchedule one_cycle(Index total, const OneCycleOptions& options) {
  check(options.warm_up_fraction < 1 && options.warm_up_fraction * static_cast<double>(total) > 1,
        "one_cycle: the warm-up, ", options.warm_up_fraction, " of ", total,
        " steps, must be more than one step and less than all");
  // As in PyTorch the peak lies one step before the end of the warm-up phase.
  const double peak = options.warm_up_fraction * static_cast<double>(total) - 1;
  const double last = static_cast<double>(total - 1);
  return LrSchedule([options, peak, last](Index k) {
    const double at = static_cast<double>(k);
    return at <= peak ? half_cosine(options.start, 1, at / peak)
                      : half_cosine(1, options.final, (at - peak) / (last - peak));
  });
}

double Plateau::observe(double loss) {
  if (!std::isfinite(best_) || loss < best_ - options_.threshold * std::abs(best_)) {
    best_ = loss;
    bad_ = 0;
  } else if (++bad_ > options_.patience) {
    factor_ = std::max(factor_ * options_.factor, options_.min_factor);
    bad_ = 0;
  }
  return factor_;
}

}  // namespace ito::nn
