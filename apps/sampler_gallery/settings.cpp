#include "apps/sampler_gallery/settings.h"

#include <algorithm>
#include <cmath>

#include "apps/report/flags.h"
#include "apps/sampler_gallery/losses.h"
#include "apps/sampler_gallery/samplers.h"
#include "apps/sampler_gallery/targets.h"
#include "autograd/error.h"

namespace ito::gallery {
namespace {

using report::check_name;
using report::check_range;

void check_names(const char* flag, const std::vector<std::string>& values,
                 const std::vector<std::string>& known) {
  for (const std::string& name : values) check_name(flag, name, known);
  report::check_once(flag, values);
}

}  // namespace

void validate(const Settings& s) {
  check_name("--target", s.target, target_names());
  check_names("--losses", s.losses, loss_names());
  check_names("--samplers", s.samplers, sampler_names());
  check_range("--train-samples", s.train_samples, 10, 10000000);
  check_range("--steps", s.steps, 1, 10000000);
  check_range("--batch", s.batch, 8, 100000);
  check(s.lr > 0 && std::isfinite(s.lr), "--lr: must be positive and finite, got ", s.lr);
  check_range("--hidden", s.hidden, 1, 10000);
  check_range("--samples", s.samples, 100, 1000000);
  check_range("--points", s.points, 2, 100000);
  check(s.t_end > 0 && s.t_end <= 0.1, "--t-end: must lie in (0, 0.1], got ", s.t_end);
  check_range("--threads", s.threads, 0, 1024);
}

}  // namespace ito::gallery
