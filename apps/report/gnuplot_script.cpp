#include "apps/report/gnuplot_script.h"

#include <algorithm>
#include <vector>

#include "apps/report/axis.h"
#include "apps/report/gnuplot_text.h"
#include "apps/report/layout.h"
#include "apps/report/panel_writer.h"
#include "apps/report/text.h"
#include "autograd/error.h"

namespace ito::report {
namespace {

using gnuplot::number;
using gnuplot::paint;
using gnuplot::print;
using gnuplot::quote;

// Screen coordinates of pixels: gnuplot's y runs up.
struct Screen {
  const Layout& layout;
  std::string x(double pixels) const { return print("screen %.5f", pixels / layout.width); }
  std::string y(double pixels) const { return print("screen %.5f", 1 - pixels / layout.height); }
};

std::string ticks(const char* axis, const std::vector<Tick>& ticks) {
  std::string out = print("set %stics (", axis);
  for (std::size_t i = 0; i < ticks.size(); ++i) {
    if (i > 0) out += ", ";
    out += quote(ticks[i].label) + ' ' + number(ticks[i].value);
    if (ticks[i].label.empty()) out += " 1";
  }
  return out + ") " + (ticks.size() > 1 ? "scale 0.6,0.3\n" : "scale 0.6\n");
}

std::string range_command(const char* axis, double from, double to) {
  return print("set %srange [%.9g:%.9g]\n", axis, from, to);
}

std::string axis_commands(const Panel& panel, Axis axis, double pixels) {
  const char* name = axis == Axis::x ? "x" : "y";
  if (!panel.categories.empty() && axis == Axis::y) {
    const double last = static_cast<double>(panel.categories.size()) - 0.5;
    std::string out = "unset logscale y\nset ytics scale 0 (";
    for (std::size_t i = 0; i < panel.categories.size(); ++i)
      out += (i ? ", " : "") + quote(panel.categories[i]) + print(" %zu", i);
    // The first category stands at the top.
    return out + ")\n" + range_command(name, last, -0.5);
  }
  const bool logarithmic = axis == Axis::x ? panel.log_x : panel.log_y;
  const AxisPlan plan = plan_axis(panel, axis, pixels);
  return print("%s logscale %s\n", logarithmic ? "set" : "unset", name) +
         range_command(name, plan.range.low, plan.range.high) + ticks(name, plan.ticks);
}

// Counts of what is not in the picture stand between title and frame, where no data is.
std::string note_commands(const std::vector<Note>& notes, const char* place) {
  if (notes.empty()) return "";
  std::string text;
  for (const Note& note : notes) text += (text.empty() ? "" : ", ") + note.first;
  const bool one_color = std::all_of(
      notes.begin(), notes.end(), [&](const Note& note) { return note.second == notes[0].second; });
  return "set label " + quote(text) + " at " + place + " offset 0,0.55 font ',12' tc rgb " +
         paint(one_color ? notes[0].second : kInk) + " noenhanced\n";
}

// Titles and axis labels stand at a fixed distance from the frame: gnuplot's own differ between
// terminals. A title wider than its cell shrinks, within reason.
std::string title_command(const Panel& panel, const Frame& frame, const Screen& screen, bool high) {
  if (panel.title.empty()) return "";
  const double natural = 8.2 * display_width(panel.title);
  const double size = std::clamp(14 * (frame.right - frame.left + 40) / natural, 10.5, 14.0);
  return "set label " + quote(panel.title) + " at " + screen.x((frame.left + frame.right) / 2) +
         ", " + screen.y(frame.top - (high ? 33 : 16)) +
         print(" center font ',%.1f' noenhanced\n", size);
}

std::string panel_commands(const Panel& panel, const PanelWriter& writer, const Layout& layout,
                           std::size_t index) {
  const Screen screen{layout};
  const Frame& frame = layout.frames[index];
  std::string out = print("\n# panel %zu\nunset label; unset arrow\n", index + 1);
  out += "set lmargin at " + screen.x(frame.left) + "; set rmargin at " + screen.x(frame.right) +
         "\nset tmargin at " + screen.y(frame.top) + "; set bmargin at " + screen.y(frame.bottom) +
         '\n';
  out += title_command(panel, frame, screen, layout.high_title[index]);
  out += axis_commands(panel, Axis::x, frame.right - frame.left);
  out += axis_commands(panel, Axis::y, frame.bottom - frame.top);
  if (layout.x_label[index] && !panel.x_label.empty())
    out += "set label " + quote(panel.x_label) + " at " + screen.x((frame.left + frame.right) / 2) +
           ", " + screen.y(frame.bottom + 40) + " center noenhanced\n";
  if (layout.y_label[index] && !panel.y_label.empty() && panel.categories.empty())
    out += "set label " + quote(panel.y_label) + " at " + screen.x(frame.left - 54) + ", " +
           screen.y((frame.top + frame.bottom) / 2) + " center rotate by 90 noenhanced\n";
  for (const std::string& decoration : writer.decorations) out += decoration + '\n';
  out += note_commands(writer.left_notes, "graph 0, graph 1 left");
  out += note_commands(writer.right_notes, "graph 1, graph 1 right");
  out += "plot ";
  for (std::size_t i = 0; i < writer.elements.size(); ++i)
    out += (i ? ", \\\n     " : "") + writer.elements[i];
  return out + (writer.elements.empty() ? "NaN notitle\n" : "\n");
}

std::string legend_commands(const LegendPlace& legend, const Layout& layout) {
  const Screen screen{layout};
  // The key may be as wide as the margins allow.
  std::string out = "set lmargin at " + screen.x(legend.left) + "; set rmargin at " +
                    screen.x(legend.right) + "\nset key at " +
                    screen.x((legend.left + legend.right) / 2) + ", " + screen.y(legend.top) +
                    print(" center top horizontal maxcols %d", legend.columns) +
                    " Left reverse samplen 2.4 spacing 1.15 width 1 noenhanced\n"
                    "plot NaN notitle";
  for (const LegendEntry& entry : legend.entries)
    out += ", \\\n     keyentry with " + entry.style + " lc rgb " +
           paint(entry.color, entry.opacity) + " title " + quote(entry.label);
  return out + '\n';
}

std::string prologue(const Figure& figure, const Layout& layout) {
  std::string title = figure.title;
  std::replace(title.begin(), title.end(), '\n', ' ');
  const std::string& name = figure.name;
  std::string out = "# " + title + '\n' + signature(name);
  out += "if (!exists('svg')) svg = " + quote(name + ".svg") + '\n';
  out += "if (!exists('png')) png = " + quote(name + ".png") + '\n';
  out += "data = " + quote("data/" + name + ".dat") + '\n';
  out += "set encoding utf8\n\ndo for [device in 'svg png'] {\nreset\n";
  out +=
      "if (device eq 'svg') {\n  set terminal svg enhanced standalone rounded background rgb "
      "'white' " +
      print("size %d,%d font 'sans,13'\n  set output svg\n  set xtics offset 0,0.25\n",
            layout.width, layout.height);
  // The svg terminal takes its lines for taller than they are and sets tick labels too low.
  // Cairo counts type in points of 1/72 inch at 96 pixels an inch: 2 * 72/96 doubles it.
  out += "} else {\n  set terminal pngcairo enhanced rounded background rgb 'white' " +
         print("size %d,%d", 2 * layout.width, 2 * layout.height) +
         " font 'sans,13' fontscale 1.5 linewidth 2 pointscale 2\n  set output png\n}\n";
  out +=
      "set border 3 lc rgb '#666666'; unset colorbox\n"
      "set tics nomirror out textcolor rgb '#333333'\n"
      "set grid back lt 1 lw 1 lc rgb '#ececec'\n"
      "set multiplot\nunset key\n";
  return out;
}

}  // namespace

std::string signature(const std::string& name) {
  return "# gnuplot " + name + ".gp writes " + name + ".svg and " + name + ".png.\n";
}

GnuplotScript compile(const Figure& figure) {
  check(!figure.name.empty() &&
            figure.name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                          "0123456789-_") == std::string::npos,
        "figure: the name '", figure.name, "' is not made of letters, digits, '-' and '_'");
  check(!figure.panels.empty() && figure.columns >= 1 && figure.width >= 200 && figure.aspect > 0,
        "figure ", figure.name, ": needs a panel, a column, a width >= 200 and an aspect > 0");
  DataFile data;
  std::vector<PanelWriter> writers;
  std::vector<PanelSize> sizes;
  std::size_t thinned_from = 0;
  for (std::size_t i = 0; i < figure.panels.size(); ++i) {
    const PanelWriter& writer = writers.emplace_back(
        figure.panels[i], print("%s panel %zu", figure.name.c_str(), i + 1), data);
    sizes.push_back({writer.legend, !writer.left_notes.empty() || !writer.right_notes.empty()});
    thinned_from = std::max(thinned_from, writer.thinned_from);
  }
  const Layout layout = lay_out(figure, sizes);
  GnuplotScript result;
  result.script = prologue(figure, layout);
  for (std::size_t i = 0; i < writers.size(); ++i)
    result.script += panel_commands(figure.panels[i], writers[i], layout, i);
  if (!layout.legends.empty())
    result.script +=
        "\n# legends\nunset label; unset arrow; unset border; unset tics\n"
        "unset logscale; set xrange [0:1]; set yrange [0:1]\n";
  for (const LegendPlace& legend : layout.legends) result.script += legend_commands(legend, layout);
  result.script += "\nunset multiplot\nunset output\n}\n";
  result.data = std::move(data.text);
  if (thinned_from > 0)
    result.note = "At most " + group_thousands(static_cast<std::int64_t>(kMaxPoints)) + " of " +
                  group_thousands(static_cast<std::int64_t>(thinned_from)) +
                  " points of a scatter are drawn.";
  return result;
}

}  // namespace ito::report
