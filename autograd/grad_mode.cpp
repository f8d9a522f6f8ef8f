#include "autograd/grad_mode.h"

namespace ito {
namespace {
constinit thread_local bool enabled_ = true;
}

bool grad_enabled() {
  return enabled_;
}

GradMode::GradMode(bool enabled) : previous_(enabled_) {
  enabled_ = enabled;
}
GradMode::~GradMode() {
  enabled_ = previous_;
}

}  // namespace ito
