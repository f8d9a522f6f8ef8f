// Text helpers: escaping, UTF-8 widths, numbers for people.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ito::report {

// For element content and quoted attributes: & < > " '. Invalid control bytes are dropped.
std::string escape_html(std::string_view text);

// A JSON string literal with its quotes.
std::string quote_json(std::string_view text);

// The text on one line: control bytes become \n, \t or \x1b.
std::string one_line(std::string_view text);

// One word of a shell command; quoted only where it must be.
std::string quote_shell(std::string_view text);

// The shortest decimal that reads back as `value`; "null" if it is not finite.
std::string json_number(double value);

// Columns that UTF-8 text takes on a terminal: combining marks 0, East Asian wide and emoji 2.
int display_width(std::string_view text);

// The longest prefix that fits in `columns`, ending in an ellipsis if anything was cut.
std::string truncate_to_width(std::string_view text, int columns);

// "12,345".
std::string group_thousands(std::int64_t value);

// "12,345 steps", "1 step": the noun is given in its plural with an s.
std::string counted(std::int64_t count, const std::string& nouns);

// "1.2×10⁸"; a mantissa of exactly 1 is left out: "10⁻³".
std::string scientific(double value, int decimals);

// "⁻³".
std::string superscript(int exponent);

// "0.4 s", "42 s", "3 min 05 s", "1 h 02 min"; "?" if not finite.
std::string format_duration(double seconds);

}  // namespace ito::report
