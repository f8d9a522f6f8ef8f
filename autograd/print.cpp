// Printing, with NumPy's layout and choice of digits.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>
#include <vector>

#include "autograd/tensor.h"

namespace ito {
namespace {

constexpr Index kThreshold = 1000;  // more elements than this are abbreviated
constexpr Index kEdge = 3;          // to so many at each end of an axis
constexpr std::size_t kWidth = 75;  // characters a line
constexpr std::size_t kDigits = 8;  // most digits after the point

// Calls f(i, gap) for the positions of an axis that are shown; `gap` is set where "..." precedes.
template <class F>
void for_shown(Index size, bool abbreviate, F&& f) {
  const bool skip = abbreviate && size > 2 * kEdge;
  for (Index i = 0; i < size; ++i) {
    const bool gap = skip && i == kEdge;
    if (gap) i = size - kEdge;
    f(i, gap);
  }
}

// A number's shortest digits that read back as itself, at most kDigits of them after the point.
template <class T>
std::string digits(T value, std::chars_format format) {
  char buffer[400];
  const auto shortest = std::to_chars(buffer, std::end(buffer), value, format);
  std::string text(buffer, shortest.ptr);
  const std::size_t exponent = std::min(text.find('e'), text.size());
  std::size_t point = text.find('.');
  if (point != std::string::npos && exponent - point - 1 > kDigits) {
    const auto rounded =
        std::to_chars(buffer, std::end(buffer), value, format, static_cast<int>(kDigits));
    text.assign(buffer, rounded.ptr);
    std::size_t end = std::min(text.find('e'), text.size());
    while (text[end - 1] == '0') text.erase(--end, 1);
  } else if (point == std::string::npos) {
    text.insert(exponent, ".");
  }
  return text;
}

// Writes values so that their points stand in one column.
class Column {
 public:
  template <class T>
  explicit Column(const std::vector<T>& values) {
    if constexpr (std::is_floating_point_v<T>) {
      double largest = 0, smallest = HUGE_VAL;
      for (T v : values) {
        const double size = std::abs(static_cast<double>(v));
        if (!std::isfinite(size) || size == 0) continue;
        largest = std::max(largest, size);
        smallest = std::min(smallest, size);
      }
      const bool scientific =
          largest > 0 && (largest >= 1e8 || smallest < 1e-4 || largest / smallest > 1000);
      const auto format = scientific ? std::chars_format::scientific : std::chars_format::fixed;
      for (T v : values) {
        words_.push_back(std::isnan(v)   ? "nan"
                         : std::isinf(v) ? (v < 0 ? "-inf" : "inf")
                                         : digits(v, format));
      }
      align(scientific);
    } else {
      for (T v : values) words_.push_back(std::to_string(v));
      align(false);
    }
  }

  const std::string& next() { return words_[at_++]; }

 private:
  static std::size_t point_of(const std::string& word) { return word.find('.'); }

  void align(bool scientific) {
    std::size_t before = 0, after = 0;
    for (const std::string& w : words_) {
      const std::size_t point = point_of(w);
      if (point == std::string::npos) continue;
      before = std::max(before, point);
      after = std::max(after, std::min(w.find('e'), w.size()) - point);
    }
    std::size_t width = 0;
    for (std::string& w : words_) {
      const std::size_t point = point_of(w);
      if (point != std::string::npos) {
        const std::size_t end = std::min(w.find('e'), w.size());
        w.insert(end, after - (end - point), scientific ? '0' : ' ');
        w.insert(0, before - point, ' ');
      }
      width = std::max(width, w.size());
    }
    for (std::string& w : words_) w.insert(0, width - w.size(), ' ');
  }

  std::vector<std::string> words_;
  std::size_t at_ = 0;
};

class Printer {
 public:
  explicit Printer(const Tensor& x) : x_(x), abbreviate_(x.numel() > kThreshold) {}

  std::string print() {
    return visit(x_.dtype(), [&]<class T>(T) {
      std::vector<T> shown;
      collect(0, x_.data<T>(), shown);
      Column column(shown);
      return x_.rank() == 0 ? column.next() : axis(0, " ", kWidth, column);
    });
  }

 private:
  template <class T>
  void collect(int axis, const T* at, std::vector<T>& shown) const {
    if (axis == x_.rank()) {
      shown.push_back(*at);
      return;
    }
    for_shown(x_.shape()[axis], abbreviate_,
              [&](Index i, bool) { collect(axis + 1, at + i * x_.strides()[axis], shown); });
  }

  // The brackets of one axis; continued lines begin with `indent`.
  std::string axis(int at, const std::string& indent, std::size_t width, Column& column) const {
    const int left = x_.rank() - at;
    std::string text, line = indent;
    bool first = true;
    const auto append = [&](const std::string& word) {
      if (line.size() > indent.size() && line.size() + word.size() > width - 1) {
        text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
        line = indent;
      }
      line += word;
    };
    for_shown(x_.shape()[at], abbreviate_, [&](Index, bool gap) {
      if (left == 1) {
        if (gap) append("..."), line += ' ';
        append(column.next());
        line += ' ';
      } else {
        const std::string breaks(static_cast<std::size_t>(left - 1), '\n');
        if (!first) text += breaks;
        if (gap) text += indent + "..." + breaks;
        text += indent + axis(at + 1, indent + ' ', width - 1, column);
      }
      first = false;
    });
    if (left == 1) {
      if (!first) line.pop_back();
      text += line;
    }
    return '[' + (text.empty() ? text : text.substr(indent.size())) + ']';
  }

  const Tensor& x_;
  bool abbreviate_;
};

}  // namespace

std::string to_string(const Tensor& x) {
  return x.defined() ? Printer(x).print() : "undefined";
}

std::ostream& operator<<(std::ostream& out, const Tensor& x) {
  return out << to_string(x);
}

}  // namespace ito
