// The pictures of the gallery.
#pragma once

#include <vector>

#include "apps/report/figure.h"
#include "apps/sampler_gallery/study.h"

namespace ito::gallery {

std::vector<report::Figure> make_figures(const Results& results);

}  // namespace ito::gallery
