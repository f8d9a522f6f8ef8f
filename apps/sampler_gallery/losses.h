// The losses of the gallery, and the network that each trains, under the linear VP path.
#pragma once

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "apps/sampler_gallery/settings.h"
#include "apps/sampler_gallery/targets.h"
#include "diffusion/denoiser.h"
#include "nn/trainer.h"

namespace ito::gallery {

std::vector<std::string> loss_names();

// A source of scores: the closed form, or a network that a loss has trained.
struct Source {
  std::string name;
  std::string description;  // one sentence for the report
  diffusion::DenoiserPtr denoiser;
  nn::TrainResult training = {};
  Index parameters = 0;  // 0: the closed form
};

diffusion::SchedulePtr gallery_path();

// The exact score first, then a network a loss, trained side by side on the thread pool.
std::vector<Source> make_sources(const Settings& settings, const Target& target, std::ostream& log);

}  // namespace ito::gallery
