#include "autograd/anomaly.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>

#if __has_include(<execinfo.h>) && __has_include(<cxxabi.h>)
#include <cxxabi.h>
#include <execinfo.h>
#define ITO_HAS_BACKTRACE 1
#else
#define ITO_HAS_BACKTRACE 0
#endif

#include "autograd/graph/op.h"

namespace ito {
namespace {

constexpr int kFrames = 16;
using Trace = std::vector<void*>;

struct State {
  int depth = 0;
  const Node* differentiating = nullptr;
  // By address: a node that takes the place of a freed one also takes over its entry.
  std::unordered_map<const Node*, Trace> created;
};
State& state() {
  thread_local State s;
  return s;
}

#if ITO_HAS_BACKTRACE
Trace current_trace() {
  std::array<void*, kFrames> frames;
  const int count = backtrace(frames.data(), kFrames);
  return {frames.begin(), frames.begin() + count};
}

// "binary(mangled+0x1) [0x2]" with the name made readable.
std::string readable(const std::string& symbol) {
  const std::size_t open = symbol.find('('), plus = symbol.find('+', open);
  if (open == std::string::npos || plus == std::string::npos || plus == open + 1) return symbol;
  int status = 0;
  char* name = abi::__cxa_demangle(symbol.substr(open + 1, plus - open - 1).c_str(), nullptr,
                                   nullptr, &status);
  std::string text = status == 0 ? name : symbol;
  std::free(name);
  return text;
}

void write(std::ostream& out, const Trace& trace) {
  char** symbols = backtrace_symbols(trace.data(), static_cast<int>(trace.size()));
  if (!symbols) return;
  // The first frames are those of this file.
  for (std::size_t i = 2; i < trace.size(); ++i) out << "\n    " << readable(symbols[i]);
  std::free(symbols);
}
#else
Trace current_trace() {
  return {};
}
void write(std::ostream&, const Trace&) {}
#endif

// The first element that is not finite, or -1; `value` gets it.
Index first_bad(const Tensor& x, double& value) {
  if (!x.defined() || !is_floating(x.dtype())) return -1;
  const std::vector<double> values = x.to_vector<double>();
  const auto bad =
      std::find_if(values.begin(), values.end(), [](double v) { return !std::isfinite(v); });
  if (bad == values.end()) return -1;
  value = *bad;
  return bad - values.begin();
}

}  // namespace

AnomalyMode::AnomalyMode() {
  ++state().depth;
  detail::anomaly_scopes.fetch_add(1, std::memory_order_relaxed);
}
AnomalyMode::~AnomalyMode() {
  detail::anomaly_scopes.fetch_sub(1, std::memory_order_relaxed);
  State& s = state();
  if (--s.depth == 0) s.created.clear();
}

namespace detail {

void check_finite(const char* op, const Tensor& value, std::span<const Tensor> inputs) {
  const State& s = state();
  double bad = 0;
  const Index at = s.depth > 0 ? first_bad(value, bad) : -1;
  if (at < 0) return;
  std::ostringstream message;
  message << "anomaly: " << op << " gave " << bad << " at element " << at << " of " << value.dtype()
          << value.shape() << ", from inputs";
  for (const Tensor& x : inputs) {
    message << ' ' << x.dtype() << x.shape();
    double already = 0;
    if (first_bad(x, already) >= 0) message << " (which holds " << already << ')';
  }
  if (const Node* node = s.differentiating) {
    message << "; while differentiating " << node->op->name() << " of";
    for (const Tensor& x : node->inputs()) message << ' ' << x.dtype() << x.shape();
    if (const auto created = s.created.find(node); created != s.created.end()) {
      message << ", created at";
      write(message, created->second);
    }
  }
  fail(message.str());
}

void remember_creation(const Tensor& value) {
  State& s = state();
  if (s.depth > 0) s.created[value.node()] = current_trace();
}

Differentiating::Differentiating(const Tensor& output) : outer_(state().differentiating) {
  state().differentiating = output.node();
}
Differentiating::~Differentiating() {
  state().differentiating = outer_;
}

}  // namespace detail
}  // namespace ito
