// The case study as its users meet it: the program's answers to bad input, and small whole runs.

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "apps/gmm_case_study/figures.h"
#include "apps/gmm_case_study/identity.h"
#include "apps/gmm_case_study/methods.h"
#include "apps/gmm_case_study/results.h"
#include "apps/gmm_case_study/settings.h"
#include "apps/gmm_case_study/store.h"
#include "apps/gmm_case_study/study.h"
#include "apps/gmm_case_study/sweeps.h"
#include "apps/gmm_case_study/tables.h"
#include "apps/report/color.h"
#include "apps/report/figure.h"
#include "apps/report/files.h"
#include "apps/report/process.h"
#include "autograd/tensor.h"
#include "nn/io/checkpoint.h"
#include "nn/io/npy.h"
#include "nn/two_layer_denoiser.h"
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
  Settings s = preset("quick");
  s.n = 8;
  s.parts[0].config = {.name = "1", .train_samples = 300, .epochs = 3, .hidden = 16};
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
    testing::Values(
        BadInput{{"--bogus"}, "--bogus"}, BadInput{{"--methods", "magic"}, "magic"},
        BadInput{{"--methods", "tanh,tanh"}, "twice"}, BadInput{{"--p", "0"}, "--p"},
        BadInput{{"--p", "1.5"}, "--p"}, BadInput{{"--p", "nan"}, "--p"},
        BadInput{{"--n", "-3"}, "--n"}, BadInput{{"--n", "many"}, "many"},
        BadInput{{"--samples", "-1"}, "--samples"}, BadInput{{"--hidden", "0"}, "--hidden"},
        BadInput{{"--steps", "1"}, "--steps"}, BadInput{{"--lr", "-1"}, "--lr"},
        BadInput{{"--t-sharp", "1e9"}, "--t-sharp"}, BadInput{{"--sampler", "magic"}, "magic"},
        BadInput{{"--preset", "magic"}, "magic"}, BadInput{{"--configs", "7"}, "--configs"},
        BadInput{{"--seeds", "0"}, "--seeds"}, BadInput{{"--sweep", "q"}, "--sweep"},
        BadInput{{"--seeds", "3,3"}, "--seeds"},
        BadInput{{"--out", "/proc/nowhere"}, "/proc/nowhere"}, BadInput{{"--out", ""}, "--out"},
        BadInput{{"--methods", "exact,refined", "--epochs", "7"}, "--epochs"},
        BadInput{{"--methods", "refined", "--train-fraction", "0.5"}, "--train-fraction"},
        BadInput{{"--preset", "ablation", "--alpha-margin", "0.2"}, "--alpha-margin"},
        BadInput{{"--sweep", "p", "--seeds", "2"}, "--sweep"},
        BadInput{{"--sweep", "p", "--configs", "1,2"}, "--sweep"},
        BadInput{{"--sweep", "modes", "--methods", "exact,mixture-tanh"}, "--methods"},
        BadInput{{"--sweep", "modes", "--n", "2"}, "--n"},
        BadInput{{"--batch", "9223372036854775807"}, "--batch"},
        BadInput{{"--n", "100000000000"}, "--n"},
        BadInput{{"--hidden", "100000000000"}, "--hidden"},
        BadInput{{"--train-samples", "100000000000"}, "--train-samples"},
        BadInput{{"--frequencies", "100000000000"}, "--frequencies"},
        BadInput{{"--time-features", "100000000000"}, "--time-features"},
        BadInput{{"--epochs", "9223372036854775807"}, "--epochs"},
        BadInput{{"--samples", "9223372036854775807"}, "--samples"},
        BadInput{{"--steps", "9223372036854775807"}, "--steps"},
        BadInput{{"--methods", "refined", "--steps", "2"}, "--steps"},
        BadInput{{"--methods", "phase-tanh", "--alpha-margin", "1"}, "--alpha-margin"},
        BadInput{{"--lr", "inf"}, "--lr"}, BadInput{{"--weight-decay", "inf"}, "--weight-decay"},
        BadInput{{"--methods", "two\nlines"}, "two\\nlines"},
        BadInput{{"--seed", "99999999999999999999"}, "--seed"},
        BadInput{{"--seeds", "5,99999999999999999999"}, "--seeds"}));

// What cannot be printed is a failure, said in one line.
TEST(Study, AFullStandardOutputIsAnError) {
  const Folder folder;
  const std::string program = ITO_GMM_CASE_STUDY;
  const std::string exact = " --methods exact --n 2 --samples 100 --steps 3 --out out";
  for (const std::string& arguments : {std::string(" --version"), exact}) {
    const report::ProcessResult result = report::run_program(
        "/bin/sh", {"-c", "PATH= exec " + program + arguments + " > /dev/full"}, folder.path());
    EXPECT_EQ(result.status, 1) << arguments;
    EXPECT_NE(result.output.find("standard output"), std::string::npos) << result.output;
  }
}

TEST(Study, HelpNamesEveryMethod) {
  const report::ProcessResult help = run({"--help"});
  EXPECT_EQ(help.status, 0);
  for (const std::string& name : method_names()) {
    EXPECT_NE(help.output.find(name), std::string::npos) << name;
  }
}

TEST(Study, NoTwoMethodsLookAlike) {
  std::set<std::tuple<std::string, report::Marker, report::Stroke>> styles;
  for (const std::string& name : method_names()) {
    styles.emplace(report::hex(report::color_of(name)), report::marker_of(name),
                   report::stroke_of(name));
  }
  EXPECT_EQ(styles.size(), method_names().size());
}

TEST(Study, WritesEverythingItPromises) {
  const Folder folder;
  std::ostringstream log, table;
  write_results(run_study(small(folder.path()), log), table);

  const auto summary = nlohmann::json::parse(report::read_file(folder.path() / "summary.json"));
  ASSERT_EQ(summary["methods"].size(), preset("quick").parts[0].methods.size());
  for (const auto& method : summary["methods"]) {
    const std::string name = method["method"];
    const Tensor samples = nn::load_npy(folder.path() / "samples" / (name + ".npy"));
    EXPECT_EQ(samples.shape(), (Shape{600, 8})) << name;
    EXPECT_NE(table.str().find(name), std::string::npos) << name;
    EXPECT_TRUE(method["w1"].is_number()) << name;
    EXPECT_TRUE(method["kl_total"].is_number()) << name;
  }
  for (const char* figure :
       {"samples", "error_budget", "figure1_data", "figure2_relu", "figure3_relu_mean",
        "figure4_tanh", "figure5_tanh_mean", "figure6_mixture", "figure7_phase",
        "figure8_phase_mean", "asymptotics_regimes", "asymptotics_errors",
        "asymptotics_sharpness"}) {
    EXPECT_TRUE(fs::exists(folder.path() / "figures" / (std::string(figure) + ".gp"))) << figure;
  }
  EXPECT_NE(report::read_file(folder.path() / "report.html").find("corrected"), std::string::npos);
}

TEST(Study, WhatAnEarlierRunLeftGoesAndWhatIsNotOursStays) {
  const Folder folder;
  std::ostringstream log, table;
  Settings s = small(folder.path());
  s.parts[0].methods = {"exact", "tanh"};
  write_results(run_study(s, log), table);
  const fs::path samples = folder.path() / "samples", figures = folder.path() / "figures";
  report::write_atomically(samples / "mine.npy", "mine");
  report::write_atomically(figures / "mine.gp", "# mine\n");
  const fs::path of_tanh[] = {samples / "tanh.npy", figures / "figure4_tanh.gp",
                              figures / "data" / "figure4_tanh.dat"};
  for (const fs::path& path : of_tanh) EXPECT_TRUE(fs::exists(path)) << path;
  s.parts[0].methods = {"exact"};
  write_results(run_study(s, log), table);
  for (const fs::path& path : of_tanh) EXPECT_FALSE(fs::exists(path)) << path;
  EXPECT_FALSE(fs::exists(figures / "figure4_tanh.svg"));
  for (const fs::path& path :
       {samples / "exact.npy", samples / "mine.npy", figures / "mine.gp", figures / "exact.gp"}) {
    EXPECT_TRUE(fs::exists(path)) << path;
  }
}

TEST(Study, SamplesDoNotDependOnThreadsOrOnOtherMethods) {
  const Folder folder;
  std::ostringstream log;
  // Each in a folder of its own, so that nothing is loaded.
  const auto results = [&](const char* out, std::vector<std::string> methods, int threads) {
    Settings s = small(folder.path() / out);
    s.parts[0].methods = std::move(methods);
    s.threads = threads;
    Results r = run_study(s, log);
    EXPECT_EQ(r.runs_loaded, 0);
    return r;
  };
  const std::vector<std::string> methods = {"exact", "tanh", "mixture-tanh", "phase-tanh"};
  const Results one = results("one", methods, 1);
  const Results two = results("two", methods, 2);
  const Results alone = results("alone", {"phase-tanh"}, 2);
  for (std::size_t m = 0; m < one.runs.size(); ++m) {
    EXPECT_EQ(one.runs[m].samples.to_vector<float>(), two.runs[m].samples.to_vector<float>())
        << one.runs[m].method.name;
  }
  EXPECT_EQ(one.runs.back().samples.to_vector<float>(), alone.runs[0].samples.to_vector<float>());
}

// Networks of the paper's size, whose products are too small for OpenBLAS, whatever it chose.
TEST(Study, SamplesDoNotDependOnTheProcessor) {
  const Folder folder;
  const auto run_with = [&](const std::string& environment, const std::string& out) {
    const std::string command =
        "unset ITO_GEMM; " + environment + " exec " + ITO_GMM_CASE_STUDY +
        " --methods exact,mixture-relu,corrected --train-samples 600 --epochs 3 --samples 700"
        " --steps 10 --out " +
        out;
    return report::run_program("/bin/sh", {"-c", command}, folder.path());
  };
  const report::ProcessResult older = run_with("ITO_SIMD=AVX2 OPENBLAS_CORETYPE=Haswell", "older");
  if (older.output.find("ITO_SIMD is one of") != std::string::npos) {
    GTEST_SKIP() << "this machine has no AVX2";
  }
  ASSERT_EQ(older.status, 0) << older.output;
  const report::ProcessResult own = run_with("", "own");
  ASSERT_EQ(own.status, 0) << own.output;
  for (const char* method : {"exact", "mixture-relu", "corrected"}) {
    const fs::path file = fs::path("samples") / (std::string(method) + ".npy");
    EXPECT_EQ(report::read_file(folder.path() / "older" / file),
              report::read_file(folder.path() / "own" / file))
        << method;
  }
}

TEST(Study, AFinishedRunIsLoaded) {
  const Folder folder;
  std::ostringstream log, first_table, second_table;
  Settings s = small(folder.path());
  s.parts[0].seeds = {5, 6};
  s.parts[0].methods = {"exact", "mixture-relu", "phase-tanh", "corrected"};
  const Results first = run_study(s, log);
  EXPECT_EQ(first.runs_loaded, 0);
  const Results second = run_study(s, log);
  EXPECT_EQ(second.runs_loaded, 8);
  EXPECT_NE(log.str().find("10 of 10 networks are there already"), std::string::npos) << log.str();
  ASSERT_EQ(second.runs.size(), first.runs.size());
  for (std::size_t i = 0; i < first.runs.size(); ++i) {
    const MethodResult &a = first.runs[i], &b = second.runs[i];
    EXPECT_EQ(a.u, b.u);
    EXPECT_EQ(a.w1, b.w1);
    EXPECT_EQ(a.kl_total(), b.kl_total());
    EXPECT_EQ(a.orthogonal_variance, b.orthogonal_variance);
    EXPECT_EQ(a.error, b.error);
    ASSERT_EQ(a.networks.size(), b.networks.size());
    for (std::size_t k = 0; k < a.networks.size(); ++k) {
      EXPECT_EQ(a.networks[k].training.train_curve, b.networks[k].training.train_curve);
    }
    ASSERT_EQ(a.posterior_means.size(), b.posterior_means.size());
    for (std::size_t k = 0; k < a.posterior_means.size(); ++k) {
      EXPECT_EQ(a.posterior_means[k].learned, b.posterior_means[k].learned);
    }
  }

  // More samples: measured again, not trained again. Another rate: trained again.
  s.samples = 700;
  EXPECT_EQ(run_study(s, log).runs_loaded, 0);
  s.lr = 2e-3;
  std::ostringstream last;
  run_study(s, last);
  EXPECT_EQ(last.str().find("there already"), std::string::npos) << last.str();
}

TEST(Study, AFileOfTheStoreThatCannotBeUsedIsNamed) {
  const Folder folder;
  const RunStore store(folder.path());
  store.open("training");
  const fs::path runs = folder.path() / hash_of("training");
  const fs::path network = runs / "network-0.safetensors";
  const fs::path measured = runs / ("measured-" + hash_of("measuring") + ".safetensors");
  const nn::StateDict other = {{"other", zeros({1})}};
  nn::save_checkpoint(network, {.parts = {{"model", other}}, .metadata = {}});
  nn::save_checkpoint(measured, {.parts = {{"measured", other}}, .metadata = {}});
  Generator rng(1);
  nn::TwoLayerDenoiser module({.n = 2, .hidden = 4}, rng);
  const auto message = [](const auto& load) -> std::string {
    try {
      load();
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_TRUE(message([&] {
                store.load_network("training", 0, module);
              }).starts_with(network.string() + ": "));
  EXPECT_TRUE(message([&] {
                store.load_measured("training", "measuring");
              }).starts_with(measured.string() + ": "));
}

// Two configurations of the same settings: the second finds what the first has just measured.
TEST(Study, ARunOfThisSittingIsNotSaidToHaveBeenThere) {
  const Folder folder;
  std::ostringstream log;
  Settings s = small(folder.path());
  s.parts[0].methods = {"exact", "tanh"};
  s.parts.push_back(s.parts[0]);
  s.parts[1].config.name = "2";
  const Results r = run_study(s, log);
  EXPECT_EQ(r.runs_loaded, 0);
  EXPECT_EQ(network_table(r).rows.size(), 1u);  // both have the same
  EXPECT_EQ(run_study(s, log).runs_loaded, 4);
}

// So many samples that drawing them would end in std::bad_alloc, which is no Error.
TEST(Study, AStoreThatCannotBeWrittenIsFoundBeforeSampling) {
  const Folder folder;
  std::ostringstream log;
  Settings s = small(folder.path());
  s.parts[0].methods = {"exact"};
  s.samples = Index{1} << 46;
  const Method exact = select_methods({"exact"})[0];
  report::ensure_writable_directory(s.runs_folder());
  report::write_atomically(
      s.runs_folder() / hash_of(training_identity(s, {s.parts[0].config, exact, 5})), "a file");
  EXPECT_THROW(run_study(s, log), Error);
}

TEST(Study, WhatChangesAResultChangesItsIdentity) {
  const Settings s = preset("quick");
  const Config config = s.parts[0].config;
  std::set<std::string> hashes;
  for (const Method& m : all_methods())
    hashes.insert(hash_of(measuring_identity(s, {config, m, 5})));
  EXPECT_EQ(hashes.size(), all_methods().size());

  // Each of these alone; the name of the configuration and the number of threads do not count.
  const Method method = select_methods({"refined"})[0];
  const std::string training = training_identity(s, {config, method, 5});
  const std::string measuring = measuring_identity(s, {config, method, 5});
  Settings other = s;
  other.threads = 7;
  Config renamed = config;
  renamed.name = "other";
  EXPECT_EQ(measuring_identity(other, {renamed, method, 5}), measuring);
  other.samples += 1;
  EXPECT_EQ(training_identity(other, {config, method, 5}), training);
  EXPECT_NE(measuring_identity(other, {config, method, 5}), measuring);
  EXPECT_NE(training_identity(s, {config, method, 6}), training);
  using Change = void (*)(Recipe&);
  const Change training_changes[] = {[](Recipe& r) { r.cosine_decay = false; },
                                     [](Recipe& r) { r.ema_decay = 0.9; },
                                     [](Recipe& r) { r.epochs = 3; },
                                     [](Recipe& r) { r.train_fraction = 0.5; },
                                     [](Recipe& r) { r.alpha_margin = 0.2; },
                                     [](Recipe& r) { r.unit_scale_loss = false; },
                                     [](Recipe& r) { r.law.path_share += 0.01; },
                                     [](Recipe& r) { r.law.early_share -= 0.01; },
                                     [](Recipe& r) { r.law.early_end += 0.01; },
                                     [](Recipe& r) { r.stratified = false; }};
  for (const Change change : training_changes) {
    Method changed = method;
    change(changed.recipe);
    EXPECT_NE(training_identity(s, {config, changed, 5}), training);
  }
  const Change sampling_changes[] = {[](Recipe& r) { r.semi_linear = false; },
                                     [](Recipe& r) { r.early_points_share = 0.5; },
                                     [](Recipe& r) { r.early_points_share = 0; }};
  for (const Change change : sampling_changes) {
    Method changed = method;
    change(changed.recipe);
    EXPECT_EQ(training_identity(s, {config, changed, 5}), training);
    EXPECT_NE(measuring_identity(s, {config, changed, 5}), measuring);
  }
}

TEST(Study, SeedsHaveASpread) {
  const Folder folder;
  std::ostringstream log, table;
  Settings s = small(folder.path());
  s.parts[0].seeds = {5, 6, 7};
  s.parts[0].methods = {"exact", "tanh"};
  s.parts.push_back(s.parts[0]);
  s.parts[1].config.name = "2";
  s.parts[1].config.epochs = 4;
  const Results r = run_study(s, log);
  write_results(r, table);
  const std::vector<Group> groups = r.groups();
  ASSERT_EQ(groups.size(), 4u);
  const auto w1 = [](const MethodResult& m) { return m.w1; };
  for (const Group& group : groups) {
    ASSERT_EQ(group.runs.size(), 3u);
    const double a = w1(*group.runs[0]), b = w1(*group.runs[1]), c = w1(*group.runs[2]);
    EXPECT_NE(a, b);
    const Spread w1s = spread(group, w1);
    EXPECT_DOUBLE_EQ(w1s.mean, (a + b + c) / 3);
    // Var of three = sum of squared differences / 6.
    const double squares = (a - b) * (a - b) + (b - c) * (b - c) + (c - a) * (c - a);
    EXPECT_NEAR(w1s.standard_deviation, std::sqrt(squares / 6), 1e-12);
  }
  const auto summary = nlohmann::json::parse(report::read_file(folder.path() / "summary.json"));
  ASSERT_EQ(summary["methods"].size(), 4u);
  EXPECT_EQ(summary["methods"][3]["runs"].size(), 3u);
  EXPECT_EQ(summary["methods"][3]["config"], "2");
  // Known exactly, so that no seed changes it; that of a network is not.
  EXPECT_FALSE(summary["methods"][0].contains("kl_total_se"));
  EXPECT_TRUE(summary["methods"][1].contains("kl_total_se"));
  EXPECT_NE(table.str().find("After ±: over several seeds"), std::string::npos);
  EXPECT_TRUE(fs::exists(folder.path() / "figures" / "seeds_config1.gp"));
  EXPECT_TRUE(fs::exists(folder.path() / "figures" / "seeds_config2.gp"));
}

// refined has epochs and a share of the data of its own, whatever the settings are.
TEST(Study, TheReportSaysWhatRan) {
  const Folder folder;
  std::ostringstream log, table;
  Settings s = small(folder.path());
  s.parts[0].methods = {"tanh", "refined"};
  s.parts[0].seeds = {5, 6};
  const Results r = run_study(s, log);
  write_results(r, table);
  const auto summary = nlohmann::json::parse(report::read_file(folder.path() / "summary.json"));
  EXPECT_TRUE(summary["settings"]["sampling_margin"].is_null());
  const auto& recipes = summary["recipes"];
  ASSERT_EQ(recipes.size(), 2u);
  EXPECT_TRUE(recipes[0]["epochs"].is_null());
  EXPECT_EQ(recipes[1]["epochs"], 200);
  EXPECT_EQ(recipes[1]["train_fraction"], 1);
  EXPECT_EQ(recipes[1]["alpha_margin"], 0.1);
  EXPECT_EQ(recipes[1]["sampling_margin"], 0.1);
  const std::string page = report::read_file(folder.path() / "report.html");
  EXPECT_NE(page.find("Started from preset <strong>quick</strong>"), std::string::npos);
  EXPECT_NE(page.find("changed: configs, n, samples, steps."), std::string::npos);
  for (const report::Figure& figure : make_figures(r)) {
    if (figure.name != "seeds_config1") continue;
    EXPECT_NE(figure.caption.find("mode weight of 300 samples"), std::string::npos);
  }
}

TEST(Study, WithoutANetworkThereIsNoPanelOfItsErrors) {
  const Folder folder;
  std::ostringstream log;
  Settings s = small(folder.path());
  for (const bool with_network : {false, true}) {
    s.parts[0].methods = {"exact"};
    if (with_network) s.parts[0].methods.push_back("tanh");
    for (const report::Figure& figure : make_figures(run_study(s, log))) {
      if (figure.name != "error_budget") continue;
      EXPECT_EQ(figure.panels.size(), with_network ? 2u : 1u);
      EXPECT_EQ(figure.caption.starts_with("Left"), with_network);
    }
  }
}

TEST(Study, WithoutGnuplotTheDataAreWrittenAndOneLineSaysHowToDrawThem) {
  const Folder folder;
  std::ostringstream log, table;
  Settings s = small(folder.path());
  s.parts[0].methods = {"exact"};
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
  // Interrupted while it trains: nothing is there yet but what the runs are.
  const report::ProcessResult result =
      report::run_program(*timeout,
                          {"--preserve-status", "-s", "INT", "0.5", ITO_GMM_CASE_STUDY, "--out",
                           (folder.path() / "out").string(), "--epochs", "100000"},
                          folder.path());
  EXPECT_NE(result.status, 0);
  for (const auto& entry : fs::recursive_directory_iterator(folder.path())) {
    if (entry.is_directory()) continue;
    ASSERT_EQ(entry.path().filename(), "settings.json");
    EXPECT_TRUE(nlohmann::json::accept(report::read_file(entry.path()))) << entry.path();
  }
}

TEST(Study, AnInterruptedRunGoesOnWithTheSameBytes) {
  const Folder folder;
  const auto timeout = report::find_program("timeout");
  ASSERT_TRUE(timeout.has_value());
  const auto arguments = [&](const char* out) {
    return std::vector<std::string>{"--out",
                                    (folder.path() / out).string(),
                                    "--methods",
                                    "corrected",
                                    "--n",
                                    "8",
                                    "--hidden",
                                    "16",
                                    "--samples",
                                    "500",
                                    "--steps",
                                    "20",
                                    "--epochs",
                                    "30000",
                                    "--train-samples",
                                    "100",
                                    "--checkpoint-seconds",
                                    "0.1"};
  };
  std::vector<std::string> interrupted = {"--preserve-status", "-s", "INT", "1",
                                          ITO_GMM_CASE_STUDY};
  for (const std::string& argument : arguments("two")) interrupted.push_back(argument);
  EXPECT_NE(report::run_program(*timeout, interrupted, folder.path()).status, 0);
  int checkpoints = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder.path() / "two")) {
    checkpoints += entry.path().extension() == ".checkpoint";
    EXPECT_NE(entry.path().filename(), "network-0.safetensors");
  }
  EXPECT_EQ(checkpoints, 1);

  EXPECT_EQ(run(arguments("one")).status, 0);
  EXPECT_EQ(run(arguments("two")).status, 0);
  EXPECT_EQ(report::read_file(folder.path() / "one" / "samples" / "corrected.npy"),
            report::read_file(folder.path() / "two" / "samples" / "corrected.npy"));
  for (const auto& entry : fs::recursive_directory_iterator(folder.path() / "two")) {
    EXPECT_NE(entry.path().extension(), ".checkpoint") << entry.path();
  }
}

// Small, and through the same code: where a sweep comes to the settings themselves, it finds them.
TEST(Study, SweepsVaryOneSettingAtATime) {
  const Folder folder;
  std::ostringstream log, table;
  Settings s = small(folder.path());
  s.n = 24;
  s.samples = 200;
  s.parts[0].methods = {"exact", "tanh", "corrected"};
  s.sweeps = {"p", "steps", "modes"};
  const Results r = run_study(s, log);
  write_results(r, table);
  ASSERT_EQ(r.sweeps.size(), 2u);
  const auto w1 = [](const SweepPoint& point, std::size_t m) { return point.runs[m].w1; };
  for (const SweepPoint& point : r.sweeps[0].points) {
    ASSERT_EQ(point.runs.size(), 3u);
    for (std::size_t m = 0; m < 3; ++m) {
      if (point.value == s.p) {
        EXPECT_EQ(w1(point, m), r.runs[m].w1);
      } else {
        EXPECT_NE(w1(point, m), r.runs[m].w1);
      }
    }
  }
  // Exactly known, and falling with K.
  const std::vector<SweepPoint>& steps = r.sweeps[1].points;
  for (std::size_t i = 1; i < steps.size(); ++i) {
    EXPECT_LT(steps[i].runs[0].kl_total(), steps[i - 1].runs[0].kl_total());
  }
  ASSERT_EQ(r.many_modes.size(), 4u * 3u);
  for (const ManyModesResult& m : r.many_modes) {
    // The mean of exact samples, and a sum of at most 16 deviations: five times it is far outside.
    if (m.method == "exact") {
      EXPECT_LT(m.total_variation, 5 * m.total_variation_floor) << m.modes;
    } else {
      EXPECT_GT(m.kl_net, 0) << m.method;
    }
  }
  // The true weight beside the methods': p itself where p varies.
  for (const report::Figure& figure : sweep_figures(r)) {
    if (figure.name == "sweep_modes") continue;
    const auto& truth = std::get<report::Line>(figure.panels[1].series.back());
    EXPECT_EQ(truth.label, "true weight");
    EXPECT_EQ(truth.y, figure.name == "sweep_p" ? truth.x : std::vector<double>(7, s.p));
  }
  for (const char* figure : {"sweep_p", "sweep_steps", "sweep_modes"}) {
    EXPECT_TRUE(fs::exists(folder.path() / "figures" / (std::string(figure) + ".gp"))) << figure;
  }
}

TEST(Study, PresetsAreWhatTheyAreSaidToBe) {
  const Settings author = preset("author"), paper = preset("paper");
  for (const std::string& name : preset_names()) EXPECT_NO_THROW(validate(preset(name))) << name;
  ASSERT_EQ(author.parts.size(), 4u);
  ASSERT_EQ(paper.parts.size(), 4u);
  EXPECT_EQ(author.parts[3].config.hidden, 256);  // its configuration 4 has the networks of 3
  EXPECT_EQ(author.parts[3].config.time_features, 3);
  EXPECT_EQ(paper.parts[3].config.hidden, 512);
  EXPECT_EQ(paper.parts[3].config.time_features, 6);
  EXPECT_EQ(author.train_fraction, 0.6);
  EXPECT_EQ(paper.train_fraction, 1);
  EXPECT_EQ(author.t_sharp, 2);
  EXPECT_EQ(paper.t_sharp, 1);
  const Index sizes[] = {5000, 20000, 20000, 20000}, epochs[] = {500, 500, 2000, 2000};
  for (std::size_t i = 0; i < 4; ++i) {
    for (const Settings* s : {&author, &paper}) {
      EXPECT_EQ(s->parts[i].config.train_samples, sizes[i]);
      EXPECT_EQ(s->parts[i].config.epochs, epochs[i]);
    }
  }
  for (const Method& m : select_methods(author.parts[0].methods)) {
    const double margin = m.structure == Structure::mixture ? 0.3
                          : m.structure == Structure::phase ? 0.2
                                                            : 0.1;
    EXPECT_EQ(sampling_margin(author, m), margin) << m.name;
    EXPECT_EQ(sampling_margin(paper, m), 0.1) << m.name;
  }
}

TEST(Study, AFlagIsUsedIfOneMethodHearsIt) {
  Settings s = preset("quick");
  for (const std::string& flag : kRecipeFlags) {
    s.parts[0].methods = {"refined", "refined-euler"};
    EXPECT_THROW(check_used(flag, s), Error) << flag;
    s.parts[0].methods = {"refined", "tanh"};
    EXPECT_NO_THROW(check_used(flag, s)) << flag;
    s.parts[0].methods = {"exact"};
    EXPECT_NO_THROW(check_used(flag, s)) << flag;
  }
}

TEST(Study, FlagsChooseConfigurationsAndSeeds) {
  Settings s = preset("author");
  apply({.configs = {"2", "4"}, .methods = {"tanh"}, .seed = 9, .seeds = {2}, .epochs = 7}, s);
  ASSERT_EQ(s.parts.size(), 2u);
  for (const Part& part : s.parts) {
    EXPECT_EQ(part.methods, std::vector<std::string>{"tanh"});
    EXPECT_EQ(part.seeds, (std::vector<std::uint64_t>{9, 10}));
    EXPECT_EQ(part.config.epochs, 7);
  }
  EXPECT_EQ(s.parts[1].config.name, "4");
  s = preset("quick");  // has configuration 1 alone
  apply({.configs = {"3"}, .seeds = {4, 8}}, s);
  ASSERT_EQ(s.parts.size(), 1u);
  EXPECT_EQ(s.parts[0].config.epochs, 2000);
  EXPECT_EQ(s.parts[0].seeds, (std::vector<std::uint64_t>{4, 8}));
  s = preset("corrected");  // two parts of configuration 2
  apply({.configs = {"2"}, .methods = {"refined"}}, s);
  ASSERT_EQ(s.parts.size(), 1u);
  EXPECT_EQ(s.parts[0].methods, std::vector<std::string>{"refined"});
  EXPECT_EQ(s.parts[0].seeds, (std::vector<std::uint64_t>{5, 6, 7}));  // as many as the preset's
  EXPECT_THROW(apply({.configs = {"5"}}, s), Error);
  EXPECT_THROW(apply({.configs = {"1", "1"}}, s), Error);
  EXPECT_THROW(apply({.seeds = {0}}, s), Error);
  constexpr std::uint64_t kLast = std::numeric_limits<std::uint64_t>::max();
  EXPECT_NO_THROW(apply({.seed = kLast - 1, .seeds = {2}}, s));
  EXPECT_THROW(apply({.seed = kLast, .seeds = {2}}, s), Error);
  EXPECT_THROW(apply({.seed = 9, .seeds = {5, 6}}, s), Error);
}

// The preset `corrected` has two parts of one configuration: one seed of the paper's methods, three
// of ours.
TEST(Study, FlagsKeepThePartsOfAConfiguration) {
  const Settings whole = preset("corrected");
  Settings s = whole;
  apply({.configs = {"1"}}, s);
  ASSERT_EQ(s.parts.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(s.parts[i].config, preset("quick").parts[0].config);
    EXPECT_EQ(s.parts[i].methods, whole.parts[i].methods);
    EXPECT_EQ(s.parts[i].seeds, whole.parts[i].seeds);
  }
  s = whole;
  apply({.methods = {"refined", "tanh", "phase-tanh-1"}}, s);
  ASSERT_EQ(s.parts.size(), 2u);
  EXPECT_EQ(s.parts[0].methods, (std::vector<std::string>{"tanh", "phase-tanh-1"}));
  EXPECT_EQ(s.parts[0].seeds.size(), 1u);
  EXPECT_EQ(s.parts[1].methods, std::vector<std::string>{"refined"});
  EXPECT_EQ(s.parts[1].seeds.size(), 3u);
}

}  // namespace
}  // namespace ito::gmm
