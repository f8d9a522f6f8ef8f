// One self-contained HTML page: text, tables and figures, no network. All text is escaped.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apps/report/figure.h"
#include "apps/report/table.h"

namespace ito::report {

// Escapes, then `code`, **strong**, *emphasis* and [text](https://...) become elements. Only
// http(s), relative and #anchor targets become links.
std::string inline_markup(std::string_view text);

class Page {
 public:
  explicit Page(std::string title, std::string subtitle = "");

  // Sections (level 2) and subsections (level 3) fill the contents.
  Page& section(const std::string& title);
  Page& subsection(const std::string& title);
  // Plain text with inline_markup; blank lines separate paragraphs.
  Page& paragraph(std::string_view text);
  Page& list(const std::vector<std::string>& items);
  // Names and values side by side: settings, seeds, versions.
  Page& facts(const std::vector<std::pair<std::string, std::string>>& pairs);
  Page& table(const Table& table);
  // The drawn picture, or a box that says how to draw it; numbered in order.
  Page& figure(const DrawnFigure& figure);

  std::string str() const;
  void write(const std::filesystem::path& path) const;

 private:
  Page& heading(int level, const std::string& title);

  std::string title_, subtitle_, body_, contents_;
  int headings_ = 0, figures_ = 0, tables_ = 0;
};

}  // namespace ito::report
