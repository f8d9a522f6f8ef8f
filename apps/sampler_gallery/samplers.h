// The samplers of the gallery with the grids they take.
#pragma once

#include <string>
#include <vector>

#include "apps/sampler_gallery/settings.h"
#include "apps/sampler_gallery/targets.h"
#include "diffusion/grid.h"
#include "diffusion/samplers/sampler.h"

namespace ito::gallery {

struct Method {
  std::string name;
  std::string description;  // one sentence for the report
  diffusion::SamplerPtr sampler;
  diffusion::Grid grid;
};

std::vector<std::string> sampler_names();
std::vector<Method> make_methods(const Settings& settings, const Target& target);

}  // namespace ito::gallery
