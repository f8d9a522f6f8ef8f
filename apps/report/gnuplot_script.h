// A figure as gnuplot script and data. Private to apps/report.
#pragma once

#include <string>

#include "apps/report/figure.h"

namespace ito::report {

struct GnuplotScript {
  std::string script;  // reads data/<name>.dat, writes <name>.svg and <name>.png
  std::string data;    // one block a series, named by comments
  std::string note;    // what is not drawn as given, for the caption; may be empty
};

// The second line of every script: that it is ours, and what it writes.
std::string signature(const std::string& name);

// Throws ito::Error naming the figure, the panel and the rule broken.
GnuplotScript compile(const Figure& figure);

}  // namespace ito::report
