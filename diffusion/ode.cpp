#include "diffusion/ode.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "autograd/grad_mode.h"
#include "autograd/ops.h"
#include "nn/finite.h"

namespace ito::diffusion {
namespace {

// Dormand and Prince 1980, as in Hairer, Norsett and Wanner II.5. Stage 7 is at the new point.
constexpr int kStages = 7;
constexpr double kTime[kStages] = {0, 1. / 5, 3. / 10, 4. / 5, 8. / 9, 1, 1};
constexpr double kStage[kStages][kStages - 1] = {
    {},
    {1. / 5},
    {3. / 40, 9. / 40},
    {44. / 45, -56. / 15, 32. / 9},
    {19372. / 6561, -25360. / 2187, 64448. / 6561, -212. / 729},
    {9017. / 3168, -355. / 33, 46732. / 5247, 49. / 176, -5103. / 18656},
    {35. / 384, 0, 500. / 1113, 125. / 192, -2187. / 6784, 11. / 84}};
// Order 5 less order 4.
constexpr double kError[kStages] = {71. / 57600,      0,         -71. / 16695, 71. / 1920,
                                    -17253. / 339200, 22. / 525, -1. / 40};

// h sum_i c_i k_i.
Tensor combination(const std::array<Tensor, kStages>& k, const double* c, int count, double h) {
  Tensor total;
  for (int i = 0; i < count; ++i) {
    if (c[i] == 0) continue;
    const Tensor term = (h * c[i]) * k[static_cast<std::size_t>(i)];
    total = total.defined() ? total + term : term;
  }
  return total;
}

// The largest root mean square of e/(absolute + relative |x|) over the rows; NaN if any is.
double error_norm(const Tensor& e, const Tensor& scale) {
  if (e.numel() == 0) return 0;
  return max(sqrt(mean(square(e / scale), {1}))).item();
}

Tensor error_scale(const Tensor& x, const Tensor& y, const AdaptiveOptions& options) {
  return options.absolute + options.relative * maximum(abs(x), abs(y));
}

// Hairer, Norsett and Wanner II.4: the change, and the change of the slope, are 1 % of the state.
double first_step(const OdeField& f, const Tensor& x, const Tensor& slope, double t, double span,
                  const AdaptiveOptions& options) {
  const Tensor scale = error_scale(x, x, options);
  const double size = error_norm(x, scale), speed = error_norm(slope, scale);
  const double direction = span < 0 ? -1 : 1;
  double h = size < 1e-5 || speed < 1e-5 ? 1e-6 : 0.01 * size / speed;
  h = std::min(h, std::abs(span));
  const Tensor next = f(x + (direction * h) * slope, t + direction * h);
  const double bend = error_norm(next - slope, scale) / h;
  const double rate = std::max(speed, bend);
  const double refined = rate <= 1e-15 ? std::max(1e-6, 1e-3 * h) : std::pow(0.01 / rate, 0.2);
  return std::min({100 * h, refined, std::abs(span)});
}

}  // namespace

Tensor heun_step(const OdeField& f, const Tensor& x, double t, double s) {
  const double h = s - t;
  const Tensor k1 = f(x, t);
  const Tensor k2 = f(x + h * k1, s);
  return x + (0.5 * h) * (k1 + k2);
}

Tensor rk4_step(const OdeField& f, const Tensor& x, double t, double s) {
  const double h = s - t, middle = t + 0.5 * h;
  const Tensor k1 = f(x, t);
  const Tensor k2 = f(x + (0.5 * h) * k1, middle);
  const Tensor k3 = f(x + (0.5 * h) * k2, middle);
  const Tensor k4 = f(x + h * k3, s);
  return x + (h / 6) * (k1 + 2.0 * (k2 + k3) + k4);
}

EmbeddedStep dormand_prince_step(const OdeField& f, const Tensor& x, const Tensor& first, double t,
                                 double s) {
  const double h = s - t;
  std::array<Tensor, kStages> k = {first};
  Tensor y;
  for (int i = 1; i < kStages; ++i) {
    y = x + combination(k, kStage[i], i, h);
    k[static_cast<std::size_t>(i)] = f(y, kTime[i] == 1 ? s : t + kTime[i] * h);
  }
  return {y, combination(k, kError, kStages, h), k.back()};
}

Tensor integrate(const OdeField& f, const Tensor& x, std::span<const double> grid,
                 OdeMethod method) {
  check(grid.size() >= 2, "integrate: a grid needs at least 2 points, got ", grid.size());
  const bool forwards = grid[0] < grid[1];
  Tensor state = x;
  for (std::size_t k = 1; k < grid.size(); ++k) {
    check(forwards ? grid[k - 1] < grid[k] : grid[k - 1] > grid[k],
          "integrate: the times are not monotone at point ", k);
    state = method == OdeMethod::heun ? heun_step(f, state, grid[k - 1], grid[k])
                                      : rk4_step(f, state, grid[k - 1], grid[k]);
  }
  return state;
}

AdaptiveResult dormand_prince(const OdeField& f, const Tensor& x, double t, double s,
                              const AdaptiveOptions& options) {
  check(x.rank() == 2, "dormand_prince: needs a state [B, d], got ", x.shape());
  check(options.absolute > 0 && options.relative >= 0,
        "dormand_prince: needs absolute > 0 and relative >= 0, got ", options.absolute, " and ",
        options.relative);
  check(std::isfinite(t) && std::isfinite(s), "dormand_prince: from ", t, " to ", s);
  const NoGrad guard;
  AdaptiveResult result{x.detach()};
  if (t == s || x.numel() == 0) return result;

  const double direction = s < t ? -1 : 1;
  Tensor slope = f(result.x, t);
  result.evaluations = 1;
  check(nn::all_finite(slope), "dormand_prince: the field is not finite at t = ", t);
  double h = options.first_step;
  if (h <= 0) {
    h = first_step(f, result.x, slope, t, s - t, options);
    ++result.evaluations;
  }
  double previous = 1e-4;  // error of the last accepted step
  bool last_rejected = false;
  while (t != s) {
    check(result.accepted + result.rejected < options.max_steps,
          "dormand_prince: ", options.max_steps, " steps reached t = ", t, " of ", s);
    const bool ends = h >= std::abs(s - t) * (1 - 1e-12);
    const double next = ends ? s : t + direction * h, step = next - t;
    check(step != 0, "dormand_prince: the step underflows at t = ", t);
    const EmbeddedStep tried = dormand_prince_step(f, result.x, slope, t, next);
    result.evaluations += kStages - 1;
    const double error = error_norm(tried.error, error_scale(result.x, tried.x, options));
    if (error <= 1) {
      t = next;
      result.x = tried.x;
      slope = tried.slope;
      ++result.accepted;
      const double factor =
          0.9 * std::pow(std::max(error, 1e-10), -0.17) * std::pow(previous, 0.04);
      h = std::abs(step) * std::clamp(factor, 0.2, last_rejected ? 1.0 : 10.0);
      previous = std::max(error, 1e-4);
      last_rejected = false;
    } else {
      // Also for an error that is NaN or infinite.
      const double factor = std::isfinite(error) ? 0.9 * std::pow(error, -0.2) : 0.1;
      h = std::abs(step) * std::max(0.1, factor);
      ++result.rejected;
      last_rejected = true;
    }
  }
  return result;
}

}  // namespace ito::diffusion
