#include "diffusion/preconditioning.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "autograd/ops.h"

namespace ito::diffusion {

Preconditioning preconditioning(const PathPoint& point, double sigma_data) {
  check(sigma_data > 0, "preconditioning: sigma_data is ", sigma_data);
  const double d = std::max(std::hypot(point.s, point.a * sigma_data), kScaleLimit);
  const double lambda = std::clamp(point.log_snr, -kLogSnrLimit, kLogSnrLimit);
  // s/d from the log-SNR: it has a limit also where a and s vanish together.
  const double ratio = std::exp(0.5 * lambda) * sigma_data;  // a sigma_data/s
  const double noise_share = 1 / std::hypot(1.0, ratio);
  const double skip = ratio * noise_share * sigma_data / d;
  return {1 / d, skip, sigma_data * noise_share, -lambda / 8};
}

Network precondition(Network inner, SchedulePtr schedule, double sigma_data) {
  check(inner != nullptr && schedule != nullptr, "precondition: needs a network and a schedule");
  return [=, inner = std::move(inner), schedule = std::move(schedule)](const Tensor& x,
                                                                       const Tensor& t) {
    check(x.rank() == 2 && t.shape() == Shape{x.size(0)},
          "precondition: needs x [B, n] and t [B], got ", x.shape(), " and ", t.shape());
    std::vector<double> in, skip, out, noise;
    for (double time : t.to_vector<double>()) {
      const Preconditioning c = preconditioning(schedule->point(time), sigma_data);
      in.push_back(c.c_in);
      skip.push_back(c.c_skip);
      out.push_back(c.c_out);
      noise.push_back(c.c_noise);
    }
    const Shape column{x.size(0), 1};
    const auto rows = [&](const std::vector<double>& c) { return from(c, column, x.dtype()); };
    const Tensor estimate = inner(x * rows(in), from(noise, {x.size(0)}, x.dtype()));
    return x * rows(skip) + estimate * rows(out);
  };
}

}  // namespace ito::diffusion
