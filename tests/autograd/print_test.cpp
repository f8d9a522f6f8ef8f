// Layouts and digits as NumPy prints them.
#include <limits>
#include <sstream>

#include <gtest/gtest.h>

#include "autograd/ops.h"

namespace ito {
namespace {

TEST(Print, Scalars) {
  EXPECT_EQ(to_string(scalar(3.5)), "3.5");
  EXPECT_EQ(to_string(scalar(1)), "1.");
  EXPECT_EQ(to_string(scalar(0.1, DType::f32)), "0.1");
  EXPECT_EQ(to_string(scalar(7, DType::i64)), "7");
  EXPECT_EQ(to_string(scalar(-1e-20, DType::f64)), "-1.e-20");
  EXPECT_EQ(to_string(Tensor()), "undefined");
}

TEST(Print, VectorsAlignTheirPoints) {
  EXPECT_EQ(to_string(tensor({1, 2, 3})), "[1. 2. 3.]");
  EXPECT_EQ(to_string(tensor({1, -2.25, 10.5})), "[ 1.   -2.25 10.5 ]");
  EXPECT_EQ(to_string(arange(3, DType::i64) - 1.0), "[-1  0  1]");
  EXPECT_EQ(to_string(zeros({0})), "[]");
  EXPECT_EQ(to_string(zeros({2, 0})), "[[]\n []]");
}

TEST(Print, DigitsAreTheShortestUpToEight) {
  EXPECT_EQ(to_string(tensor({1.0 / 3, 2.0 / 3}, DType::f64)), "[0.33333333 0.66666667]");
  EXPECT_EQ(to_string(tensor({1.0 / 3}, DType::f32)), "[0.33333334]");
  EXPECT_EQ(to_string(tensor({0.1, 0.25}, DType::f32)), "[0.1  0.25]");
}

TEST(Print, WideRangesAreScientific) {
  EXPECT_EQ(to_string(tensor({1e10, 1.25}, DType::f64)), "[1.00e+10 1.25e+00]");
  EXPECT_EQ(to_string(tensor({0.001, 2}, DType::f64)), "[1.e-03 2.e+00]");
  EXPECT_EQ(to_string(tensor({1e-5}, DType::f64)), "[1.e-05]");
  EXPECT_EQ(to_string(tensor({0, 1000, 1}, DType::f64)), "[   0. 1000.    1.]");
}

TEST(Print, NotFinite) {
  const double inf = std::numeric_limits<double>::infinity();
  EXPECT_EQ(to_string(tensor({1, inf, -inf, std::numeric_limits<double>::quiet_NaN()})),
            "[  1.  inf -inf  nan]");
}

TEST(Print, Nested) {
  EXPECT_EQ(to_string(tensor({{1, 2}, {3, 4}})), "[[1. 2.]\n [3. 4.]]");
  EXPECT_EQ(to_string(transpose(tensor({{1, 2}, {3, 4}}))), "[[1. 3.]\n [2. 4.]]");
  EXPECT_EQ(to_string(reshape(arange(8, DType::i64), {2, 2, 2})),
            "[[[0 1]\n  [2 3]]\n\n [[4 5]\n  [6 7]]]");
}

TEST(Print, LongLinesWrap) {
  EXPECT_EQ(to_string(arange(30, DType::i64)),
            "[ 0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 15 16 17 18 19 20 21 22 23\n"
            " 24 25 26 27 28 29]");
}

TEST(Print, LongAxesAreAbbreviated) {
  EXPECT_EQ(to_string(arange(1001, DType::i64)), "[   0    1    2 ...  998  999 1000]");
  EXPECT_EQ(to_string(reshape(arange(2000, DType::i64), {1000, 2})),
            "[[   0    1]\n [   2    3]\n [   4    5]\n ...\n [1994 1995]\n [1996 1997]\n"
            " [1998 1999]]");
}

TEST(Print, Streams) {
  std::ostringstream out;
  out << tensor({1, 2});
  EXPECT_EQ(out.str(), "[1. 2.]");
}

}  // namespace
}  // namespace ito
