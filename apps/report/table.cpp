#include "apps/report/table.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <map>
#include <string>

#include "apps/report/text.h"
#include "autograd/error.h"

namespace ito::report {
namespace {

constexpr const char* kEmpty = "–";

const Number* number_in(const Cell& cell) {
  return std::get_if<Number>(&cell);
}

std::string decimal(double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

std::string format_value(double value, const Format& format) {
  if (std::isnan(value)) return kEmpty;
  if (std::isinf(value)) return value > 0 ? "∞" : "-∞";
  const double magnitude = std::abs(value);
  switch (format.kind) {
    case Format::Kind::integer:
      return magnitude < 1e15 ? group_thousands(std::llround(value)) : scientific(value, 1);
    case Format::Kind::fixed:
      // More than seven digits say nothing that the power of ten does not.
      if (magnitude >= std::pow(10.0, std::min(6, 7 - format.digits))) return scientific(value, 1);
      if (value != 0 && magnitude < 0.5 * std::pow(10.0, -format.digits))
        return scientific(value, 0);
      return decimal(value, format.digits);
    case Format::Kind::significant:
      break;
  }
  if (value == 0) return "0";
  if (magnitude >= 1e5 || magnitude < 1e-4)
    return scientific(value, std::max(0, format.digits - 1));
  // The exponent is that of the rounded value: 0.99999 has one digit before the point.
  char rounded[64];
  std::snprintf(rounded, sizeof rounded, "%.*e", std::max(0, format.digits - 1), magnitude);
  const int whole = std::atoi(std::strchr(rounded, 'e') + 1) + 1;
  return decimal(value, std::max(0, format.digits - whole));
}

std::string cell_text(const Cell& cell, const Column& column) {
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  if (const Number* number = number_in(cell)) return to_string(*number, column.format);
  return kEmpty;
}

std::string header(const Column& column) {
  return column.unit.empty() ? column.title : column.title + " (" + column.unit + ")";
}

bool is_numeric(const Table& table, std::size_t column) {
  return std::any_of(table.rows.begin(), table.rows.end(),
                     [&](const Row& row) { return number_in(row.cells[column]) != nullptr; });
}

double badness(double value, const Best& best) {
  switch (best.kind) {
    case Best::Kind::lowest:
      return value;
    case Best::Kind::nearest:
      return std::abs(value - best.target);
    case Best::Kind::none:
      break;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

Table& Table::add(std::vector<Cell> cells, bool reference) {
  check(cells.size() == columns.size(), "table: a row of ", cells.size(), " cells for ",
        columns.size(), " columns");
  rows.push_back({std::move(cells), reference});
  return *this;
}

std::string to_string(const Number& number, const Format& format) {
  std::string text = format_value(number.value, format);
  if (!number.error) return text;
  // More than two digits of an error say nothing.
  const bool significant = format.kind == Format::Kind::significant;
  return text + " ± " + format_value(*number.error, significant ? Format::significant(2) : format);
}

std::vector<std::vector<bool>> best_cells(const Table& table) {
  const std::size_t columns = table.columns.size();
  std::vector mask(table.rows.size(), std::vector<bool>(columns));
  struct Winner {
    double badness = std::numeric_limits<double>::infinity();
    std::size_t row = 0;
  };
  for (std::size_t c = 0; c < columns; ++c) {
    std::map<std::string, Winner> winners;  // by group
    for (std::size_t r = 0; r < table.rows.size(); ++r) {
      const Row& row = table.rows[r];
      const Number* number = number_in(row.cells[c]);
      if (!number || row.reference) continue;
      Winner& winner = winners[table.grouped ? cell_text(row.cells[0], table.columns[0]) : ""];
      // A NaN is never less, so a diverged run cannot win.
      const double b = badness(number->value, table.columns[c].best);
      if (b < winner.badness) winner = {b, r};
    }
    for (const auto& [group, winner] : winners) {
      if (std::isfinite(winner.badness)) mask[winner.row][c] = true;
    }
  }
  return mask;
}

std::string to_text(const Table& table) {
  const auto best = best_cells(table);
  const std::size_t columns = table.columns.size();
  std::vector<std::vector<std::string>> lines(1);
  for (const Column& column : table.columns) lines[0].push_back(header(column));
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    std::vector<std::string> line;
    for (std::size_t c = 0; c < columns; ++c)
      line.push_back(cell_text(table.rows[r].cells[c], table.columns[c]) + (best[r][c] ? "*" : ""));
    lines.push_back(std::move(line));
  }
  std::string out, rule;
  for (std::size_t c = 0; c < columns; ++c) {
    const bool numeric = is_numeric(table, c);
    // Digits stay aligned beside a starred neighbour.
    if (table.columns[c].best.kind != Best::Kind::none)
      for (std::size_t r = 0; r < lines.size(); ++r)
        if (r == 0 || !best[r - 1][c]) lines[r][c] += ' ';
    int width = 0;
    for (const auto& line : lines) width = std::max(width, display_width(line[c]));
    for (auto& line : lines) {
      const std::string pad(static_cast<std::size_t>(width - display_width(line[c])), ' ');
      line[c] = numeric ? pad + line[c] : line[c] + pad;
    }
    if (c > 0) rule += "  ";
    for (int i = 0; i < width; ++i) rule += "─";
  }
  for (std::size_t r = 0; r < lines.size(); ++r) {
    std::string text;
    for (std::size_t c = 0; c < columns; ++c) text += (c ? "  " : "") + lines[r][c];
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + '\n';
    if (r == 0) out += rule + '\n';
  }
  return out;
}

std::string to_html(const Table& table) {
  const auto best = best_cells(table);
  std::string out = "<table class=\"data\">\n";
  if (!table.caption.empty())
    out += "<caption><span>" + escape_html(table.caption) + "</span></caption>\n";
  out += "<thead><tr>";
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    const Column& column = table.columns[c];
    out += is_numeric(table, c) ? "<th scope=\"col\" class=\"number\">" : "<th scope=\"col\">";
    out += escape_html(column.title);
    if (!column.unit.empty()) out += " <small>(" + escape_html(column.unit) + ")</small>";
    out += "</th>";
  }
  out += "</tr></thead>\n<tbody>\n";
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    out += table.rows[r].reference ? "<tr class=\"reference\">" : "<tr>";
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      const Cell& cell = table.rows[r].cells[c];
      std::string classes = is_numeric(table, c) ? "number" : "";
      if (best[r][c]) classes += " best";
      out += "<td";
      if (!classes.empty()) out.append(" class=\"").append(classes).append("\"");
      if (const Number* number = number_in(cell); number && std::isfinite(number->value))
        out += " data-value=\"" + json_number(number->value) + "\"";
      out += '>';
      out += escape_html(cell_text(cell, table.columns[c])) + "</td>";
    }
    out += "</tr>\n";
  }
  return out + "</tbody>\n</table>\n";
}

std::string to_json(const Table& table) {
  std::string out = "[";
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    out += r ? ",\n {" : "\n {";
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      const Column& column = table.columns[c];
      const std::string& key = column.key.empty() ? column.title : column.key;
      const Cell& cell = table.rows[r].cells[c];
      out += (c ? ", " : "") + quote_json(key) + ": ";
      if (const auto* text = std::get_if<std::string>(&cell)) {
        out += quote_json(*text);
      } else if (const Number* number = number_in(cell)) {
        out += json_number(number->value);
        if (number->error)
          out += ", " + quote_json(key + "_se") + ": " + json_number(*number->error);
      } else {
        out += "null";
      }
    }
    out += '}';
  }
  return out + "\n]\n";
}

}  // namespace ito::report
