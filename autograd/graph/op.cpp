#include "autograd/graph/op.h"

#include <algorithm>
#include <cstring>
#include <mutex>

#include "autograd/ops/binary.h"
#include "autograd/ops/unary.h"

namespace ito {

Tensor* Gradients::sum_so_far(int i) const {
  // A record of anomalies wants to see what each rule adds.
  if (sums_.empty() || grad_enabled() || detail::anomalies_wanted()) return nullptr;
  Tensor* sum = sums_[static_cast<std::size_t>(i)];
  return sum->defined() && detail::sole_owner(*sum) ? sum : nullptr;
}

Tangent operator+(const Tangent& a, const Tangent& b) {
  if (!a.defined()) return b;
  if (!b.defined()) return a;
  return a.value() + b.value();
}
Tangent operator-(const Tangent& a, const Tangent& b) {
  if (!b.defined()) return a;
  if (!a.defined()) return -b.value();
  return a.value() - b.value();
}
Tangent operator-(const Tangent& t) {
  return map(t, [](const Tensor& x) { return -x; });
}
Tangent operator*(const Tangent& t, const Tensor& factor) {
  return map(t, [&](const Tensor& x) { return x * factor; });
}
Tangent operator*(const Tensor& factor, const Tangent& t) {
  return t * factor;
}
Tangent operator*(double factor, const Tangent& t) {
  return map(t, [&](const Tensor& x) { return factor * x; });
}
Tangent operator/(const Tangent& t, const Tensor& divisor) {
  return map(t, [&](const Tensor& x) { return x / divisor; });
}

namespace {
struct Registry {
  std::mutex mutex;
  std::vector<const char*> names;
};
Registry& registry() {
  static Registry r;
  return r;
}
}  // namespace

std::vector<const char*> registered_ops() {
  Registry& r = registry();
  std::scoped_lock lock(r.mutex);
  std::vector<const char*> names = r.names;
  const auto less = [](const char* a, const char* b) { return std::strcmp(a, b) < 0; };
  const auto same = [](const char* a, const char* b) { return std::strcmp(a, b) == 0; };
  std::sort(names.begin(), names.end(), less);
  names.erase(std::unique(names.begin(), names.end(), same), names.end());
  return names;
}

namespace detail {

bool register_op(const char* name) {
  Registry& r = registry();
  std::scoped_lock lock(r.mutex);
  r.names.push_back(name);
  return true;
}

}  // namespace detail
}  // namespace ito
