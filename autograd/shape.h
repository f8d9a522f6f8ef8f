// Shape and Strides: inline lists of up to kMaxRank integers, and the broadcasting rule.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <ostream>
#include <span>

#include "autograd/error.h"

namespace ito {

using Index = std::int64_t;
inline constexpr int kMaxRank = 8;

// A list of at most kMaxRank integers, stored inline: dimensions, strides or axes.
class Dims {
 public:
  Dims() = default;
  Dims(std::initializer_list<Index> values) : Dims(std::span(values.begin(), values.size())) {}
  explicit Dims(std::span<const Index> values) {
    check(values.size() <= kMaxRank, "shape: rank ", values.size(), " exceeds the maximum of ",
          kMaxRank);
    for (Index v : values) values_[static_cast<std::size_t>(rank_++)] = v;
  }
  static Dims filled(int rank, Index value) {
    Dims d;
    for (int i = 0; i < rank; ++i) d.push_back(value);
    return d;
  }

  int rank() const { return rank_; }
  bool empty() const { return rank_ == 0; }
  Index& operator[](int i) { return values_[static_cast<std::size_t>(i)]; }
  Index operator[](int i) const { return values_[static_cast<std::size_t>(i)]; }
  Index back() const { return (*this)[rank_ - 1]; }
  const Index* begin() const { return values_.data(); }
  const Index* end() const { return values_.data() + rank_; }
  Index* begin() { return values_.data(); }
  Index* end() { return values_.data() + rank_; }

  void push_back(Index v) {
    check(rank_ < kMaxRank, "shape: rank exceeds the maximum of ", kMaxRank);
    values_[static_cast<std::size_t>(rank_++)] = v;
  }
  void insert(int at, Index v) {
    push_back(v);
    std::rotate(begin() + at, end() - 1, end());
  }
  void erase(int at) {
    std::copy(begin() + at + 1, end(), begin() + at);
    --rank_;
  }

  friend bool operator==(const Dims& a, const Dims& b) {
    return a.rank_ == b.rank_ && std::equal(a.begin(), a.end(), b.begin());
  }
  friend std::ostream& operator<<(std::ostream& out, const Dims& d) {
    out << '[';
    for (int i = 0; i < d.rank_; ++i) out << (i ? ", " : "") << d[i];
    return out << ']';
  }

 private:
  int rank_ = 0;
  // Entries past rank_ are never read, so they stay unwritten: a shape costs what it holds.
  std::array<Index, kMaxRank> values_;
};

using Shape = Dims;
using Strides = Dims;  // in elements, not bytes; may be zero (broadcast) or negative (flip)
using Axes = Dims;     // negative entries count from the last dimension

// Number of elements; 1 for a 0-dim shape.
inline Index numel(const Shape& shape) {
  Index n = 1;
  for (Index d : shape) n *= d;
  return n;
}

// Row-major strides.
inline Strides contiguous_strides(const Shape& shape) {
  Strides s = Dims::filled(shape.rank(), 1);
  for (int i = shape.rank() - 2; i >= 0; --i) s[i] = s[i + 1] * shape[i + 1];
  return s;
}

// Maps an axis in [-rank, rank) to [0, rank); otherwise throws naming `op`.
inline int normalize_axis(Index axis, int rank, const char* op) {
  check(axis >= -rank && axis < rank, op, ": axis ", axis, " is out of range for rank ", rank);
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

// NumPy broadcasting: dimensions align from the right, 1 stretches. Throws naming `op`.
inline Shape broadcast_shapes(const Shape& a, const Shape& b, const char* op) {
  const int rank = std::max(a.rank(), b.rank());
  Shape out = Dims::filled(rank, 1);
  for (int i = 1; i <= rank; ++i) {
    const Index da = i <= a.rank() ? a[a.rank() - i] : 1;
    const Index db = i <= b.rank() ? b[b.rank() - i] : 1;
    check(da == db || da == 1 || db == 1, op, ": shapes ", a, " and ", b, " do not broadcast");
    out[rank - i] = da == 1 ? db : da;
  }
  return out;
}

}  // namespace ito
