// One table for the terminal, the HTML report and JSON.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace ito::report {

// A number with an optional standard error or spread.
struct Number {
  double value = 0;
  std::optional<double> error = {};
};

// Empty (a dash), text, or a number.
struct Cell : std::variant<std::monostate, std::string, Number> {
  using variant::variant;
  Cell(double value) : variant(Number{value}) {}
  Cell(const char* text) : variant(std::string(text)) {}
};

struct Format {
  enum class Kind { fixed, significant, integer } kind = Kind::significant;
  int digits = 3;
  static Format fixed(int decimals) { return {Kind::fixed, decimals}; }
  static Format significant(int digits) { return {Kind::significant, digits}; }
  static Format integer() { return {Kind::integer, 0}; }
};

// Which number of a column is the best one; reference rows do not compete.
struct Best {
  enum class Kind { none, lowest, nearest } kind = Kind::none;
  double target = 0;
  static Best lowest() { return {Kind::lowest, 0}; }
  static Best nearest(double target) { return {Kind::nearest, target}; }
};

struct Column {
  std::string title = {};
  std::string unit = {};  // shown in the header
  Format format = {};
  Best best = {};
  std::string key = {};  // in JSON; empty: the title
};

struct Row {
  std::vector<Cell> cells = {};
  bool reference = false;  // an oracle or a floor: drawn apart, never highlighted
};

struct Table {
  std::string caption = {};
  std::vector<Column> columns = {};
  std::vector<Row> rows = {};
  bool grouped = false;  // rows compete with those of the same first cell only

  // Throws ito::Error unless there is one cell a column.
  Table& add(std::vector<Cell> cells, bool reference = false);
};

// The number as the column shows it; scientific when the format would hide it (1e8 or 2e-9).
std::string to_string(const Number& number, const Format& format);

// Marks the best cell of each column that asks for one: mask[row][column].
std::vector<std::vector<bool>> best_cells(const Table& table);

// Aligned columns, numbers to the right, the best value starred; one '\n' a row.
std::string to_text(const Table& table);
// A <table class="data"> element.
std::string to_html(const Table& table);
// An array of one object a row; an error is "<key>_se"; empty cells and non-finite numbers are
// null.
std::string to_json(const Table& table);

}  // namespace ito::report
