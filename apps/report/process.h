// Running another program without a shell, in the plain UTF-8 locale and without GNUTERM. Private
// to apps/report.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ito::report {

// The executable that PATH (an empty or unset one finds nothing) or a name with a '/' leads to.
std::optional<std::filesystem::path> find_program(std::string_view name);

struct ProcessResult {
  int status = 0;      // exit status; 128 + signal if it was killed; -1 if it did not start
  std::string output;  // stdout and stderr together
};

// Runs the program with exactly these arguments in the directory, its input empty, and waits.
ProcessResult run_program(const std::filesystem::path& program,
                          const std::vector<std::string>& arguments,
                          const std::filesystem::path& directory);

}  // namespace ito::report
