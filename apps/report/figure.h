// A figure described by what it shows, and `draw`, which writes it as gnuplot script, data and
// pictures. All text is plain UTF-8: no markup of gnuplot's or HTML's is interpreted.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "apps/report/color.h"
#include "apps/report/histogram.h"

namespace ito::report {

enum class Axis { x, y };

// Series with an empty label stay out of the legend. Non-finite values interrupt a line.

struct Line {
  std::string label = {};
  std::vector<double> x = {}, y = {};
  Color color = kInk;
  Stroke stroke = Stroke::solid;
  double width = 2;  // px
  Marker marker = Marker::none;
};
// A line of no points yet, in the style of a method.
inline Line line_of(const std::string& method) {
  return {.label = method,
          .color = color_of(method),
          .stroke = stroke_of(method),
          .marker = marker_of(method)};
}

// At most kMaxPoints of a series are drawn, evenly thinned; the caption then says so.
inline constexpr std::size_t kMaxPoints = 2000;

struct Points {
  std::string label = {};
  std::vector<double> x = {}, y = {};
  std::vector<double> error = {};  // half-widths in y; empty or one a point
  Color color = kInk;
  double size = 3;  // diameter, px
  double opacity = 0.4;
  Marker marker = Marker::circle;
};

// Density-normalised by *all* samples. Those outside the range are counted at that edge.
struct Histogram {
  std::string label = {};
  std::vector<double> samples = {};
  int bins = 60;
  Range range = {};
  Color color = kGrey;
  double opacity = 0.45;
};

// One bar along x a category of the panel; several Bars in a panel stand beside each other. A NaN
// leaves its place empty.
struct Bars {
  std::string label = {};
  std::vector<double> values = {};
  std::vector<double> error = {};  // half-widths; empty or one a value
  Color color = kGrey;
  double opacity = 1;
};

// A straight line across the panel at a value of the axis it is perpendicular to.
struct Rule {
  std::string label = {};
  Axis axis = Axis::y;
  double value = 0;
  Color color = kGrey;
  Stroke stroke = Stroke::dashed;
  double width = 1.2;
};

// values[row * columns + column] at equally spaced cell centres filling the two ranges; row 0 lies
// at y.low. Dark is high.
struct HeatMap {
  std::vector<double> values = {};
  int columns = 0;
  Range x = {}, y = {};
  Color color = okabe_ito::kBlue;  // of the largest value; zero is white
};

struct VectorField {
  std::string label = {};
  std::vector<double> x = {}, y = {}, dx = {}, dy = {};
  Color color = kInk;
  double opacity = 0.7;
};

struct Text {
  std::string text = {};
  double x = 0, y = 0;
  enum class Anchor { data, panel } anchor = Anchor::data;  // panel: (0,0) to (1,1)
  enum class Align { left, center, right } align = Align::left;
  Color color = kInk;
};

using Series = std::variant<HeatMap, Histogram, Bars, VectorField, Points, Line, Rule, Text>;

struct Panel {
  std::string title = {};
  std::string x_label = {}, y_label = {};           // with units: "time t", "density (1/u)"
  std::optional<Range> x_range = {}, y_range = {};  // points outside are counted in the panel
  bool log_x = false, log_y = false;
  std::vector<std::string> categories = {};  // names of the bars, down the y axis
  std::vector<Series> series = {};           // drawn in this order

  Panel& add(Series one) {
    series.push_back(std::move(one));
    return *this;
  }
};

// Panels fill the grid row by row. A label that a panel shares with its left (y) or lower (x)
// neighbour is written once. Legends stand below the panels, never on the data: one for the figure
// if the panels agree or it fits on one line, else one a panel; an entry whose colour differs
// between panels is shown in grey.
struct Figure {
  std::string name = {};     // file stem: letters, digits, '-', '_'
  std::string title = {};    // one line
  std::string caption = {};  // how to read it; plain text with `inline_markup` (html.h)
  std::vector<Panel> panels = {};
  int columns = 1;
  double aspect = 0.62;  // height over width of each panel's frame
  int width = 900;       // px
};

struct DrawnFigure {
  std::string name, title;
  std::string caption;  // the figure's, with what was thinned
  std::filesystem::path script, data;
  std::filesystem::path svg, png;  // empty when not drawn
};

struct DrawResult {
  std::vector<DrawnFigure> figures;  // in the order given
  std::string message;               // one line, empty when every picture was drawn
  bool complete() const { return message.empty(); }
};

struct DrawOptions {
  std::string gnuplot = "gnuplot";  // looked up on PATH unless it contains a '/'
  int processes = 0;                // at once; 0: as many as there are cores
};

// Writes <dir>/<name>.gp, <dir>/data/<name>.dat and, with gnuplot, <dir>/<name>.{svg,png}.
// Other figures of its own in the folder, of an earlier run, go.
// Without it, or when it fails, scripts and data are there and `message` says how to draw them.
// Throws ito::Error for an inconsistent figure or when a file cannot be written.
DrawResult draw(const std::vector<Figure>& figures, const std::filesystem::path& dir,
                const DrawOptions& options = {});

}  // namespace ito::report
