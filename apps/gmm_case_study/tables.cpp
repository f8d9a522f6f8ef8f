#include "apps/gmm_case_study/tables.h"

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "apps/gmm_case_study/identity.h"

namespace ito::gmm {
namespace {

// The mean over the seeds with their spread; for one seed the value with its standard error.
template <class Value>
report::Number number(const Group& group, Value value, std::optional<double> standard_error = {}) {
  const Spread s = spread(group, value);
  if (group.runs.size() < 2) return {s.mean, standard_error};
  return {s.mean, s.standard_deviation};
}

}  // namespace

using report::Best;
using report::Cell;
using report::Format;
using report::Table;

Table method_table(const Results& r) {
  Table table{
      .caption =
          std::string(
              "Every method against the closed form. W1 is the distance of the projected "
              "samples to the exact law at T, whose sampling floor is the W1 of as many exact "
              "samples; w is the weight of the right mode, then the means and standard "
              "deviations of the two modes and the samples beyond six of them. ") +
          error_note(r),
      .columns = {
          {.title = "method", .key = "method"},
          {.title = "T", .format = Format::fixed(2), .key = "t_max"},
          {.title = "W1", .format = Format::fixed(4), .best = Best::lowest(), .key = "w1"},
          {.title = "floor", .format = Format::fixed(4), .key = "w1_floor"},
          {.title = "KS", .format = Format::fixed(4), .best = Best::lowest(), .key = "ks"},
          {.title = "w",
           .format = Format::fixed(3),
           .best = Best::nearest(r.law.p()),
           .key = "mode_weight"},
          {.title = "mean +", .format = Format::fixed(3), .key = "mean_right"},
          {.title = "mean -", .format = Format::fixed(3), .key = "mean_left"},
          {.title = "std +", .format = Format::fixed(3), .key = "std_right"},
          {.title = "std -", .format = Format::fixed(3), .key = "std_left"},
          {.title = "outliers", .format = Format::integer(), .key = "outliers"},
          {.title = "var ⊥", .format = Format::significant(4), .key = "orthogonal_variance"},
          {.title = "KL net",
           .unit = "nats",
           .format = Format::significant(3),
           .best = Best::lowest(),
           .key = "kl_net"},
          {.title = "KL disc",
           .unit = "nats",
           .format = Format::significant(3),
           .key = "kl_discretisation"},
          {.title = "KL total",
           .unit = "nats",
           .format = Format::significant(3),
           .best = Best::lowest(),
           .key = "kl_total"},
      }};
  if (r.several_configs()) {
    table.columns.insert(table.columns.begin(), {.title = "config", .key = "config"});
    table.grouped = true;
  }
  if (r.settings.repeats()) {
    table.columns.push_back({.title = "seeds", .format = Format::integer(), .key = "seeds"});
  }
  for (const Group& group : r.groups()) {
    const MethodResult& m = group.first();
    const bool exact = m.method.structure == Structure::exact;
    const auto of = [&](auto value) { return Cell(number(group, value)); };
    std::vector<Cell> cells;
    cells.reserve(table.columns.size());
    if (r.several_configs()) cells.emplace_back(m.config.name);
    cells.emplace_back(m.method.name);
    cells.emplace_back(m.t_max());
    cells.push_back(of([](auto& x) { return x.w1; }));
    cells.emplace_back(m.w1_floor.mean);
    cells.push_back(of([](auto& x) { return x.ks.statistic; }));
    cells.emplace_back(number(
        group, [](auto& x) { return x.modes.weight; }, m.modes.weight_se));
    cells.push_back(of([](auto& x) { return x.modes.mean_high; }));
    cells.push_back(of([](auto& x) { return x.modes.mean_low; }));
    cells.push_back(of([](auto& x) { return x.modes.std_high; }));
    cells.push_back(of([](auto& x) { return x.modes.std_low; }));
    cells.push_back(of([](auto& x) { return static_cast<double>(x.modes.outliers); }));
    cells.push_back(of([](auto& x) { return x.orthogonal_variance; }));
    cells.push_back(exact ? Cell(0.0)
                          : Cell(number(
                                group, [](auto& x) { return x.kl_net; }, m.kl_net_se)));
    cells.emplace_back(m.kl_discretisation);
    // Nothing of it is random without a network.
    cells.push_back(exact ? Cell(m.kl_total()) : of([](auto& x) { return x.kl_total(); }));
    if (r.settings.repeats()) cells.emplace_back(static_cast<double>(group.runs.size()));
    table.add(std::move(cells), exact);
  }
  return table;
}

std::string error_note(const Results& r) {
  return r.settings.repeats()
             ? "After ±: over several seeds, beside their mean, the standard deviation of one "
               "seed's value; for one seed the standard error."
             : "After ±: the standard error.";
}

Table brief_table(const Results& r) {
  const Table full = method_table(r);
  Table brief{.grouped = full.grouped};
  std::vector<std::size_t> kept;
  for (const char* key : {"config", "method", "t_max", "w1", "mode_weight", "outliers",
                          "orthogonal_variance", "kl_net", "kl_discretisation", "kl_total"}) {
    for (std::size_t c = 0; c < full.columns.size(); ++c) {
      if (full.columns[c].key != key) continue;
      kept.push_back(c);
      brief.columns.push_back(full.columns[c]);
      brief.columns.back().unit.clear();
    }
  }
  for (const report::Row& row : full.rows) {
    std::vector<Cell> cells;
    for (const std::size_t c : kept) cells.push_back(row.cells[c]);
    brief.add(std::move(cells), row.reference);
  }
  return brief;
}

Table scheme_table(const Results& r) {
  Table table{
      .caption =
          "What sampling alone costs: the exact posterior mean under both schemes, uniform "
          "angle, T = " +
          report::to_string({r.scheme_t_max}, Format::fixed(2)) +
          ". The variance across a should be 1 + 1/T = " +
          report::to_string({1 + 1 / r.scheme_t_max}, Format::fixed(5)) + ".",
      .columns = {
          {.title = "scheme"},
          {.title = "points K", .format = Format::integer(), .key = "points"},
          {.title = "KL disc",
           .unit = "nats",
           .format = Format::significant(4),
           .key = "kl_discretisation"},
          {.title = "var ⊥, predicted",
           .format = Format::fixed(4),
           .key = "orthogonal_variance_expected"},
          {.title = "var ⊥, sampled", .format = Format::fixed(4), .key = "orthogonal_variance"},
          {.title = "W1", .format = Format::fixed(4), .key = "w1"},
      }};
  for (const SchemeCheck& c : r.scheme_checks) {
    table.add({name(c.scheme), static_cast<double>(c.points), c.kl_discretisation,
               c.orthogonal_variance_expected, c.orthogonal_variance, c.w1});
  }
  return table;
}

Table recipe_table(const Results& r) {
  Table table{
      .caption =
          "What a method decides by itself; where there is nothing, the settings above hold. "
          "Margins are in rad below pi/2.",
      .columns = {{.title = "method"},
                  {.title = "epochs", .format = Format::integer()},
                  {.title = "train fraction", .key = "train_fraction"},
                  {.title = "training margin", .key = "alpha_margin"},
                  {.title = "sampling margin", .key = "sampling_margin"},
                  {.title = "switch t", .key = "t_sharp"}}};
  std::set<std::string> listed;
  const auto cell = [](auto decided) {
    return decided ? Cell(static_cast<double>(*decided)) : Cell();
  };
  for (const MethodResult& run : r.runs) {
    const Method& m = run.method;
    if (!listed.insert(m.name).second) continue;
    const std::optional<double> margin =
        r.settings.sampling_margin ? std::nullopt : std::optional(m.sampling_margin);
    table.add({m.name, cell(m.recipe.epochs), cell(m.recipe.train_fraction),
               cell(m.recipe.alpha_margin), cell(margin), cell(m.t_sharp)});
  }
  return table;
}

Table network_table(const Results& r) {
  Table table{
      .caption =
          "The trained networks, those that several runs share once. The Bayes loss is the least "
          "expected loss that any function of (y, t) can have over the network's times; a training "
          "loss below it is overfitting or chance.",
      .columns = {
          {.title = "network"},
          {.title = "rows", .format = Format::integer()},
          {.title = "parameters", .format = Format::integer()},
          {.title = "steps", .format = Format::integer()},
          {.title = "training loss", .format = Format::fixed(4), .key = "train_loss"},
          {.title = "validation loss", .format = Format::fixed(4), .key = "validation_loss"},
          {.title = "Bayes loss", .format = Format::fixed(4), .key = "bayes_loss"},
          {.title = "excess", .unit = "%", .format = Format::fixed(2), .key = "excess_percent"},
          {.title = "time", .unit = "s", .format = Format::fixed(1), .key = "seconds"},
      }};
  if (r.several_configs()) table.columns.insert(table.columns.begin(), {.title = "config"});
  const bool repeats = r.settings.repeats();
  if (repeats) {
    table.columns.insert(table.columns.begin(), {.title = "seed", .format = Format::integer()});
  }
  std::set<std::string> listed;
  for (const MethodResult& m : r.runs) {
    if (!listed.insert(training_identity(r.settings, {m.config, m.method, m.seed})).second)
      continue;
    for (const TrainedNetwork& n : m.networks) {
      std::vector<Cell> cells;
      if (repeats) cells.emplace_back(static_cast<double>(m.seed));
      if (r.several_configs()) cells.emplace_back(m.config.name);
      cells.emplace_back(n.label);
      for (const double value :
           {static_cast<double>(n.rows), static_cast<double>(n.parameters),
            static_cast<double>(n.training.steps), n.training.train_loss,
            n.training.validation_loss, n.bayes_loss,
            100 * (n.training.train_loss / n.bayes_loss - 1), n.training.seconds}) {
        cells.emplace_back(value);
      }
      table.add(std::move(cells));
    }
  }
  return table;
}

}  // namespace ito::gmm
