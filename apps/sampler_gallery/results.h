// What a run leaves behind: report.html, summary.json, samples and figures.
#pragma once

#include <cstddef>
#include <ostream>

#include "apps/report/table.h"
#include "apps/sampler_gallery/study.h"

namespace ito::gallery {

// Sliced W2, a row a sampler; columns for the exact score and for `losses` of the learned ones,
// from the first'th.
report::Table distance_table(const Results& results, std::size_t first, std::size_t losses);
// Every number of every pair.
report::Table pair_table(const Results& results);
report::Table source_table(const Results& results);

// Writes everything into settings.out and the main table to `out`.
void write_results(const Results& results, std::ostream& out);

}  // namespace ito::gallery
