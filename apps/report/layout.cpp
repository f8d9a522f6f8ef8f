#include "apps/report/layout.h"

#include <algorithm>
#include <cmath>

#include "apps/report/text.h"

namespace ito::report {
namespace {

// Pixels at the nominal size; text is 13 to 15 px high.
constexpr double kCharacter = 7.6;  // a generous mean advance of a sans font
// gnuplot's SVG terminal takes every character for this wide, and leaves out the entries for which
// it then finds no room.
constexpr double kLegendCharacter = 9.6;
constexpr double kLegendLine = 21, kLegendGap = 8, kSwatch = 67;
constexpr double kTicksBelow = 30, kLabelBelow = 20, kTicksLeft = 50, kLabelLeft = 22;
constexpr double kTitle = 20, kNote = 17, kTopGap = 15, kRightGap = 20, kBottomGap = 8;

std::size_t row_count(const Figure& figure) {
  const auto columns = static_cast<std::size_t>(figure.columns);
  return (figure.panels.size() + columns - 1) / columns;
}

// Entries in order of first appearance.
std::vector<LegendEntry> join(const std::vector<PanelSize>& sizes) {
  std::vector<LegendEntry> all;
  for (const PanelSize& size : sizes)
    for (const LegendEntry& entry : size.legend) {
      const auto known = std::find(all.begin(), all.end(), entry);
      if (known == all.end())
        all.push_back(entry);
      else if (known->color != entry.color)
        known->color = kGrey;
    }
  return all;
}

int legend_columns(const std::vector<LegendEntry>& entries, double width) {
  double widest = 1;
  for (const LegendEntry& entry : entries)
    widest = std::max(widest, kSwatch + kLegendCharacter * display_width(entry.label));
  const int count = static_cast<int>(entries.size());
  const int fit = std::clamp(static_cast<int>(width / widest), 1, std::max(count, 1));
  const int rows = (count + fit - 1) / fit;
  return rows > 0 ? (count + rows - 1) / rows : 1;
}

// One legend serves the figure if some panel's already says all of it or it needs one line only.
bool share_legend(const std::vector<PanelSize>& sizes, double width) {
  const std::vector<LegendEntry> all = join(sizes);
  const bool contained = std::any_of(sizes.begin(), sizes.end(), [&](const PanelSize& size) {
    return size.legend.size() == all.size();
  });
  return contained || legend_columns(all, width) == static_cast<int>(all.size());
}

double legend_height(std::size_t entries, int columns) {
  if (entries == 0) return 0;
  const auto n = static_cast<double>(entries);
  return kLegendGap + kLegendLine * std::ceil(n / columns);
}

bool same_range(const std::optional<Range>& a, const std::optional<Range>& b) {
  return a.has_value() == b.has_value() && (!a || *a == *b);
}

double left_margin(const Panel& panel, bool label) {
  double ticks = kTicksLeft;
  for (const std::string& category : panel.categories)
    ticks = std::max(ticks, 18 + kCharacter * display_width(category));
  return ticks + (label && !panel.y_label.empty() ? kLabelLeft : 0);
}

}  // namespace

Layout lay_out(const Figure& figure, const std::vector<PanelSize>& sizes) {
  const std::size_t count = figure.panels.size();
  const auto columns = static_cast<std::size_t>(figure.columns);
  const std::size_t rows = row_count(figure);
  Layout layout;
  layout.width = figure.width;
  for (std::size_t i = 0; i < count; ++i) {
    const Panel& panel = figure.panels[i];
    const bool left_same = i % columns != 0 && figure.panels[i - 1].y_label == panel.y_label &&
                           same_range(figure.panels[i - 1].y_range, panel.y_range);
    const bool below_same = i + columns < count &&
                            figure.panels[i + columns].x_label == panel.x_label &&
                            same_range(figure.panels[i + columns].x_range, panel.x_range);
    layout.y_label.push_back(!left_same);
    layout.x_label.push_back(!below_same);
  }

  std::vector<bool> row_has_note(rows);
  for (std::size_t i = 0; i < count; ++i)
    if (sizes[i].has_note) row_has_note[i / columns] = true;
  for (std::size_t i = 0; i < count; ++i) layout.high_title.push_back(row_has_note[i / columns]);

  std::vector<double> left(columns), top(rows), bottom(rows), legend(rows);
  for (std::size_t i = 0; i < count; ++i) {
    const Panel& panel = figure.panels[i];
    const std::size_t c = i % columns, r = i / columns;
    left[c] = std::max(left[c], left_margin(panel, layout.y_label[i]));
    top[r] = std::max(
        top[r], kTopGap + (panel.title.empty() ? 0 : kTitle) + (layout.high_title[i] ? kNote : 0));
    const bool label = layout.x_label[i] && !panel.x_label.empty();
    bottom[r] = std::max(bottom[r], kTicksBelow + (label ? kLabelBelow : 0));
  }
  double margins = kRightGap * static_cast<double>(columns);
  for (double margin : left) margins += margin;
  const double frame_width = (figure.width - margins) / static_cast<double>(columns);
  const double frame_height = frame_width * figure.aspect;

  const double legend_width = figure.width - 40.0;
  const bool shared = share_legend(sizes, legend_width);
  std::vector<int> own_columns(count, 1);
  for (std::size_t i = 0; i < count && !shared; ++i) {
    const std::size_t c = i % columns, r = i / columns;
    own_columns[i] = legend_columns(sizes[i].legend, left[c] + frame_width);
    legend[r] = std::max(legend[r], legend_height(sizes[i].legend.size(), own_columns[i]));
  }

  double y = 0;
  for (std::size_t r = 0; r < rows; ++r) {
    double x = 0;
    for (std::size_t c = 0; c < columns && r * columns + c < count; ++c) {
      const std::size_t i = r * columns + c;
      x += left[c];
      const Frame frame{x, x + frame_width, y + top[r], y + top[r] + frame_height};
      layout.frames.push_back(frame);
      if (!shared && !sizes[i].legend.empty())
        layout.legends.push_back({sizes[i].legend, frame.left - left[c], frame.right,
                                  frame.bottom + bottom[r] + kLegendGap, own_columns[i]});
      x += frame_width + kRightGap;
    }
    y += top[r] + frame_height + bottom[r] + legend[r];
  }
  if (const auto all = join(sizes); shared && !all.empty()) {
    const int n = legend_columns(all, legend_width);
    layout.legends.push_back({all, 0, layout.width * 1.0, y + kLegendGap, n});
    y += legend_height(all.size(), n);
  }
  layout.height = static_cast<int>(std::ceil(y + kBottomGap));
  return layout;
}

}  // namespace ito::report
