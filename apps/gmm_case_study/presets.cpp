#include <algorithm>
#include <cstddef>
#include <limits>
#include <numeric>

#include "apps/gmm_case_study/methods.h"
#include "apps/gmm_case_study/settings.h"
#include "apps/gmm_case_study/sweeps.h"

namespace ito::gmm {
namespace {

// Section 7.2 of the paper.
const std::vector<Config> kConfigs = {
    {.name = "1", .train_samples = 5000, .epochs = 500, .time_features = 3, .hidden = 256},
    {.name = "2", .train_samples = 20000, .epochs = 500, .time_features = 3, .hidden = 256},
    {.name = "3", .train_samples = 20000, .epochs = 2000, .time_features = 3, .hidden = 256},
    {.name = "4", .train_samples = 20000, .epochs = 2000, .time_features = 6, .hidden = 512},
};

const std::vector<std::string> kAll = {"exact",        "relu",       "tanh",     "mixture-relu",
                                       "mixture-tanh", "phase-tanh", "corrected"};
// The paper's late switch, and times at which there still is something to switch.
const std::vector<std::string> kSwitches = {"phase-tanh-1", "phase-tanh-0.2"};

std::vector<std::string> joined(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::vector<std::uint64_t> count_from(std::uint64_t first, std::size_t count) {
  check(count - 1 <= std::numeric_limits<std::uint64_t>::max() - first, "--seed: ", count,
        " seeds from ", first, " on go beyond 64 bits");
  std::vector<std::uint64_t> seeds(count);
  std::iota(seeds.begin(), seeds.end(), first);
  return seeds;
}

Settings quick() {
  Settings s;
  s.parts = {{.config = kConfigs[0], .methods = kAll}};
  return s;
}

// What the author's program did. Its configuration 4 has the networks of configuration 3.
Settings author() {
  Settings s;
  s.preset = "author";
  s.out = "out/author";
  Config fourth = kConfigs[2];
  fourth.name = "4";
  s.parts = {
      {.config = kConfigs[0], .methods = joined(kAll, kSwitches), .seeds = count_from(5, 3)},
      {.config = kConfigs[1], .methods = joined(kAll, kSwitches), .seeds = count_from(5, 3)},
      {.config = kConfigs[2], .methods = kAll, .seeds = count_from(5, 2)},
      {.config = fourth, .methods = kAll, .seeds = count_from(5, 2)},
  };
  return s;
}

// What the text says: all N samples train, the networks of configuration 4, one switch at t = 1,
// one grid for every method. The optimiser, the batch and K are the author's: the text names none.
// A step of configuration 4 costs four of the others, so that it takes most of the time.
Settings paper() {
  Settings s;
  s.preset = "paper";
  s.out = "out/paper";
  s.train_fraction = 1;
  s.t_sharp = 1;
  s.phase_two_grids = false;
  s.sampling_margin = 0.1;
  std::vector<std::string> published = kAll;
  published.pop_back();
  s.parts = {
      {.config = kConfigs[0], .methods = kAll, .seeds = count_from(5, 3)},
      {.config = kConfigs[1], .methods = kAll},
      {.config = kConfigs[2], .methods = published},
      {.config = kConfigs[3], .methods = published},
  };
  return s;
}

// Configuration 2's data: our two methods with three seeds, beside what the text describes trained
// on the same samples.
Settings corrected() {
  Settings s = paper();
  s.preset = "corrected";
  s.out = "out/corrected";
  s.samples = 100000;
  std::vector<std::string> published = kAll;
  published.pop_back();
  s.parts = {
      {.config = kConfigs[1], .methods = published},
      {.config = kConfigs[1], .methods = {"corrected", "refined"}, .seeds = count_from(5, 3)}};
  return s;
}

// What each ingredient of the refined method does.
Settings ablation() {
  Settings s = corrected();
  s.preset = "ablation";
  s.out = "out/ablation";
  s.samples = 50000;
  std::vector<std::string> methods;
  for (const std::string& name : method_names()) {
    if (name.starts_with("refined")) methods.push_back(name);
  }
  s.parts = {{.config = kConfigs[1], .methods = std::move(methods), .seeds = count_from(5, 3)}};
  return s;
}

// Every setting varied around configuration 1, at two fifths of its epochs.
Settings sweeps() {
  Settings s;
  s.preset = "sweeps";
  s.out = "out/sweeps";
  Config config = kConfigs[0];
  config.epochs = 200;
  s.parts = {{.config = config, .methods = joined(kAll, {"refined"})}};
  s.sweeps = sweep_names();
  return s;
}

struct Preset {
  std::string name;
  std::string description;
  Settings (*settings)();
};

const std::vector<Preset>& presets() {
  static const std::vector<Preset> all = {
      {"quick", "configuration 1 as the author's program ran it, one seed", quick},
      {"author", "all configurations as the author's program ran them", author},
      {"paper", "all configurations as the text describes them", paper},
      {"corrected", "our methods beside the paper's on configuration 2's data, 100,000 samples",
       corrected},
      {"ablation", "what each ingredient of the refined method does", ablation},
      {"sweeps", "p, n, the separation, K, N and the number of modes, one at a time", sweeps},
  };
  return all;
}

const Preset& find(const std::string& name) {
  for (const Preset& p : presets()) {
    if (p.name == name) return p;
  }
  std::string known;
  for (const Preset& p : presets()) known += (known.empty() ? "" : ", ") + p.name;
  fail("--preset: unknown name '", name, "'; known are ", known);
}

}  // namespace

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  for (const Preset& p : presets()) names.push_back(p.name);
  return names;
}

Settings preset(const std::string& name) {
  return find(name).settings();
}

std::string describe(const std::string& preset) {
  return find(preset).description;
}

namespace {

// The preset's parts of the configurations named; one it does not have is run as its first is, in
// as many parts.
std::vector<Part> choose_configs(const std::vector<std::string>& names,
                                 const std::vector<Part>& parts) {
  std::vector<Part> chosen;
  for (const std::string& name : names) {
    const auto config = std::find_if(kConfigs.begin(), kConfigs.end(),
                                     [&](const Config& c) { return c.name == name; });
    check(config != kConfigs.end(), "--configs: unknown name '", name,
          "'; known are 1, 2, 3 and 4");
    check(std::count(names.begin(), names.end(), name) == 1, "--configs: ", name, " twice");
    const std::size_t before = chosen.size();
    for (const Part& part : parts) {
      if (part.config.name == name) chosen.push_back(part);
    }
    if (chosen.size() > before) continue;
    for (const Part& part : parts) {
      if (part.config.name != parts.front().config.name) continue;
      chosen.push_back(part);
      chosen.back().config = *config;
    }
  }
  return chosen;
}

// The methods named on every configuration, each in the part that has it, or else in the first.
std::vector<Part> choose_methods(const std::vector<std::string>& names,
                                 const std::vector<Part>& parts) {
  std::vector<Part> chosen = parts;
  for (Part& part : chosen) part.methods.clear();
  for (std::size_t first = 0; first < parts.size(); ++first) {
    const auto same = [&](const Part& part) { return part.config == parts[first].config; };
    if (std::find_if(parts.begin(), parts.end(), same) - parts.begin() < std::ptrdiff_t(first)) {
      continue;
    }
    for (const std::string& name : names) {
      const auto has = std::find_if(parts.begin(), parts.end(), [&](const Part& part) {
        return same(part) &&
               std::find(part.methods.begin(), part.methods.end(), name) != part.methods.end();
      });
      const auto at = has == parts.end() ? first : static_cast<std::size_t>(has - parts.begin());
      chosen[at].methods.push_back(name);
    }
  }
  std::erase_if(chosen, [](const Part& part) { return part.methods.empty(); });
  return chosen;
}

}  // namespace

void apply(const PartChanges& changes, Settings& s) {
  check(!changes.seed || changes.seeds.size() < 2,
        "--seed: does not go with --seeds that lists every seed");
  if (!changes.configs.empty()) s.parts = choose_configs(changes.configs, s.parts);
  if (!changes.methods.empty()) s.parts = choose_methods(changes.methods, s.parts);
  for (Part& part : s.parts) {
    const std::uint64_t first = changes.seed.value_or(part.seeds.front());
    if (changes.seeds.size() == 1) {
      check(changes.seeds[0] >= 1 && changes.seeds[0] <= 1000,
            "--seeds: needs a number from 1 to 1000 or a list, got ", changes.seeds[0]);
      part.seeds = count_from(first, changes.seeds[0]);
    } else if (!changes.seeds.empty()) {
      part.seeds = changes.seeds;
    } else if (changes.seed) {
      part.seeds = count_from(first, part.seeds.size());
    }
    if (changes.train_samples) part.config.train_samples = *changes.train_samples;
    if (changes.epochs) part.config.epochs = *changes.epochs;
    if (changes.time_features) part.config.time_features = *changes.time_features;
    if (changes.hidden) part.config.hidden = *changes.hidden;
  }
}

}  // namespace ito::gmm
