// What the tests of the programs share.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "apps/report/process.h"

namespace ito::apps_test {

// A fresh folder for the lifetime of the object.
class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "ito-test-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

struct BadInput {
  std::vector<std::string> arguments;
  std::string culprit;  // must be named
};

// The program exits with a failure after one line that names the culprit.
inline void expect_refusal(const char* program, const BadInput& input) {
  const report::ProcessResult result =
      report::run_program(program, input.arguments, std::filesystem::temp_directory_path());
  EXPECT_NE(result.status, 0);
  EXPECT_NE(result.output.find(input.culprit), std::string::npos) << result.output;
  EXPECT_EQ(std::count(result.output.begin(), result.output.end(), '\n'), 1) << result.output;
}

}  // namespace ito::apps_test
