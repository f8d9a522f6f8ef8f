#include "nn/sharding.h"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/ops.h"
#include "autograd/transforms.h"
#include "nn/linear.h"
#include "nn/loss.h"
#include "nn/mlp.h"
#include "nn/trainer.h"
#include "tests/support/thread_count.h"

namespace ito::nn {
namespace {

TEST(Shards, CoverTheBatchInOrder) {
  const Shards shards{reshape(arange(7), {7, 1}), 3, Generator(1)};
  ASSERT_EQ(shards.count(), 3);
  EXPECT_EQ(shards.batch_of(0).to_vector<double>(), (std::vector<double>{0, 1, 2}));
  EXPECT_EQ(shards.batch_of(2).to_vector<double>(), (std::vector<double>{6}));
  EXPECT_THROW((Shards{ones({7, 1}), 0, Generator(1)}.count()), Error);
}

// Against one backward pass over the whole batch, in f64: a mean of at most 37 terms in another
// order, each of order one, differs by less than 37 roundings.
TEST(ShardedBackward, IsTheGradientOfTheMean) {
  const double tolerance = 37 * 2.2e-16;
  Generator rng(3);
  const Tensor x = randn({37, 4}, rng, DType::f64);
  // p and q receive one gradient tensor between them; r none.
  std::vector<Tensor> parameters;
  for (int i = 0; i < 3; ++i) {
    parameters.push_back(randn({4}, rng, DType::f64).set_requires_grad());
  }
  const Loss loss = [&](const Tensor& batch, Generator&) {
    return mean(square(tanh(batch * (parameters[0] + parameters[1]))));
  };
  const std::vector<Tensor> used{parameters[0], parameters[1]};
  const Tensor whole = loss(x, rng);
  const std::vector<Tensor> expected = grad(whole, used);
  for (const Index rows : {1, 10, 36, 37, 100}) {
    for (const Index accumulate : {1, 3, 40}) {
      const Shards shards{x, rows, rng, accumulate};
      const std::vector<double> losses = sharded_backward(loss, shards, parameters);
      EXPECT_NEAR(mean_loss(shards, losses), whole.item(), tolerance);
      for (std::size_t i = 0; i < 2; ++i) {
        const auto got = parameters[i].grad().to_vector<double>();
        for (std::size_t j = 0; j < 4; ++j) {
          EXPECT_NEAR(got[j], expected[i].to_vector<double>()[j], tolerance) << rows;
        }
      }
      EXPECT_FALSE(parameters[2].grad().defined());
    }
  }
  EXPECT_THROW(sharded_backward(loss, {x, 10, rng, 0}, parameters), Error);
}

TEST(ShardedBackward, EachShardDrawsFromItsOwnGenerator) {
  const Tensor p = ones({1}).set_requires_grad();
  const Loss loss = [&](const Tensor& batch, Generator& noise) {
    return mean(p * randn(batch.shape(), noise));
  };
  for (const Index accumulate : {1, 2}) {
    const Shards shards{ones({5, 2}), 2, Generator(9), accumulate};
    const std::vector<double> losses = sharded_backward(loss, shards, {&p, 1});
    ASSERT_EQ(losses.size(), 3u);
    for (Index k = 0; k < 3; ++k) {
      Generator rng = Generator(9).split(static_cast<std::uint64_t>(k));
      EXPECT_EQ(losses[static_cast<std::size_t>(k)], loss(shards.batch_of(k), rng).item());
    }
  }
}

// Noise, averages and validation, with a last batch and a last shard that are smaller; gradients of
// more elements than one thread sums at a time.
TEST(Train, ShardsGiveTheSameBytesOnAnyNumberOfThreads) {
  Generator data_rng(5);
  const Tensor data = randn({2200, 3}, data_rng);
  const auto run = [&](int threads, Index accumulate) {
    const support::ThreadCount held(threads);
    Generator rng(1);
    Mlp model({3, 150, 150, 1}, rng);
    const Loss loss = [&](const Tensor& batch, Generator& noise) {
      const Tensor x = batch + 0.1 * randn(batch.shape(), noise);
      return mse_loss(model.forward(x), sum(batch, {1}, true));
    };
    const TrainResult result = train(model, data, loss,
                                     {.epochs = 2,
                                      .batch = 300,
                                      .shard = 70,
                                      .accumulate = accumulate,
                                      .train_fraction = 0.4,
                                      .ema_decay = 0.9});
    std::vector<std::vector<float>> values;
    for (const Tensor& p : model.parameters()) values.push_back(p.to_vector<float>());
    return std::pair(values, std::pair(result.train_curve, result.validation_curve));
  };
  for (const Index accumulate : {1, 2}) {
    const auto one = run(1, accumulate);
    EXPECT_EQ(one, run(2, accumulate));
    EXPECT_EQ(one, run(3, accumulate));
  }
}

TEST(Train, ShardsNameWhatIsNotFinite) {
  Generator rng(1);
  Linear model(1, 1, rng);
  const Loss loss = [&](const Tensor& batch, Generator&) {
    const Tensor y = model.forward(batch);
    return mean(batch.size(0) == 2 ? log(y * 0 - 1) : y);  // the last shard of five rows
  };
  std::string message;
  try {
    train(model, ones({5, 1}), loss, {.batch = 5, .shard = 3, .train_fraction = 1});
  } catch (const Error& e) {
    message = e.what();
  }
  EXPECT_NE(message.find("output of log [2, 1]"), std::string::npos) << message;
}

}  // namespace
}  // namespace ito::nn
