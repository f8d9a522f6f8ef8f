// The example in the README is the program that the package tests build and run.

#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

namespace {

std::string read(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.good()) << path;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Readme, ShowsTheProgramThatThePackageTestsRun) {
  const std::string root = ITO_SOURCE_DIR;
  const std::string program = read(root + "/tests/package/consumer.cpp");
  EXPECT_NE(read(root + "/README.md").find("```cpp\n" + program + "```"), std::string::npos)
      << "README.md and tests/package/consumer.cpp differ";
}

}  // namespace
