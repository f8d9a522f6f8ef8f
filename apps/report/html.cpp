#include "apps/report/html.h"

#include <algorithm>

#include "apps/report/files.h"
#include "apps/report/html_style.h"
#include "apps/report/svg.h"
#include "apps/report/text.h"

namespace ito::report {
namespace {

// What may stand in a link: no "javascript:" and the like.
bool is_safe_target(std::string_view target) {
  if (target.starts_with("https://") || target.starts_with("http://")) return true;
  return !target.empty() && target.find(':') == std::string_view::npos;
}

// Replaces <mark>text<mark> by <open>text<close> in escaped text; returns false if there is no end.
bool replace_span(std::string_view& text, std::string& out, std::string_view mark,
                  std::string_view tag) {
  if (!text.starts_with(mark)) return false;
  const std::string_view rest = text.substr(mark.size());
  const std::size_t end = rest.find(mark);
  // "2 * 3 * 4" is arithmetic: a span neither begins nor ends with a space.
  if (end == std::string_view::npos || end == 0 || rest[0] == ' ' || rest[end - 1] == ' ')
    return false;
  out += '<' + std::string(tag) + '>' + std::string(rest.substr(0, end)) + "</" + std::string(tag) +
         '>';
  text = rest.substr(end + mark.size());
  return true;
}

bool replace_link(std::string_view& text, std::string& out) {
  if (!text.starts_with('[')) return false;
  const std::size_t middle = text.find("](");
  const std::size_t end = middle == std::string_view::npos ? middle : text.find(')', middle);
  if (end == std::string_view::npos) return false;
  const std::string_view label = text.substr(1, middle - 1);
  const std::string_view target = text.substr(middle + 2, end - middle - 2);
  if (label.find('[') != std::string_view::npos || !is_safe_target(target)) return false;
  out += "<a href=\"" + std::string(target) + "\">" + std::string(label) + "</a>";
  text.remove_prefix(end + 1);
  return true;
}

std::vector<std::string_view> paragraphs_of(std::string_view text) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find("\n\n"), text.size());
    if (end > 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 2, text.size()));
  }
  return parts;
}

// Opens a box that the keyboard can scroll, and that a screen reader names.
std::string scrolling(const std::string& classes, const std::string& label) {
  return "<div class=\"" + classes + "\" tabindex=\"0\" role=\"region\" aria-label=\"" + label +
         "\">";
}

}  // namespace

std::string inline_markup(std::string_view plain) {
  const std::string escaped = escape_html(plain);
  std::string_view text = escaped;
  std::string out;
  while (!text.empty()) {
    if (replace_span(text, out, "`", "code") || replace_span(text, out, "**", "strong") ||
        replace_span(text, out, "*", "em") || replace_link(text, out))
      continue;
    out += text[0];
    text.remove_prefix(1);
  }
  return out;
}

Page::Page(std::string title, std::string subtitle)
    : title_(std::move(title)), subtitle_(std::move(subtitle)) {}

Page& Page::heading(int level, const std::string& title) {
  const std::string id = std::string("s").append(std::to_string(++headings_));
  const std::string tag = level == 2 ? "h2" : "h3";
  body_.append("<").append(tag).append(" id=\"").append(id).append("\">");
  body_.append(inline_markup(title)).append("</").append(tag).append(">\n");
  contents_.append("<li class=\"").append(tag).append("\"><a href=\"#").append(id).append("\">");
  contents_.append(escape_html(title)).append("</a></li>\n");
  return *this;
}

Page& Page::section(const std::string& title) {
  return heading(2, title);
}
Page& Page::subsection(const std::string& title) {
  return heading(3, title);
}

Page& Page::paragraph(std::string_view text) {
  for (std::string_view part : paragraphs_of(text)) body_ += "<p>" + inline_markup(part) + "</p>\n";
  return *this;
}

Page& Page::list(const std::vector<std::string>& items) {
  body_ += "<ul>\n";
  for (const std::string& item : items) body_ += "<li>" + inline_markup(item) + "</li>\n";
  body_ += "</ul>\n";
  return *this;
}

Page& Page::facts(const std::vector<std::pair<std::string, std::string>>& pairs) {
  body_ += "<dl class=\"facts\">\n";
  for (const auto& [name, value] : pairs)
    body_ +=
        "<div><dt>" + inline_markup(name) + "</dt><dd>" + inline_markup(value) + "</dd></div>\n";
  body_ += "</dl>\n";
  return *this;
}

Page& Page::table(const Table& table) {
  const std::string number = std::to_string(++tables_);
  Table numbered = table;
  numbered.caption = "Table " + number + (table.caption.empty() ? "" : ". " + table.caption);
  body_ += scrolling("scroll", "Table " + number) + '\n' + to_html(numbered) + "</div>\n";
  return *this;
}

Page& Page::figure(const DrawnFigure& figure) {
  const std::string number = std::to_string(++figures_);
  body_ += "<figure id=\"f" + number + "\">\n";
  if (!figure.svg.empty()) {
    body_ += scrolling("scroll picture", "Figure " + number) +
             inline_svg(read_file(figure.svg), "f" + number + "-", figure.title) + "</div>\n";
  } else {
    body_ +=
        "<div class=\"missing\">Not drawn: gnuplot was missing or failed. To draw it: "
        "<code>cd " +
        escape_html(quote_shell(figure.script.parent_path().string())) + " &amp;&amp; gnuplot " +
        escape_html(figure.script.filename().string()) + "</code></div>\n";
  }
  body_ += "<figcaption><strong>Figure " + number + ".";
  if (!figure.title.empty()) body_ += ' ' + inline_markup(figure.title) + '.';
  body_ += "</strong> " + inline_markup(figure.caption) + "</figcaption>\n</figure>\n";
  return *this;
}

std::string Page::str() const {
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>";
  out += escape_html(title_) + "</title>\n<style>\n" + kPageStyle + "</style>\n</head>\n<body>\n";
  out += "<header><h1>" + inline_markup(title_) + "</h1>\n";
  if (!subtitle_.empty()) out += "<p class=\"subtitle\">" + inline_markup(subtitle_) + "</p>\n";
  out += "</header>\n";
  if (headings_ > 1)
    out += "<nav aria-label=\"Contents\"><details open><summary>Contents</summary><ol>\n" +
           contents_ + "</ol></details></nav>\n";
  return out + "<main>\n" + body_ + "</main>\n<script>\n" + kPageScript +
         "</script>\n</body>\n</html>\n";
}

void Page::write(const std::filesystem::path& path) const {
  write_atomically(path, str());
}

}  // namespace ito::report
