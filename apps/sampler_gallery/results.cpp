#include "apps/sampler_gallery/results.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "apps/report/figure.h"
#include "apps/report/files.h"
#include "apps/report/html.h"
#include "apps/report/text.h"
#include "apps/sampler_gallery/figures.h"
#include "apps/sampler_gallery/losses.h"
#include "apps/sampler_gallery/samplers.h"
#include "nn/io/npy.h"

namespace ito::gallery {
namespace {

using Json = nlohmann::ordered_json;
using report::Best;
using report::Format;

constexpr std::size_t kLossesATable = 6;  // with the exact score, as wide as the page

Json settings_json(const Results& r) {
  const Settings& s = r.settings;
  Json losses = Json::array(), samplers = Json::array();
  for (const SourceResult& source : r.sources) {
    if (source.source.name != "exact") losses.push_back(source.source.name);
  }
  for (const Method& method : r.methods) samplers.push_back(method.name);
  return {{"target", s.target},   {"losses", losses},
          {"samplers", samplers}, {"train_samples", s.train_samples},
          {"steps", s.steps},     {"batch", s.batch},
          {"lr", s.lr},           {"hidden", s.hidden},
          {"samples", s.samples}, {"points", s.points},
          {"t_end", s.t_end},     {"seed", s.seed}};
}

Json summary(const Results& r) {
  return {{"program", "sampler_gallery"},
          {"version", ITO_VERSION},
          {"settings", settings_json(r)},
          {"floor",
           {{"sliced_w2", r.sliced_w2_floor},
            {"sliced_w2_deviation", r.sliced_w2_deviation},
            {"energy", r.energy_floor},
            {"mmd_squared", r.mmd_floor},
            {"worst_weight", r.worst_weight_floor}}},
          {"mmd_bandwidth", r.mmd_bandwidth},
          {"sources", Json::parse(report::to_json(source_table(r)))},
          {"pairs", Json::parse(report::to_json(pair_table(r)))},
          {"seconds", {{"training", r.training_seconds}, {"sampling", r.sampling_seconds}}}};
}

std::vector<std::pair<std::string, std::string>> facts(const Results& r) {
  std::vector<std::pair<std::string, std::string>> pairs{
      {"program", "ito " ITO_VERSION ", " ITO_BUILD_TYPE " build"}};
  const Json settings = settings_json(r);
  for (const auto& [key, value] : settings.items())
    pairs.emplace_back(key, value.is_string() ? value.get<std::string>() : value.dump());
  pairs.emplace_back("time", report::format_duration(r.training_seconds) + " training, " +
                                 report::format_duration(r.sampling_seconds) + " sampling");
  return pairs;
}

void write_report(const Results& r, const report::DrawResult& drawn,
                  const std::filesystem::path& path) {
  report::Page page("A gallery of losses and samplers",
                    "One target, one Gaussian path, every way of learning its score and of "
                    "sampling with it");
  page.section("The question")
      .paragraph("The target is `" + r.target.name + "` in " +
                 std::to_string(r.target.law.dimension()) +
                 " dimensions, a Gaussian mixture, so that its score is known at every time of "
                 "the variance-preserving path `x_t = a x_0 + s z`. Each loss trains the same "
                 "network on the same data with the same number of steps; each sampler then uses "
                 "the exact score and every learned one, on the same noise. Which errors come "
                 "from learning, and which from sampling?");
  page.section("Results");
  const std::size_t losses = r.sources.size() - 1;
  std::size_t first = 0;
  do {
    page.table(distance_table(r, first, kLossesATable));
    first += kLossesATable;
  } while (first < losses);
  page.paragraph(
      "Read a column down to compare samplers, a row across to compare losses. The column "
      "`exact` is what a sampler alone costs with its steps; the row `exact samples` is what is "
      "left when nothing is wrong: " +
      report::to_string({r.sliced_w2_floor}, Format::fixed(3)) + ", with a standard deviation of " +
      report::to_string({r.sliced_w2_deviation}, Format::fixed(3)) +
      " from draw to draw. All pairs share their noise, so that chance moves a row together. "
      "Localization's samplers are not missing: in these variables Euler-Maruyama is "
      "`ddpm-posterior` and the semi-linear scheme `ddpm-prior`, step for step.");
  page.section("Losses").table(source_table(r));
  std::vector<std::string> items;
  for (const SourceResult& s : r.sources)
    items.push_back("**" + s.source.name + "**. " + s.source.description);
  page.list(items);
  page.section("Samplers");
  items.clear();
  for (std::size_t i = 0; i < r.methods.size(); ++i) {
    items.push_back("**" + r.methods[i].name + "**, " +
                    report::counted(r.sources[0].cells[i].evaluations, "evaluations") + ". " +
                    r.methods[i].description);
  }
  page.list(items);
  page.section("Figures");
  for (const report::DrawnFigure& figure : drawn.figures) page.figure(figure);
  page.section("Every pair").table(pair_table(r));
  page.section("Settings").facts(facts(r));
  page.write(path);
}

}  // namespace

report::Table distance_table(const Results& r, std::size_t first, std::size_t losses) {
  report::Table table{.caption = "Sliced W2, in the units of the target, between " +
                                 report::group_thousands(r.settings.samples) +
                                 " samples and five times as many exact ones.",
                      .columns = {{.title = "sampler"}}};
  std::vector<const SourceResult*> shown = {&r.sources[0]};
  for (std::size_t i = first + 1; i < std::min(first + losses + 1, r.sources.size()); ++i)
    shown.push_back(&r.sources[i]);
  for (const SourceResult* source : shown) {
    // No best: chance decides between most of them.
    table.columns.push_back({.title = source->source.name, .format = Format::fixed(3)});
  }
  for (std::size_t i = 0; i < r.methods.size(); ++i) {
    std::vector<report::Cell> row = {r.methods[i].name};
    for (const SourceResult* source : shown) row.emplace_back(source->cells[i].sliced_w2);
    table.add(std::move(row));
  }
  std::vector<report::Cell> floor = {"exact samples"};
  floor.resize(table.columns.size(), report::Cell(r.sliced_w2_floor));
  table.add(std::move(floor), true);
  return table;
}

report::Table pair_table(const Results& r) {
  report::Table table{
      .caption =
          "Energy distance and MMD² (of a normal kernel as wide as the median distance) compare " +
          std::to_string(std::min(kPairwiseSamples, r.settings.samples)) +
          " samples without bias, so that chance makes small ones negative. The worst weight is "
          "the largest error of the share of any part of the target; diverged samples have a "
          "coordinate that "
          "is not finite or beyond 10⁴.",
      .columns = {{.title = "score", .key = "source"},
                  {.title = "sampler"},
                  {.title = "sliced W2", .format = Format::fixed(4), .key = "sliced_w2"},
                  {.title = "energy ×10³", .format = Format::fixed(2), .key = "energy_e3"},
                  {.title = "MMD² ×10³", .format = Format::fixed(2), .key = "mmd_squared_e3"},
                  {.title = "worst weight", .format = Format::fixed(4), .key = "worst_weight"},
                  {.title = "diverged", .format = Format::integer()},
                  {.title = "evaluations", .format = Format::integer()},
                  {.title = "time", .unit = "s", .format = Format::fixed(2), .key = "seconds"}}};
  for (const SourceResult& source : r.sources) {
    for (std::size_t i = 0; i < r.methods.size(); ++i) {
      const CellResult& c = source.cells[i];
      table.add({source.source.name, r.methods[i].name, c.sliced_w2, 1000 * c.energy, 1000 * c.mmd,
                 c.worst_weight, static_cast<double>(c.diverged),
                 static_cast<double>(c.evaluations), c.seconds});
    }
  }
  table.add(
      {"exact samples", report::Cell{}, r.sliced_w2_floor, 1000 * r.energy_floor,
       1000 * r.mmd_floor, r.worst_weight_floor, report::Cell{}, report::Cell{}, report::Cell{}},
      true);
  return table;
}

report::Table source_table(const Results& r) {
  report::Table table{
      .caption =
          "What was learned. The error is that of s ∇log pₜ, relative, root mean square over the "
          "path in uniform log-SNR.",
      .columns = {{.title = "score", .key = "source"},
                  {.title = "error",
                   .unit = "%",
                   .format = Format::significant(3),
                   .best = Best::lowest(),
                   .key = "error_percent"},
                  {.title = "parameters", .format = Format::integer()},
                  {.title = "steps", .format = Format::integer()},
                  {.title = "final loss", .format = Format::significant(4), .key = "loss"},
                  {.title = "time", .unit = "s", .format = Format::fixed(1), .key = "seconds"}}};
  for (const SourceResult& s : r.sources) {
    if (s.source.parameters == 0) continue;
    table.add({s.source.name, 100 * s.score_error, static_cast<double>(s.source.parameters),
               static_cast<double>(s.source.training.steps), s.source.training.train_loss,
               s.source.training.seconds});
  }
  return table;
}

void write_results(const Results& r, std::ostream& out) {
  const std::filesystem::path& folder = r.settings.out;
  std::set<std::string> sources, samplers;
  for (const Method& method : r.methods) samplers.insert(method.name);
  for (const SourceResult& source : r.sources) {
    sources.insert(source.source.name);
    const std::filesystem::path samples = folder / "samples" / source.source.name;
    report::ensure_writable_directory(samples);
    for (std::size_t i = 0; i < r.methods.size(); ++i)
      nn::save_npy(samples / (r.methods[i].name + ".npy"), source.cells[i].samples);
  }
  std::vector<std::string> others = loss_names();
  others.emplace_back("exact");
  for (const std::string& name : others) {
    report::remove_left_over(folder / "samples" / name, ".npy", sampler_names(),
                             sources.contains(name) ? samplers : std::set<std::string>{});
  }
  report::write_atomically(folder / "summary.json", summary(r).dump(2) + "\n");
  const report::DrawResult drawn = report::draw(make_figures(r), folder / "figures");
  write_report(r, drawn, folder / "report.html");

  out << '\n' << report::to_text(distance_table(r, 0, r.sources.size())) << '\n';
  if (!drawn.complete()) out << drawn.message << '\n';
  out << "training " << report::format_duration(r.training_seconds) << ", sampling "
      << report::format_duration(r.sampling_seconds) << '\n'
      << "report: " << (folder / "report.html").string() << '\n';
}

}  // namespace ito::gallery
