// Where the panels and legends of a figure stand, in pixels. Private to apps/report.
#pragma once

#include <string>
#include <vector>

#include "apps/report/figure.h"

namespace ito::report {

struct Frame {
  double left = 0, right = 0, top = 0, bottom = 0;  // y runs down
};

// Entries are the same if they differ in colour only: a legend that stands for panels of several
// colours shows them in grey.
struct LegendEntry {
  std::string label, style;  // `style` is gnuplot's "with ...", without the colour
  Color color;
  double opacity = 1;
  friend bool operator==(const LegendEntry& a, const LegendEntry& b) {
    return a.label == b.label && a.style == b.style && a.opacity == b.opacity;
  }
};

struct LegendPlace {
  std::vector<LegendEntry> entries;
  double left = 0, right = 0, top = 0;
  int columns = 1;
};

// What the layout needs to know of a panel.
struct PanelSize {
  std::vector<LegendEntry> legend;
  bool has_note = false;  // a line between title and frame
};

struct Layout {
  int width = 0, height = 0;
  std::vector<Frame> frames;           // one a panel
  std::vector<LegendPlace> legends;    // one for the figure, or one a panel that has entries
  std::vector<bool> x_label, y_label;  // whether the panel writes it or a neighbour does
  std::vector<bool> high_title;        // whether a line of notes runs below the titles of its row
};

Layout lay_out(const Figure& figure, const std::vector<PanelSize>& sizes);

}  // namespace ito::report
