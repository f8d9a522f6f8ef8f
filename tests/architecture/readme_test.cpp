// The example in the README is the program that the package tests build and run.

#include <string>

#include <gtest/gtest.h>

#include "tests/support/documents.h"

namespace {

using ito::support::read;

TEST(Readme, ShowsTheProgramThatThePackageTestsRun) {
  const std::string root = ITO_SOURCE_DIR;
  const std::string program = read(root + "/tests/package/consumer.cpp");
  EXPECT_NE(read(root + "/README.md").find("```cpp\n" + program + "```"), std::string::npos)
      << "README.md and tests/package/consumer.cpp differ";
}

}  // namespace
