#include "nn/io/npy.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

#include "autograd/ops.h"

namespace ito::nn {
namespace {

class NpyTest : public ::testing::Test {
 protected:
  NpyTest() {
    folder_ = std::filesystem::path(::testing::TempDir()) /
              ("ito_npy_" + std::to_string(::getpid()) + "_" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
  }
  ~NpyTest() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path path() const { return folder_ / "x.npy"; }
  std::string bytes() const {
    std::ifstream file(path(), std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  void write(const std::string& text) const { std::ofstream(path(), std::ios::binary) << text; }

  std::filesystem::path folder_;
};

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
  EXPECT_THROW(load_npy(folder_ / "none.npy"), Error);
  write("not an array");
  EXPECT_THROW(load_npy(path()), Error);
  save_npy(path(), ones({4}));
  const std::string good = bytes();
  write(good.substr(0, good.size() - 1));
  EXPECT_THROW(load_npy(path()), Error);
  write(good.substr(0, 40));
  EXPECT_THROW(load_npy(path()), Error);
  const auto replaced = [&](const std::string& what, const std::string& with) {
    std::string text = good;
    text.replace(text.find(what), what.size(), with);
    return text;
  };
  for (const std::string& bad :
       {replaced("<f4", ">f4"), replaced("<f4", "<i2"), replaced("False", "True "),
        replaced("(4,)", "(-4)"), replaced("(4,)", "(5,)"), replaced("shape", "shale")}) {
    write(bad);
    EXPECT_THROW(load_npy(path()), Error) << bad;
  }
  write(replaced("(4,), }            ", "(4611686018427387904,4)"));
  EXPECT_THROW(load_npy(path()), Error);
}

TEST_F(NpyTest, LeavesNoPartsBehindAndNamesTheCause) {
  save_npy(path(), ones({4}));
  int files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder_)) ++files;
  EXPECT_EQ(files, 1);
  try {
    save_npy(folder_ / "none" / "x.npy", ones({4}));
    FAIL() << "must throw";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("No such file"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace ito::nn
