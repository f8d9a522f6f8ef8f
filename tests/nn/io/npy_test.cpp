#include "nn/io/npy.h"

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "autograd/ops.h"
#include "tests/nn/temporary_folder.h"

namespace ito::nn {
namespace {

class NpyTest : public TemporaryFolder {};

TEST_F(NpyTest, RoundTripsEveryDtypeAndRank) {
  for (const DType dtype : {DType::f32, DType::f64, DType::i64}) {
    for (const Shape& shape : {Shape{}, Shape{5}, Shape{2, 3}, Shape{2, 1, 4}, Shape{0, 3}}) {
      const Tensor x = reshape(arange(numel(shape), dtype), shape);
      save_npy(path(), x);
      const Tensor y = load_npy(path());
      EXPECT_EQ(y.shape(), shape);
      EXPECT_EQ(y.dtype(), dtype);
      EXPECT_EQ(y.to_vector<double>(), x.to_vector<double>());
    }
  }
}

// The bytes that numpy.save writes for np.array([[1, 2, 3], [4, 5, 6]], "<f4").T up to its order.
TEST_F(NpyTest, WritesTheBytesOfNumPy) {
  save_npy(path(), transpose(tensor({{1, 2, 3}, {4, 5, 6}})));
  const std::string text = bytes();
  ASSERT_EQ(text.size(), 128u + 24u);
  EXPECT_EQ(text.substr(0, 10), std::string("\x93NUMPY\x01\x00\x76\x00", 10));
  const std::string dict = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }";
  EXPECT_EQ(text.substr(10, dict.size()), dict);
  EXPECT_EQ(text.substr(10 + dict.size(), 118 - dict.size()),
            std::string(117 - dict.size(), ' ') + '\n');
  EXPECT_EQ(load_npy(path()).to_vector<double>(), (std::vector<double>{1, 4, 2, 5, 3, 6}));
}

TEST_F(NpyTest, RefusesWhatItCannotRead) {
  EXPECT_THROW(load_npy(path("none")), Error);
  write("not an array");
  EXPECT_THROW(load_npy(path()), Error);
  save_npy(path(), ones({4}));
  const std::string good = bytes();
  write(good.substr(0, good.size() - 1));
  EXPECT_THROW(load_npy(path()), Error);
  write(good.substr(0, 40));
  EXPECT_THROW(load_npy(path()), Error);
  for (const std::string& bad :
       {replaced(good, "<f4", ">f4"), replaced(good, "<f4", "<i2"),
        replaced(good, "False", "True "), replaced(good, "(4,)", "(-4)"),
        replaced(good, "(4,)", "(5,)"), replaced(good, "shape", "shale")}) {
    write(bad);
    EXPECT_THROW(load_npy(path()), Error) << bad;
  }
  write(replaced(good, "(4,), }            ", "(4611686018427387904,4)"));
  EXPECT_THROW(load_npy(path()), Error);
}

TEST_F(NpyTest, LeavesNoPartsBehindAndNamesTheCause) {
  save_npy(path(), ones({4}));
  int files = 0;
  for ([[maybe_unused]] const auto& entry :
       std::filesystem::directory_iterator(path().parent_path()))
    ++files;
  EXPECT_EQ(files, 1);
  try {
    save_npy(path("none") / "x.npy", ones({4}));
    FAIL() << "must throw";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("No such file"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace ito::nn
