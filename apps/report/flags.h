// Checks of the values of flags.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "autograd/error.h"
#include "autograd/shape.h"

namespace ito::report {

// Throws Error naming the flag unless least <= value <= most.
inline void check_range(const char* flag, Index value, Index least, Index most) {
  check(value >= least && value <= most, flag, ": must lie between ", least, " and ", most,
        ", got ", value);
}

// Throws Error naming the flag, and what is known, unless the value is.
inline void check_name(const char* flag, const std::string& value,
                       const std::vector<std::string>& known) {
  std::string list;
  for (const std::string& name : known) list += (list.empty() ? "" : ", ") + name;
  check(std::find(known.begin(), known.end(), value) != known.end(), flag, ": unknown name '",
        value, "'; known are ", list);
}

// Throws Error naming the flag unless 0 < value < infinity.
inline void check_positive(const char* flag, double value) {
  check(value > 0 && std::isfinite(value), flag, ": must be positive and finite, got ", value);
}

// Throws Error naming the flag and an item that is there twice.
template <class T>
void check_once(const char* flag, const std::vector<T>& items) {
  for (auto item = items.begin(); item != items.end(); ++item) {
    check(std::find(items.begin(), item, *item) == item, flag, ": ", *item, " twice");
  }
}

}  // namespace ito::report
