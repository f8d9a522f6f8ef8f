// The gallery as its users meet it: the program's answers to bad input, and small whole runs.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "apps/report/files.h"
#include "apps/report/process.h"
#include "apps/sampler_gallery/losses.h"
#include "apps/sampler_gallery/results.h"
#include "apps/sampler_gallery/samplers.h"
#include "apps/sampler_gallery/settings.h"
#include "apps/sampler_gallery/study.h"
#include "autograd/ops.h"
#include "diffusion/metrics/sliced.h"
#include "nn/io/npy.h"
#include "tests/apps/program.h"

namespace ito::gallery {
namespace {

namespace fs = std::filesystem;

using apps_test::BadInput;
using apps_test::Folder;

class GalleryBadInputTest : public testing::TestWithParam<BadInput> {};

TEST_P(GalleryBadInputTest, OneLineNamesTheCulpritAndTheExitIsNotZero) {
  apps_test::expect_refusal(ITO_SAMPLER_GALLERY, GetParam());
}

INSTANTIATE_TEST_SUITE_P(
    Gallery, GalleryBadInputTest,
    testing::Values(BadInput{{"--bogus"}, "--bogus"}, BadInput{{"--target", "magic"}, "magic"},
                    BadInput{{"--losses", "magic"}, "magic"},
                    BadInput{{"--samplers", "ddim,ddim"}, "twice"},
                    BadInput{{"--steps", "0"}, "--steps"}, BadInput{{"--lr", "nan"}, "--lr"},
                    BadInput{{"--lr", "inf"}, "--lr"}, BadInput{{"--points", "1"}, "--points"},
                    BadInput{{"--t-end", "0"}, "--t-end"},
                    BadInput{{"--samples", "-5"}, "--samples"},
                    BadInput{{"--seed", "-3"}, "--seed"},
                    BadInput{{"--out", "/proc/nowhere"}, "/proc/nowhere"}));

Settings small() {
  Settings s;
  s.train_samples = 500;
  s.steps = 6;
  s.batch = 64;
  s.hidden = 8;
  s.samples = 200;
  s.points = 9;
  return s;
}

class EveryTarget : public testing::TestWithParam<std::string> {};

TEST_P(EveryTarget, ExactScoreSamplesItAndEveryLossTrains) {
  Settings s = small();
  s.target = GetParam();
  s.samplers = {"ddpm-prior", "flow-heun"};
  std::ostringstream log;
  const Results r = run_study(s, log);
  ASSERT_EQ(r.sources.size(), loss_names().size() + 1);
  for (const SourceResult& source : r.sources) {
    ASSERT_EQ(source.cells.size(), 2U);
    for (const CellResult& cell : source.cells) {
      EXPECT_EQ(cell.samples.shape(), Shape({200, r.target.law.dimension()}));
      EXPECT_EQ(cell.diverged, 0) << source.source.name;
    }
  }
  EXPECT_LT(r.sources[0].score_error, 1e-4);
  EXPECT_GT(r.sources[1].score_error, 0.01);
}

INSTANTIATE_TEST_SUITE_P(Gallery, EveryTarget, testing::ValuesIn(target_names()));

// What the default budget buys: twice the sampling floor, and no mode off by more than 0.03. One
// draw's distance has a standard deviation of 40 % of the floor, so the mean of eight draws is
// compared with that of sixteen exact ones (17 % of the floor together): for a perfect score to
// miss it, chance would have to move it by six of those. Weights have a standard error of 0.0026.
TEST(Gallery, DefaultBudgetLearnsEightModes) {
  constexpr Index kDraws = 8;
  Settings s;
  s.losses = {"noise"};
  s.samplers = {"ddpm-prior", "flow-heun"};
  std::ostringstream log;
  const Results r = run_study(s, log);
  Generator rng(77);
  const Tensor exact = r.target.law.sample(5 * s.samples, rng);
  for (const Method& method : r.methods) {
    const Tensor x = diffusion::sample(*r.sources[1].source.denoiser, *method.sampler, method.grid,
                                       {.chains = kDraws * s.samples, .dimension = 2, .seed = 78})
                         .samples;
    double distance = 0;
    for (Index i = 0; i < kDraws; ++i) {
      const Tensor draw = slice(x, 0, i * s.samples, (i + 1) * s.samples);
      distance += diffusion::sliced_wasserstein(draw, exact, {.projections = 64}).w2 / kDraws;
    }
    EXPECT_LE(distance, 2 * r.sliced_w2_floor) << method.name;
    EXPECT_LE(diffusion::mode_weights(x, r.target.law, r.target.part).worst(), 0.03) << method.name;
  }
}

TEST(Gallery, WritesEverythingItPromisesWhateverTheThreads) {
  const Folder folder;
  Settings s = small();
  s.losses = {"noise", "sliced"};
  s.out = folder.path() / "run";
  s.threads = 1;
  std::ostringstream log, out;
  const Results one = run_study(s, log);
  report::ensure_writable_directory(s.out);
  write_results(one, out);
  EXPECT_NE(out.str().find("euler-maruyama"), std::string::npos);
  EXPECT_GT(fs::file_size(s.out / "report.html"), 10000U);
  EXPECT_NE(pair_table(one).caption.find("compare 200 samples"), std::string::npos);
  const auto summary = nlohmann::json::parse(report::read_file(s.out / "summary.json"));
  EXPECT_EQ(summary["pairs"].size(), 3 * sampler_names().size() + 1);
  const Tensor x = nn::load_npy(s.out / "samples" / "noise" / "ddim.npy");
  EXPECT_EQ(x.shape(), Shape({200, 2}));

  Results fewer = one;
  fewer.sources.erase(fewer.sources.begin() + 1);  // noise
  write_results(fewer, out);
  EXPECT_FALSE(fs::exists(s.out / "samples" / "noise" / "ddim.npy"));
  EXPECT_TRUE(fs::exists(s.out / "samples" / "sliced" / "ddim.npy"));

  s.threads = 3;
  const Results three = run_study(s, log);
  for (std::size_t i = 0; i < one.sources.size(); ++i) {
    for (std::size_t j = 0; j < one.methods.size(); ++j) {
      EXPECT_EQ(one.sources[i].cells[j].samples.to_vector<float>(),
                three.sources[i].cells[j].samples.to_vector<float>())
          << one.sources[i].source.name << " " << one.methods[j].name;
    }
  }
}

}  // namespace
}  // namespace ito::gallery
