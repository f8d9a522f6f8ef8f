#include "apps/gmm_case_study/identity.h"

#include <cstdio>

#include <nlohmann/json.hpp>

#include "apps/report/study.h"

namespace ito::gmm {
namespace {

using Json = nlohmann::ordered_json;

// Raised whenever the same settings come to mean another result or another file.
constexpr int kTrainingFormat = 1;
constexpr int kMeasuringFormat = 1;

Json training_json(const Settings& s, const RunKey& key) {
  const Method& m = key.method;
  Json json = {{"format", kTrainingFormat},
               {"method", m.training_name()},
               {"structure", static_cast<int>(m.structure)},
               {"n", s.n},
               {"p", s.p},
               {"separation", s.separation},
               {"seed", key.seed}};
  if (m.structure == Structure::exact) return json;
  json.update({{"train_samples", key.config.train_samples},
               {"train_fraction", train_fraction(s, m)},
               {"epochs", epochs(key.config, m)},
               {"batch", s.batch},
               {"lr", s.lr},
               {"cosine_decay", m.recipe.cosine_decay},
               {"weight_decay", s.weight_decay},
               {"clip_norm", s.clip_norm},
               {"alpha_margin", alpha_margin(s, m)},
               {"activation", static_cast<int>(m.activation)},
               {"parametrisation", static_cast<int>(m.parametrisation)},
               {"hidden", key.config.hidden},
               {"time_features", key.config.time_features},
               {"frequencies", s.frequencies}});
  if (m.structure == Structure::phase) {
    json["t_sharp"] = t_sharp(s, m);
    json["phase_overlap"] = s.phase_overlap;
  }
  // What a recipe leaves alone is not named, so that new ingredients rename no earlier run.
  const Recipe& r = m.recipe;
  if (r.ema_decay > 0) json["ema_decay"] = r.ema_decay;
  if (r.unit_scale_loss) json["unit_scale_loss"] = true;
  if (r.law.path_share > 0) json["path_share"] = r.law.path_share;
  if (r.law.early_share > 0) {
    json["early_share"] = r.law.early_share;
    json["early_end"] = r.law.early_end;
  }
  if (r.stratified) json["stratified"] = true;
  return json;
}

}  // namespace

std::string training_identity(const Settings& s, const RunKey& key) {
  return training_json(s, key).dump(2) + "\n";
}

std::string measuring_identity(const Settings& s, const RunKey& key) {
  Json json = training_json(s, key);
  json.update({{"measuring_format", kMeasuringFormat},
               {"samples", s.samples},
               {"steps", s.steps},
               {"semi_linear",
                s.sampler == "auto" ? key.method.recipe.semi_linear : s.sampler == "semi-linear"},
               {"sampling_margin", sampling_margin(s, key.method)}});
  if (key.method.structure == Structure::phase) json["two_grids"] = s.phase_two_grids;
  if (!key.method.trained_as.empty()) json["sampled_as"] = key.method.name;
  if (key.method.recipe.early_points_share > 0) {
    json["early_points_share"] = key.method.recipe.early_points_share;
    json["early_points_end"] = kEarlyEnd;
  }
  return json.dump(2) + "\n";
}

std::string hash_of(const std::string& identity) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx",
                static_cast<unsigned long long>(report::label_number(identity)));
  return text;
}

}  // namespace ito::gmm
