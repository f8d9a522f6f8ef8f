#include "nn/module.h"

#include <string>

#include <gtest/gtest.h>

#include "autograd/grad_mode.h"
#include "autograd/ops.h"
#include "nn/linear.h"

namespace ito::nn {
namespace {

struct Pair : Module {
  explicit Pair(Generator& rng)
      : first(add("first", Linear(3, 4, rng))),
        second(add("second", Linear(4, 2, rng, {.bias = false}))),
        scale(add("scale", ones({2}))),
        table(add_buffer("table", arange(3))) {}
  Linear first, second;
  Tensor scale, table;
};

struct Named : Module {
  using Module::add;
};

std::string message_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

TEST(Module, NamesParametersInOrderOfRegistration) {
  Generator rng(1);
  const Pair pair(rng);
  std::vector<std::string> names;
  for (const NamedTensor& p : pair.named_parameters()) {
    names.push_back(p.name);
    EXPECT_TRUE(p.value.requires_grad()) << p.name;
  }
  EXPECT_EQ(names,
            (std::vector<std::string>{"first.weight", "first.bias", "second.weight", "scale"}));
  EXPECT_EQ(pair.parameter_count(), 12 + 4 + 8 + 2);
  ASSERT_EQ(pair.named_buffers().size(), 1u);
  EXPECT_FALSE(pair.table.requires_grad());
}

TEST(Module, ParentAndChildShareTheirTensors) {
  Generator rng(1);
  const Pair pair(rng);
  EXPECT_TRUE(pair.named_parameters()[0].value.same_as(pair.first.weight()));
  const Pair copy = pair;
  EXPECT_TRUE(copy.first.weight().same_as(pair.first.weight()));
}

TEST(Module, CountsTiedWeightsOnce) {
  Generator rng(1);
  const Linear layer(3, 3, rng);
  Named module;
  module.add("encoder", layer);
  module.add("decoder", layer);
  EXPECT_EQ(module.named_parameters().size(), 4u);
  EXPECT_EQ(module.state_dict().size(), 4u);
  ASSERT_EQ(module.parameters().size(), 2u);
  EXPECT_TRUE(module.parameters()[1].same_as(layer.named_parameters()[1].value));
  EXPECT_EQ(module.parameter_count(), 12);
}

TEST(Module, RefusesNamesThatAreTakenOrAmbiguous) {
  Generator rng(1);
  Named module;
  module.add("a", ones({1}));
  EXPECT_THROW(module.add("a", ones({1})), Error);
  EXPECT_THROW(module.add("", ones({1})), Error);
  EXPECT_THROW(module.add("a.b", ones({1})), Error);
  module.add("child", Linear(1, 1, rng));
  EXPECT_THROW(module.add("child", ones({1})), Error);
  EXPECT_THROW(module.add("child", Linear(1, 1, rng)), Error);
  EXPECT_THROW(module.add("op", module.named_parameters()[0].value * 2), Error);
}

TEST(Module, StateDictIsACopyAndLoadsBack) {
  Generator rng(1);
  Pair pair(rng);
  const StateDict saved = pair.state_dict();
  ASSERT_EQ(saved.size(), 5u);
  const std::vector<float> before = pair.first.weight().to_vector<float>();
  {
    NoGrad guard;
    for (Tensor p : pair.parameters()) p.fill_(7);
  }
  EXPECT_EQ(saved[0].value.to_vector<float>(), before);
  pair.load_state_dict(saved);
  EXPECT_EQ(pair.first.weight().to_vector<float>(), before);
}

TEST(Module, StrictLoadingListsEveryDifferenceAndChangesNothing) {
  Generator rng(1);
  Pair pair(rng);
  StateDict state = pair.state_dict();
  for (NamedTensor& entry : state) entry.value.fill_(9);
  state[0].value = ones({4, 5});
  state[1].name = "first.bais";
  const std::vector<float> before = pair.scale.to_vector<float>();
  const std::string message = message_of([&] { pair.load_state_dict(state); });
  EXPECT_NE(message.find("first.weight: expected f32[4, 3], got f32[4, 5]"), std::string::npos)
      << message;
  EXPECT_NE(message.find("missing     first.bias"), std::string::npos) << message;
  EXPECT_NE(message.find("unexpected  first.bais"), std::string::npos) << message;
  EXPECT_EQ(pair.scale.to_vector<float>(), before);
}

TEST(Module, CopyParametersCopiesValues) {
  Generator rng(1);
  const Pair a(rng);
  Pair b(rng);
  ASSERT_NE(a.first.weight().to_vector<float>(), b.first.weight().to_vector<float>());
  copy_parameters(a, b);
  EXPECT_EQ(a.first.weight().to_vector<float>(), b.first.weight().to_vector<float>());
  EXPECT_FALSE(a.first.weight().same_as(b.first.weight()));
}

TEST(Module, ZeroGradForgetsGradients) {
  Generator rng(1);
  Pair pair(rng);
  sum(pair.first.forward(ones({2, 3}))).backward();
  ASSERT_TRUE(pair.first.weight().grad().defined());
  pair.zero_grad();
  EXPECT_FALSE(pair.first.weight().grad().defined());
}

}  // namespace
}  // namespace ito::nn
