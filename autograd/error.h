// Error, check and fail: every message names the op, the values and the rule broken.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace ito {

// Thrown for every misuse of the library: bad shapes, dtypes, arguments or graph state.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

template <class... Parts>
[[noreturn, gnu::cold, gnu::noinline]] void fail(const Parts&... parts) {
  std::ostringstream message;
  (message << ... << parts);
  throw Error(message.str());
}

// Throws Error with the parts joined unless `ok`. The parts are formatted only on failure.
template <class... Parts>
inline void check(bool ok, const Parts&... parts) {
  if (!ok) [[unlikely]]
    fail(parts...);
}

}  // namespace ito
