// The case study as its users meet it: the program's answers to bad input, and small whole runs.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "apps/gmm_case_study/results.h"
#include "apps/gmm_case_study/settings.h"
#include "apps/gmm_case_study/study.h"
#include "apps/report/files.h"
#include "apps/report/process.h"
#include "nn/io/npy.h"
#include "tests/apps/program.h"

namespace ito::gmm {
namespace {

namespace fs = std::filesystem;

using apps_test::BadInput;
using apps_test::Folder;

report::ProcessResult run(const std::vector<std::string>& arguments) {
  return report::run_program(ITO_GMM_CASE_STUDY, arguments, fs::temp_directory_path());
}

// A run of a second or so, with every method.
Settings small(const fs::path& out) {
  Settings s;
  s.n = 8;
  s.train_samples = 300;
  s.epochs = 3;
  s.hidden = 16;
  s.samples = 600;
  s.steps = 20;
  s.out = out;
  return s;
}

class BadInputTest : public testing::TestWithParam<BadInput> {};

TEST_P(BadInputTest, OneLineNamesTheCulpritAndTheExitIsNotZero) {
  apps_test::expect_refusal(ITO_GMM_CASE_STUDY, GetParam());
}

INSTANTIATE_TEST_SUITE_P(
    Study, BadInputTest,
    testing::Values(BadInput{{"--bogus"}, "--bogus"}, BadInput{{"--methods", "magic"}, "magic"},
                    BadInput{{"--methods", "tanh,tanh"}, "twice"}, BadInput{{"--p", "0"}, "--p"},
                    BadInput{{"--p", "1.5"}, "--p"}, BadInput{{"--p", "nan"}, "--p"},
                    BadInput{{"--n", "-3"}, "--n"}, BadInput{{"--n", "many"}, "many"},
                    BadInput{{"--samples", "-1"}, "--samples"},
                    BadInput{{"--hidden", "0"}, "--hidden"}, BadInput{{"--steps", "1"}, "--steps"},
                    BadInput{{"--lr", "-1"}, "--lr"}, BadInput{{"--t-sharp", "1e9"}, "--t-sharp"},
                    BadInput{{"--sampler", "magic"}, "magic"},
                    BadInput{{"--preset", "magic"}, "magic"},
                    BadInput{{"--out", "/proc/nowhere"}, "/proc/nowhere"}));

TEST(Study, HelpNamesEveryMethod) {
  const report::ProcessResult help = run({"--help"});
  EXPECT_EQ(help.status, 0);
  for (const std::string& name : method_names()) {
    EXPECT_NE(help.output.find(name), std::string::npos) << name;
  }
}

TEST(Study, WritesEverythingItPromises) {
  const Folder folder;
  std::ostringstream log, table;
  write_results(run_study(small(folder.path()), log), table);

  const auto summary = nlohmann::json::parse(report::read_file(folder.path() / "summary.json"));
  ASSERT_EQ(summary["methods"].size(), method_names().size());
  for (const auto& method : summary["methods"]) {
    const std::string name = method["method"];
    const Tensor samples = nn::load_npy(folder.path() / "samples" / (name + ".npy"));
    EXPECT_EQ(samples.shape(), (Shape{600, 8})) << name;
    EXPECT_NE(table.str().find(name), std::string::npos) << name;
    EXPECT_TRUE(method["w1"].is_number()) << name;
    EXPECT_TRUE(method["kl_total"].is_number()) << name;
  }
  for (const char* figure : {"samples", "error_budget", "figure1_data", "figure2_relu",
                             "figure3_relu_mean", "figure4_tanh", "figure5_tanh_mean",
                             "figure6_mixture", "figure7_phase", "figure8_phase_mean"}) {
    EXPECT_TRUE(fs::exists(folder.path() / "figures" / (std::string(figure) + ".gp"))) << figure;
  }
  EXPECT_NE(report::read_file(folder.path() / "report.html").find("corrected"), std::string::npos);
}

TEST(Study, SamplesDoNotDependOnThreadsOrOnOtherMethods) {
  const Folder folder;
  std::ostringstream log;
  Settings s = small(folder.path());
  s.methods = {"exact", "tanh", "mixture-tanh", "phase-tanh"};
  s.threads = 1;
  const Results one = run_study(s, log);
  s.threads = 2;
  const Results two = run_study(s, log);
  s.methods = {"phase-tanh"};
  const Results alone = run_study(s, log);
  for (std::size_t m = 0; m < one.methods.size(); ++m) {
    EXPECT_EQ(one.methods[m].samples.to_vector<float>(), two.methods[m].samples.to_vector<float>())
        << one.methods[m].method.name;
  }
  EXPECT_EQ(one.methods.back().samples.to_vector<float>(),
            alone.methods[0].samples.to_vector<float>());
}

TEST(Study, WithoutGnuplotTheDataAreWrittenAndOneLineSaysHowToDrawThem) {
  const Folder folder;
  std::ostringstream log, table;
  Settings s = small(folder.path());
  s.methods = {"exact"};
  const Results results = run_study(s, log);
  const std::string path = getenv("PATH");
  setenv("PATH", "", 1);
  write_results(results, table);
  setenv("PATH", path.c_str(), 1);
  EXPECT_NE(table.str().find("gnuplot"), std::string::npos) << table.str();
  EXPECT_TRUE(fs::exists(folder.path() / "figures" / "samples.gp"));
  EXPECT_FALSE(fs::exists(folder.path() / "figures" / "samples.svg"));
  EXPECT_TRUE(fs::exists(folder.path() / "report.html"));
}

TEST(Study, AnInterruptLeavesNoHalfWrittenFile) {
  const Folder folder;
  const auto timeout = report::find_program("timeout");
  ASSERT_TRUE(timeout.has_value());
  // Interrupted while it trains: nothing is there yet but the folder.
  const report::ProcessResult result =
      report::run_program(*timeout,
                          {"--preserve-status", "-s", "INT", "0.5", ITO_GMM_CASE_STUDY, "--out",
                           (folder.path() / "out").string(), "--epochs", "100000"},
                          folder.path());
  EXPECT_NE(result.status, 0);
  for (const auto& entry : fs::recursive_directory_iterator(folder.path())) {
    EXPECT_TRUE(entry.is_directory()) << entry.path();
  }
}

}  // namespace
}  // namespace ito::gmm
