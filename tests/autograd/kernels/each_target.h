// Runs code once on every SIMD target that is compiled in and that this machine has.
#pragma once

#include <cstdint>

// First, since it tells Highway which targets there are.
#include "autograd/kernels/simd.h"
// Then Highway.
#include <hwy/highway.h>
#include <hwy/targets.h>

namespace ito::kernels {

// Calls f(target), target being Highway's bit, with run-time dispatch held at that target.
template <class F>
void for_each_target(F f) {
  const struct Restore {
    std::int64_t targets;
    ~Restore() {
      hwy::SetSupportedTargetsForTest(targets);
      hwy::GetChosenTarget().Update(targets);
    }
  } restore{hwy::SupportedTargets()};
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    f(target);
  }
}

}  // namespace ito::kernels
