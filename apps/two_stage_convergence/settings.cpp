#include "apps/two_stage_convergence/settings.h"

#include "apps/report/flags.h"
#include "autograd/error.h"

namespace ito::two_stage {

using report::check_range;

void validate(const Settings& s) {
  check_range("--d", s.d, 3, 100000);
  check(s.cosine > 0 && s.cosine < 1, "--cosine: must lie strictly between 0 and 1, got ",
        s.cosine);
  check_range("--batch-1", s.batch_1, 2, 10000000);
  check_range("--batch-2", s.batch_2, 2, 10000000);
  check_range("--batch-steps", s.batch_steps, 1, 1000000);
  report::check_positive("--author-coordinate", s.author_coordinate);
  check_range("--author-samples", s.author_samples, 1, 1000000);
  check_range("--author-steps-1", s.author_steps_1, 1, 10000000);
  check_range("--author-steps-2", s.author_steps_2, 1, 10000000);
  check_range("--three-batch", s.three_batch, 1, 10000000);
  check_range("--three-steps", s.three_steps, 2, 10000000);
  check_range("--threads", s.threads, 0, 1024);
}

}  // namespace ito::two_stage
