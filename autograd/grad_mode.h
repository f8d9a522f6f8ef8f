// Whether operations record the graph. Thread-local; on by default.
#pragma once

namespace ito {

bool grad_enabled();

// Sets the calling thread's mode for the guard's lifetime and restores the previous one.
class GradMode {
 public:
  explicit GradMode(bool enabled);
  ~GradMode();
  GradMode(const GradMode&) = delete;
  GradMode& operator=(const GradMode&) = delete;

 private:
  bool previous_;
};

// Operations inside the guard's lifetime record nothing. Also required to change a leaf's values.
struct NoGrad : GradMode {
  NoGrad() : GradMode(false) {}
};

}  // namespace ito
