// A running sum whose rounding errors are carried along.
#pragma once

#include <cmath>

namespace ito::kernels {

// Knuth's two-sum: the result is as if summed in twice the precision of double, then rounded.
class CompensatedSum {
 public:
  void add(double x) {
    const double next = sum_ + x;
    const double part = next - sum_;
    error_ += (sum_ - (next - part)) + (x - part);
    sum_ = next;
  }
  // An infinite or NaN sum has no error worth adding: it would turn infinity into NaN.
  double value() const { return std::isfinite(sum_) ? sum_ + error_ : sum_; }

 private:
  double sum_ = 0;
  double error_ = 0;
};

}  // namespace ito::kernels
