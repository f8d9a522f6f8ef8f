#include "apps/report/text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace ito::report {
namespace {

struct CodePoint {
  char32_t value;
  std::size_t bytes;
};

// Malformed bytes count as one code point each.
CodePoint decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  const std::size_t length = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (length == 1) return {lead, 1};
  if (lead < 0xC0 || length > text.size()) return {0xFFFD, 1};
  char32_t value = lead & (0xFFu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0u) != 0x80u) return {0xFFFD, 1};
    value = value << 6 | (byte(i) & 0x3Fu);
  }
  return {value, length};
}

// The blocks that terminals agree on; a full East Asian Width table would be thousands of rows.
int width_of(char32_t c) {
  struct Block {
    char32_t first, last;
  };
  constexpr std::array kZero{Block{0x0300, 0x036F}, Block{0x200B, 0x200F}, Block{0x20D0, 0x20FF},
                             Block{0xFE00, 0xFE0F}};
  constexpr std::array kWide{
      Block{0x1100, 0x115F},   Block{0x2E80, 0x303E},  Block{0x3041, 0xA4CF},
      Block{0xAC00, 0xD7A3},   Block{0xF900, 0xFAFF},  Block{0xFE30, 0xFE6F},
      Block{0xFF00, 0xFF60},   Block{0xFFE0, 0xFFE6},  Block{0x1F300, 0x1F64F},
      Block{0x1F900, 0x1F9FF}, Block{0x20000, 0x3FFFD}};
  if (c < 0x20 || c == 0x7F) return 0;
  for (Block b : kZero)
    if (b.first <= c && c <= b.last) return 0;
  for (Block b : kWide)
    if (b.first <= c && c <= b.last) return 2;
  return 1;
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        if (static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t') out += c;
    }
  }
  return out;
}

std::string quote_json(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          char code[8];
          std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(c));
          out += code;
        } else {
          out += c;
        }
    }
  }
  return out + '"';
}

std::string one_line(std::string_view text) {
  std::string out;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7F) {
      out += c;
    } else if (c == '\n' || c == '\t') {
      out += c == '\n' ? "\\n" : "\\t";
    } else {
      char code[8];
      std::snprintf(code, sizeof code, "\\x%02x", static_cast<unsigned>(byte));
      out += code;
    }
  }
  return out;
}

std::string quote_shell(std::string_view text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./+,:=@%";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos)
    return std::string(text);
  std::string out = "'";
  for (char c : text) {
    const std::string line = one_line({&c, 1});
    if (line.size() > 1) {
      out += "'$'" + line + "''";
    } else {
      out += c == '\'' ? "'\\''" : line;
    }
  }
  return out + '\'';
}

std::string json_number(double value) {
  if (!std::isfinite(value)) return "null";
  std::array<char, 32> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  return {buffer.data(), end};
}

int display_width(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    const CodePoint c = decode(text);
    width += width_of(c.value);
    text.remove_prefix(c.bytes);
  }
  return width;
}

std::string truncate_to_width(std::string_view text, int columns) {
  if (display_width(text) <= columns) return std::string(text);
  int width = 0;
  std::size_t end = 0;
  while (end < text.size()) {
    const CodePoint c = decode(text.substr(end));
    if (width + width_of(c.value) > columns - 1) break;
    width += width_of(c.value);
    end += c.bytes;
  }
  return columns < 1 ? std::string() : std::string(text.substr(0, end)) + "…";
}

std::string group_thousands(std::int64_t value) {
  std::string digits = std::to_string(value);
  const std::size_t first = value < 0 ? 1 : 0;
  for (std::size_t i = digits.size(); i > first + 3;) digits.insert(i -= 3, 1, ',');
  return digits;
}

std::string counted(std::int64_t count, const std::string& nouns) {
  return group_thousands(count) + ' ' + (count == 1 ? nouns.substr(0, nouns.size() - 1) : nouns);
}

std::string superscript(int exponent) {
  constexpr const char* kDigits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string out = exponent < 0 ? "⁻" : "";
  for (char c : std::to_string(std::abs(exponent))) out += kDigits[c - '0'];
  return out;
}

std::string scientific(double value, int decimals) {
  char text[48];
  std::snprintf(text, sizeof text, "%.*e", decimals, value);
  const std::string_view whole = text;
  const std::size_t e = whole.find('e');
  if (e == std::string_view::npos) return text;
  const std::string power = "10" + superscript(std::atoi(text + e + 1));
  const std::string mantissa(whole.substr(0, e));
  return mantissa == "1" ? power : mantissa + "×" + power;
}

std::string format_duration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return "?";
  char text[48];
  if (seconds < 9.95) {
    std::snprintf(text, sizeof text, "%.1f s", seconds);
    return text;
  }
  const long long whole = std::llround(seconds);
  if (whole < 60) {
    std::snprintf(text, sizeof text, "%lld s", whole);
  } else if (whole < 3600) {
    std::snprintf(text, sizeof text, "%lld min %02lld s", whole / 60, whole % 60);
  } else {
    std::snprintf(text, sizeof text, "%lld h %02lld min", whole / 3600, whole / 60 % 60);
  }
  return text;
}

}  // namespace ito::report
