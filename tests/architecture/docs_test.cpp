// Every test that the documents name is there.

#include <filesystem>
#include <regex>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/documents.h"

namespace {

namespace fs = std::filesystem;
using ito::support::read;

// [`Suite.Name`](../path): what a document links as a test.
const std::regex kLink(R"(\[`(\w+)\.(\w+)`\]\(\.\./(tests/[\w/.]+)\))");

bool defines(const std::string& source, const std::string& suite, const std::string& name) {
  return std::regex_search(source, std::regex("TEST(_F|_P)?\\(" + suite + ",\\s*" + name + "\\)"));
}

// The names linked in a document, each of which must be defined in the file it links.
std::set<std::string> check_tests_of(const std::string& document) {
  const fs::path root = ITO_SOURCE_DIR;
  const std::string text = read(root / document);
  std::set<std::string> names;
  for (std::sregex_iterator at(text.begin(), text.end(), kLink), end; at != end; ++at) {
    const std::smatch& link = *at;
    const std::string name = link.str(1) + "." + link.str(2);
    names.insert(name);
    EXPECT_TRUE(defines(read(root / link.str(3)), link.str(1), link.str(2)))
        << document << ": no " << name << " in " << link.str(3);
  }
  return names;
}

TEST(Docs, EveryErratumHasItsTest) {
  std::set<std::string> numbers;
  for (const std::string& name : check_tests_of("docs/errata.md")) {
    std::smatch number;
    ASSERT_TRUE(std::regex_search(name, number, std::regex("\\.Erratum(\\d\\d)"))) << name;
    numbers.insert(number.str(1));
  }
  EXPECT_EQ(numbers.size(), 20u);
  EXPECT_EQ(*numbers.begin(), "01");
  EXPECT_EQ(*numbers.rbegin(), "20");
}

TEST(Docs, EveryClaimOfThePaperHasItsTest) {
  EXPECT_GE(check_tests_of("docs/paper.md").size(), 40u);
}

TEST(Docs, AMissingTestIsNoticed) {
  EXPECT_TRUE(defines("TEST(Suite, Name) {", "Suite", "Name"));
  EXPECT_TRUE(defines("TEST_F(Suite,\n       Name) {", "Suite", "Name"));
  EXPECT_FALSE(defines("TEST(Suite, NameAndMore) {", "Suite", "Name"));
}

}  // namespace
