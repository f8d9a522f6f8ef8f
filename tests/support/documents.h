// The documents of the repository, for tests that hold them to the code.
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace ito::support {

// The whole file; a missing one fails the test.
inline std::string read(const std::filesystem::path& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.good()) << path;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// What stands between ```cpp and ``` in a page, in order.
inline std::vector<std::string> code_blocks(const std::string& page) {
  const std::string open = "```cpp\n", close = "```\n";
  std::vector<std::string> blocks;
  for (std::size_t at = page.find(open); at != std::string::npos; at = page.find(open, at)) {
    at += open.size();
    const std::size_t end = page.find(close, at);
    EXPECT_NE(end, std::string::npos) << "a block that does not end";
    blocks.push_back(page.substr(at, end - at));
  }
  return blocks;
}

}  // namespace ito::support
