#include "nn/io/safetensors.h"

#include <cstdint>
#include <cstring>
#include <string>

#include <gtest/gtest.h>

#include "autograd/ops.h"
#include "nn/io/checkpoint.h"
#include "nn/mlp.h"
#include "nn/optim/adam.h"
#include "tests/nn/temporary_folder.h"

namespace ito::nn {
namespace {

class SafeTensorsTest : public TemporaryFolder {};

std::string file(const std::string& header, const std::string& data) {
  const std::uint64_t length = header.size();
  std::string text(sizeof(length), '\0');
  std::memcpy(text.data(), &length, sizeof(length));
  return text + header + data;
}

TEST_F(SafeTensorsTest, RoundTripsInOrder) {
  const StateDict saved{{"b.weight", transpose(tensor({{1, 2, 3}, {4, 5, 6}}))},
                        {"a", scalar(2.5, DType::f64)},
                        {"steps", tensor({7, -8}, DType::i64)},
                        {"empty", zeros({0, 3})}};
  save_safetensors(path(), saved, {{"note", "any \"text\""}});
  const SafeTensors loaded = load_safetensors(path());
  EXPECT_EQ(loaded.metadata, (Metadata{{"note", "any \"text\""}}));
  ASSERT_EQ(loaded.tensors.size(), saved.size());
  for (std::size_t i = 0; i < saved.size(); ++i) {
    EXPECT_EQ(loaded.tensors[i].name, saved[i].name);
    EXPECT_EQ(loaded.tensors[i].value.shape(), saved[i].value.shape());
    EXPECT_EQ(loaded.tensors[i].value.dtype(), saved[i].value.dtype());
    EXPECT_EQ(loaded.tensors[i].value.to_vector<double>(), saved[i].value.to_vector<double>());
  }
}

// The layout of the format's specification, written by hand.
TEST_F(SafeTensorsTest, WritesTheSpecifiedBytes) {
  save_safetensors(path(), {{"x", tensor({1, 2})}});
  const std::string header = R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  const std::string padded = header + std::string((8 - header.size() % 8) % 8, ' ');
  EXPECT_EQ(bytes(), file(padded, std::string("\x00\x00\x80\x3f\x00\x00\x00\x40", 8)));
}

TEST_F(SafeTensorsTest, ReadsEntriesInAnyOrderOfTheHeader) {
  write(file(R"({"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},)"
             R"("a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}})",
             std::string("\x00\x00\x80\x3f\x00\x00\x00\x40", 8)));
  const SafeTensors loaded = load_safetensors(path());
  ASSERT_EQ(loaded.tensors.size(), 2u);
  EXPECT_EQ(loaded.tensors[0].name, "a");
  EXPECT_EQ(loaded.tensors[0].value.item(), 1);
  EXPECT_EQ(loaded.tensors[1].value.item(), 2);
}

TEST_F(SafeTensorsTest, RefusesWhatIsBroken) {
  const std::string header = R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  const std::string data(8, '\0');
  write(file(header, data));
  EXPECT_NO_THROW(load_safetensors(path()));
  for (const std::string& bad : {
           std::string("abc"),
           file(header, data).substr(0, 30),
           file(header, data.substr(1)),
           file(header, data + '\0'),
           file("[]", ""),
           file("{", ""),
           file(replaced(header, "F32", "BF16"), data),
           file(replaced(header, "[2]", "[3]"), data),
           file(replaced(header, "[2]", "[-2]"), data),
           file(replaced(header, "[2]", "[4611686018427387906]"), data),
           file(replaced(header, "[0,8]", "[8,0]"), data),
           file(replaced(header, "[0,8]", "[8,16]"), data + data),
           file(replaced(header, "[0,8]", "[0]"), data),
           file(replaced(header, "[0,8]", "[0.9,8.7]"), data),
           file(replaced(header, "[2]", "2"), data),
           file(replaced(header, "dtype", "type"), data),
       }) {
    write(bad);
    EXPECT_THROW(load_safetensors(path()), Error) << bad;
  }
  EXPECT_THROW(load_safetensors(path("none")), Error);
  EXPECT_THROW(save_safetensors(path(), {{"x", ones({1})}, {"x", ones({1})}}), Error);
  EXPECT_THROW(save_safetensors(path(), {{"__metadata__", ones({1})}}), Error);
}

TEST_F(SafeTensorsTest, RefusesAHeaderThatIsNestedDeep) {
  const int depth = 300'000;  // a recursion would run out of stack
  write(file(R"({"x":{"dtype":"F32","shape":)" + std::string(depth, '[') + std::string(depth, ']') +
                 R"(,"data_offsets":[0,8]}})",
             std::string(8, '\0')));
  EXPECT_THROW(load_safetensors(path()), Error);
}

TEST_F(SafeTensorsTest, RefusesToSaveTextThatIsNotUtf8) {
  try {
    save_safetensors(path(), {{"x", ones({1})}}, {{"note", "\xff"}});
    FAIL() << "must throw";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find(path().string()), std::string::npos) << e.what();
  }
}

// A training that goes on from a file goes where the one without a break goes, to the last bit.
TEST_F(SafeTensorsTest, CheckpointResumesExactly) {
  const auto run = [&](bool interrupt) {
    Generator rng(1), data(2);
    auto net = std::make_unique<Mlp>(std::vector<Index>{2, 8, 1}, rng);
    auto optimizer = std::make_unique<AdamW>(net->parameters());
    for (int k = 0; k < 12; ++k) {
      if (interrupt && k == 5) {
        save_checkpoint(path(), {.parts = {{"model", net->state_dict()},
                                           {"optimizer", optimizer->state_dict()}},
                                 .metadata = {{"step", std::to_string(k)}}});
        Generator other(99);
        net = std::make_unique<Mlp>(std::vector<Index>{2, 8, 1}, other);
        optimizer = std::make_unique<AdamW>(net->parameters());
        const Checkpoint checkpoint = load_checkpoint(path());
        EXPECT_EQ(checkpoint.metadata.at("step"), "5");
        EXPECT_THROW(checkpoint.part("modle"), Error);
        net->load_state_dict(checkpoint.part("model"));
        optimizer->load_state_dict(checkpoint.part("optimizer"));
      }
      optimizer->zero_grad();
      mean(square(net->forward(randn({4, 2}, data)) - 1)).backward();
      optimizer->step();
    }
    std::vector<std::vector<float>> values;
    for (const Tensor& p : net->parameters()) values.push_back(p.to_vector<float>());
    return values;
  };
  EXPECT_EQ(run(false), run(true));
}

TEST_F(SafeTensorsTest, CheckpointsNameTheirParts) {
  EXPECT_THROW(save_checkpoint(path(), {.parts = {{"a/b", {}}}, .metadata = {}}), Error);
  save_safetensors(path(), {{"x", ones({1})}});
  EXPECT_THROW(load_checkpoint(path()), Error);
}

}  // namespace
}  // namespace ito::nn
