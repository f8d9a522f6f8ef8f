#include "diffusion/losses/time_law.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <utility>
#include <vector>

#include "autograd/error.h"

namespace ito::diffusion {
namespace {

void check_range(double low, double high, const char* op) {
  check(low < high && std::isfinite(low) && std::isfinite(high), op, ": the range is ", low, " to ",
        high);
}

void check_path(const SchedulePtr& schedule, double low, double high, const char* op) {
  check(schedule != nullptr, op, ": needs a schedule");
  check_range(low, high, op);
  check(low >= schedule->t_min() && high <= schedule->t_max(), op, ": ", low, " to ", high,
        " leaves the path [", schedule->t_min(), ", ", schedule->t_max(), "]");
  check(std::isfinite(schedule->log_snr(low)) && std::isfinite(schedule->log_snr(high)), op,
        ": the log-SNR is infinite at an end of ", low, " to ", high);
}

double normal_cdf(double x) {
  return 0.5 * std::erfc(-x / std::numbers::sqrt2);
}

}  // namespace

TimeLaw uniform_time(double low, double high) {
  check_range(low, high, "uniform_time");
  return {low, high, [=](Generator& rng) { return low + (high - low) * rng.uniform(); },
          [=](double) { return 1 / (high - low); }};
}

TimeLaw uniform_log_snr(const SchedulePtr& schedule, double low, double high) {
  check_path(schedule, low, high, "uniform_log_snr");
  const double first = schedule->log_snr(low), width = schedule->log_snr(high) - first;
  return {low, high,
          [=](Generator& rng) {
            const double t = schedule->t_from_log_snr(first + width * rng.uniform());
            return std::clamp(t, low, high);
          },
          [=](double t) { return std::abs(schedule->log_snr_derivative(t) / width); }};
}

TimeLaw log_normal_sigma(const SchedulePtr& schedule, double low, double high, double mean,
                         double std) {
  check_path(schedule, low, high, "log_normal_sigma");
  check(std > 0, "log_normal_sigma: the standard deviation is ", std);
  // log(s/a) = -lambda/2, standardised.
  const auto standard = [=](double t) { return (-0.5 * schedule->log_snr(t) - mean) / std; };
  const auto [least, most] = std::minmax({standard(low), standard(high)});
  const double mass = normal_cdf(most) - normal_cdf(least);
  check(mass >= 1e-3, "log_normal_sigma: the noise levels of ", low, " to ", high,
        " have probability ", mass);
  return {low, high,
          [=, least = least, most = most](Generator& rng) {
            double z;
            do {
              z = rng.normal();
            } while (z < least || z > most);
            return std::clamp(schedule->t_from_log_snr(-2 * (mean + std * z)), low, high);
          },
          [=](double t) {
            const double z = standard(t);
            const double density = std::exp(-0.5 * z * z) / std::sqrt(2 * std::numbers::pi);
            return density / (std * mass) * 0.5 * std::abs(schedule->log_snr_derivative(t));
          }};
}

TimeLaw proportional_to(const std::function<double(double)>& weight, double low, double high,
                        Index cells) {
  check_range(low, high, "proportional_to");
  check(cells >= 1, "proportional_to: needs at least one cell, got ", cells);
  const double cell = (high - low) / static_cast<double>(cells);
  const auto cumulative = std::make_shared<std::vector<double>>(1, 0.0);
  for (Index i = 0; i < cells; ++i) {
    const double w = weight(low + (static_cast<double>(i) + 0.5) * cell);
    check(w > 0 && std::isfinite(w), "proportional_to: the weight is ", w, " in cell ", i);
    cumulative->push_back(cumulative->back() + w);
  }
  const double total = cumulative->back();
  return {low, high,
          [=](Generator& rng) {
            const double target = total * rng.uniform();
            const auto above =
                std::upper_bound(cumulative->begin() + 1, cumulative->end() - 1, target);
            const double inside = (target - *(above - 1)) / (*above - *(above - 1));
            return low + cell * (static_cast<double>(above - 1 - cumulative->begin()) + inside);
          },
          [=](double t) {
            const auto i = std::clamp(static_cast<Index>((t - low) / cell), Index{0}, cells - 1);
            const auto at = static_cast<std::size_t>(i);
            return ((*cumulative)[at + 1] - (*cumulative)[at]) / (total * cell);
          }};
}

}  // namespace ito::diffusion
