#include "autograd/kernels/simd.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <hwy/highway.h>
#include <hwy/targets.h>

namespace ito::kernels::detail {

bool choose_targets() {
  const char* asked = std::getenv("ITO_SIMD");
  if (!asked) return false;
  std::string names;
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    const std::string_view name = hwy::TargetName(target);
    if (name == asked) {
      // Not DisableTargets: each later call of SupportedTargets would undo it in passing.
      hwy::SetSupportedTargetsForTest(target);
      hwy::GetChosenTarget().Update(hwy::SupportedTargets());
      return true;
    }
    names.append(names.empty() ? "" : ", ").append(name);
  }
  // Before main nobody can catch.
  std::fprintf(stderr, "ITO_SIMD is one of %s on this machine, but it is set to \"%s\"\n",
               names.c_str(), asked);
  std::exit(EXIT_FAILURE);
}

}  // namespace ito::kernels::detail
