// One panel as gnuplot data and plot elements. Private to apps/report.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "apps/report/axis.h"
#include "apps/report/figure.h"
#include "apps/report/layout.h"
#include "autograd/error.h"

namespace ito::report {

// A remark on what the picture does not show, in the colour of the series it is about.
using Note = std::pair<std::string, Color>;

// The data file of a figure under construction: gnuplot's numbered blocks.
struct DataFile {
  std::string text;
  int blocks = 0;
};

class PanelWriter {
 public:
  // Appends the panel's blocks to `data`. `where` names the panel in comments and errors.
  // Throws ito::Error for sizes that do not match.
  PanelWriter(const Panel& panel, std::string where, DataFile& data);

  std::vector<std::string> elements;     // of the plot command
  std::vector<std::string> decorations;  // commands before it
  std::vector<LegendEntry> legend;
  std::vector<Note> left_notes, right_notes;
  std::size_t thinned_from = 0;  // most points of a series that was thinned

 private:
  void write(const Line& s);
  void write(const Points& s);
  void write(const Histogram& s);
  void write(const Bars& s);
  void write(const Rule& s);
  void write(const HeatMap& s);
  void write(const VectorField& s);
  void write(const Text& s);
  void write_bar(const Bars& s, std::size_t category, double center, double thickness);

  template <class... Values>
  void require(bool ok, const Values&... what) const {
    check(ok, where_, ": ", what...);
  }
  void begin_block(const char* kind, const std::string& label, const char* columns);
  void row(std::initializer_list<double> values);
  // An element that draws the block just written.
  void plot(const char* columns, const std::string& style);
  void add_legend(const std::string& label, const std::string& style, Color color,
                  double opacity = 1);

  const Panel& panel_;
  std::string where_;
  DataFile& data_;
  int bar_groups_ = 0, bar_index_ = 0;
  int rows_ = 0;         // of the current block
  double bar_foot_ = 0;  // where bars begin
};

}  // namespace ito::report
