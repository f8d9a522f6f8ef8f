#include "nn/trainer.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/ops.h"
#include "nn/io/checkpoint.h"
#include "nn/linear.h"
#include "nn/loss.h"
#include "tests/nn/temporary_folder.h"

namespace ito::nn {
namespace {

// Rows (x, y) of y = 2 x_0 - x_1 + 0.5 + noise.
Tensor regression_data(Index count, double noise) {
  Generator rng(11);
  const Tensor x = randn({count, 2}, rng);
  const Tensor y = sum(x * tensor({2, -1}), {1}, true) + 0.5 + noise * randn({count, 1}, rng);
  return concatenate({x, y}, 1);
}

Loss regression_loss(const Linear& model) {
  return [&model](const Tensor& batch, Generator&) {
    return mse_loss(model.forward(slice(batch, 1, 0, 2)), slice(batch, 1, 2));
  };
}

// The least mean square of the regression, by its normal equations in double.
double least_squares_loss(const Tensor& data) {
  const std::vector<double> rows = data.to_vector<double>();
  double a[3][4] = {};  // sums of (x0, x1, 1) times (x0, x1, 1, y)
  double yy = 0;
  const std::size_t count = rows.size() / 3;
  for (std::size_t r = 0; r < count; ++r) {
    const double f[4] = {rows[3 * r], rows[3 * r + 1], 1, rows[3 * r + 2]};
    for (int i = 0; i < 3; ++i) {
      for (int j = 0; j < 4; ++j) a[i][j] += f[i] * f[j];
    }
    yy += f[3] * f[3];
  }
  double b[3] = {a[0][3], a[1][3], a[2][3]};
  for (int k = 0; k < 3; ++k) {  // Gauss-Jordan; the matrix is positive definite
    for (int i = 0; i < 3; ++i) {
      if (i == k) continue;
      const double factor = a[i][k] / a[k][k];
      for (int j = 0; j < 4; ++j) a[i][j] -= factor * a[k][j];
    }
  }
  double explained = 0;
  for (int i = 0; i < 3; ++i) explained += a[i][3] / a[i][i] * b[i];
  return (yy - explained) / static_cast<double>(count);
}

double loss_of(const Linear& model, const Tensor& data) {
  Generator rng(0);
  return regression_loss(model)(data, rng).item();
}

std::vector<float> weights(const Module& model) {
  std::vector<float> all;
  for (const Tensor& p : model.parameters()) {
    const std::vector<float> values = p.to_vector<float>();
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

TEST(RandomSplit, IsAPartitionThatDependsOnTheSeed) {
  const Split split = random_split(101, 0.6, 5);
  EXPECT_EQ(split.train.size(), 61u);
  std::set<Index> all(split.train.begin(), split.train.end());
  all.insert(split.validation.begin(), split.validation.end());
  EXPECT_EQ(all.size(), 101u);
  EXPECT_EQ(*all.rbegin(), 100);
  EXPECT_EQ(split.train.size() + split.validation.size(), 101u);
  EXPECT_EQ(split.train, random_split(101, 0.6, 5).train);
  EXPECT_NE(split.train, random_split(101, 0.6, 6).train);
  EXPECT_TRUE(random_split(10, 1, 5).validation.empty());
  EXPECT_THROW(random_split(10, 0, 5), Error);
}

TEST(Train, ReachesTheClosedFormOfARegression) {
  const Tensor data = regression_data(400, 0.1);
  Generator rng(1);
  Linear model(2, 1, rng);
  const TrainResult result = train(model, data, regression_loss(model),
                                   {.epochs = 300,
                                    .batch = 50,
                                    .lr = 3e-2,
                                    .weight_decay = 0,
                                    .train_fraction = 1,
                                    .schedule = [](Index total) { return cosine(total); }});
  const double least = least_squares_loss(data);
  // The loss is flat at its minimum: parameters within 1e-4 leave an excess of 3e-8, against 0.01.
  EXPECT_NEAR(loss_of(model, data) / least, 1, 1e-5);
  EXPECT_EQ(result.steps, 2400);
  EXPECT_EQ(result.train_curve.size(), 300u);
  EXPECT_LT(result.train_curve.back(), 0.01 * result.train_curve.front());
  EXPECT_TRUE(std::isnan(result.validation_loss));
  EXPECT_EQ(result.best_epoch, -1);
}

TEST(Train, SameSeedSameBytes) {
  const Tensor data = regression_data(73, 0.1);
  const auto run = [&](std::uint64_t seed) {
    Generator rng(1);
    Linear model(2, 1, rng);
    const Loss loss = [&](const Tensor& batch, Generator& noise) {
      const Tensor x = slice(batch, 1, 0, 2) + 0.1 * randn({batch.size(0), 2}, noise);
      return mse_loss(model.forward(x), slice(batch, 1, 2));
    };
    const TrainResult result =
        train(model, data, loss, {.epochs = 5, .batch = 10, .seed = seed, .ema_decay = 0.9});
    return std::pair(weights(model), result.validation_curve);
  };
  EXPECT_EQ(run(3), run(3));
  EXPECT_NE(run(3).first, run(4).first);
}

// The loss draws its numbers from a generator of the step: those of step k do not depend on how
// many numbers earlier steps drew.
TEST(Train, RandomNumbersDependOnSeedAndStepAlone) {
  const auto draws = [](int extra) {
    Generator rng(1);
    Linear model(1, 1, rng);
    std::vector<std::uint64_t> first;
    const Loss loss = [&](const Tensor& batch, Generator& noise) {
      first.push_back(noise.next_u64());
      for (int i = 0; i < extra; ++i) noise.next_u64();
      return mean(square(model.forward(batch)));
    };
    train(model, ones({20, 1}), loss, {.epochs = 2, .batch = 5, .train_fraction = 1});
    return first;
  };
  const std::vector<std::uint64_t> first = draws(0);
  EXPECT_EQ(first, draws(9));
  EXPECT_EQ(std::set<std::uint64_t>(first.begin(), first.end()).size(), 8u);
}

TEST(Train, EveryRowOnceAnEpochTheLastBatchSmaller) {
  Generator rng(1);
  Linear model(1, 1, rng);
  const Tensor data = reshape(arange(23), {23, 1});
  std::vector<std::vector<double>> batches;
  const Loss loss = [&](const Tensor& batch, Generator&) {
    batches.push_back(batch.to_vector<double>());
    return mean(square(model.forward(batch)));
  };
  train(model, data, loss, {.epochs = 2, .batch = 5, .lr = 1e-6, .train_fraction = 1});
  ASSERT_EQ(batches.size(), 10u);
  std::vector<std::vector<double>> orders(2);
  for (std::size_t k = 0; k < 10; ++k) {
    EXPECT_EQ(batches[k].size(), k % 5 == 4 ? 3u : 5u);
    orders[k / 5].insert(orders[k / 5].end(), batches[k].begin(), batches[k].end());
  }
  EXPECT_NE(orders[0], orders[1]);
  std::sort(orders[0].begin(), orders[0].end());
  EXPECT_EQ(orders[0], data.to_vector<double>());
}

// A rate that explodes after a good start: the best weights are the early ones, not aliases of what
// the later steps left behind.
TEST(Train, KeepsACopyOfTheBestWeights) {
  const Tensor data = regression_data(200, 0.1);
  const auto run = [&](Keep keep) {
    Generator rng(1);
    Linear model(2, 1, rng);
    std::vector<std::vector<float>> history;
    const TrainResult result =
        train(model, data, regression_loss(model),
              {.epochs = 10,
               .batch = 40,
               .lr = 0.1,
               .schedule =
                   [](Index total) { return sequence(constant(1), total * 6 / 10, constant(100)); },
               .keep = keep,
               .on_progress =
                   [&](const TrainProgress&) {
                     history.push_back(weights(model));
                     return true;
                   },
               .progress_seconds = 0});
    return std::tuple(result, weights(model), history);
  };
  const auto [best, best_weights, history] = run(Keep::best);
  ASSERT_EQ(best.validation_curve.size(), 10u);
  const auto least = std::min_element(best.validation_curve.begin(), best.validation_curve.end());
  EXPECT_EQ(best.best_epoch, least - best.validation_curve.begin());
  EXPECT_LT(best.best_epoch, 6);
  EXPECT_EQ(best.best_validation_loss, *least);
  EXPECT_EQ(best.validation_loss, *least);
  // 120 training rows are three steps an epoch, each reported.
  EXPECT_EQ(best_weights, history[static_cast<std::size_t>(3 * best.best_epoch + 2)]);
  EXPECT_NE(best_weights, history.back());

  const auto [last, last_weights, same_history] = run(Keep::last);
  EXPECT_EQ(last_weights, same_history.back());
  EXPECT_EQ(last.validation_loss, last.validation_curve.back());
  EXPECT_GT(last.validation_loss, last.best_validation_loss);
}

TEST(Train, AveragesAreWhatIsValidatedAndKept) {
  const Tensor data = regression_data(100, 0.1);
  Generator rng(1);
  Linear model(2, 1, rng);
  std::vector<float> last;
  const TrainResult result = train(model, data, regression_loss(model),
                                   {.epochs = 3,
                                    .batch = 10,
                                    .lr = 0.05,
                                    .ema_decay = 0.9,
                                    .keep = Keep::last,
                                    .on_progress = [&](const TrainProgress&) {
                                      last = weights(model);
                                      return true;
                                    }});
  EXPECT_NE(weights(model), last);
  Tensor validation = empty({40, 3});
  const Split split = random_split(100, 0.6, 0);
  for (std::size_t i = 0; i < 40; ++i) {
    for (Index j = 0; j < 3; ++j) {
      validation.mutable_data<float>()[3 * static_cast<Index>(i) + j] =
          data.data<float>()[3 * split.validation[i] + j];
    }
  }
  EXPECT_DOUBLE_EQ(result.validation_loss, loss_of(model, validation));
}

TEST(Train, ReportsProgressAndStopsWhenAsked) {
  Generator rng(1);
  Linear model(2, 1, rng);
  std::vector<TrainProgress> seen;
  const TrainResult result = train(model, regression_data(100, 0.1), regression_loss(model),
                                   {.epochs = 50,
                                    .batch = 10,
                                    .lr = 0.25,
                                    .on_progress =
                                        [&](const TrainProgress& p) {
                                          seen.push_back(p);
                                          return p.step < 9;
                                        },
                                    .progress_seconds = 0});
  EXPECT_TRUE(result.stopped);
  EXPECT_EQ(result.steps, 9);
  ASSERT_GE(seen.size(), 9u);
  EXPECT_TRUE(std::isnan(seen[0].validation_loss));
  EXPECT_EQ(seen[0].total_steps, 300);
  EXPECT_EQ(seen[0].lr, 0.25);
  EXPECT_EQ(seen[7].epoch, 1);
  EXPECT_TRUE(std::isfinite(seen[7].validation_loss));
  EXPECT_GT(seen[7].steps_per_second, 0);
}

// The report after the second of four epochs stops; every third would be validated.
TEST(Train, ValidatesTheWeightsItLeaves) {
  const Tensor data = regression_data(40, 0.1);
  for (const Keep keep : {Keep::best, Keep::last}) {
    Generator rng(1);
    Linear model(2, 1, rng);
    const TrainResult result =
        train(model, data, regression_loss(model),
              {.epochs = 4,
               .batch = 24,
               .validate_every = 3,
               .keep = keep,
               .on_progress = [](const TrainProgress& p) { return p.epoch < 1; },
               .progress_seconds = 0});
    EXPECT_TRUE(result.stopped);
    EXPECT_EQ(result.steps, 2);
    const Split split = random_split(40, 0.6, 0);
    const Tensor validation = index_select(
        data, 0,
        from(std::vector<std::int64_t>(split.validation.begin(), split.validation.end()),
             {static_cast<Index>(split.validation.size())}));
    EXPECT_DOUBLE_EQ(result.validation_loss, loss_of(model, validation));
    EXPECT_EQ(result.validation_curve, std::vector<double>{result.validation_loss});
    EXPECT_EQ(result.best_epoch, 1);
  }
}

class NotFinite : public ::testing::Test {
 protected:
  std::string message(const Loss& loss, const Tensor& data, TrainOptions options = {}) {
    try {
      options.epochs = 4;
      options.batch = 5;
      train(model_, data, loss, options);
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  }
  static void expect_words(const std::string& text, std::initializer_list<const char*> words) {
    for (const char* word : words) EXPECT_NE(text.find(word), std::string::npos) << text;
  }

  Generator rng_{1};
  Linear model_{1, 1, rng_};
};

TEST_F(NotFinite, ActivationIsNamedByItsOp) {
  int step = 0;
  const Loss loss = [&](const Tensor& batch, Generator&) {
    const Tensor y = model_.forward(batch);
    return mean(square(step++ == 7 ? log(y * 0 - 1) + 1 : y));
  };
  expect_words(message(loss, ones({20, 1}), {.train_fraction = 1}),
               {"step 7 (epoch 1)", "loss is", "nan", "output of log [5, 1]"});
}

TEST_F(NotFinite, BatchIsNamed) {
  const Loss loss = [&](const Tensor& batch, Generator&) {
    return mean(square(model_.forward(batch)));
  };
  Tensor data = ones({20, 1});
  data.fill_(std::nan(""));
  expect_words(message(loss, data), {"step 0", "the batch [5, 1]"});
}

TEST_F(NotFinite, ParameterIsNamed) {
  const Loss loss = [&](const Tensor& batch, Generator&) {
    return mean(square(model_.forward(batch)));
  };
  const TrainOptions options{.schedule = [](Index) {
    return LrSchedule([](Index k) { return k == 2 ? HUGE_VAL : 1.0; });
  }};
  expect_words(message(loss, ones({20, 1}), options), {"step 3", "parameter weight [1, 1]"});
}

TEST_F(NotFinite, GradientIsNamed) {
  // sqrt(0 y): a finite loss whose slope at zero is infinite times zero.
  const Loss loss = [&](const Tensor& batch, Generator&) {
    return mean(sqrt(model_.forward(batch) * 0));
  };
  for (const double clip_norm : {0.0, 1.0}) {
    expect_words(message(loss, ones({20, 1}), {.clip_norm = clip_norm}),
                 {"step 0", "gradient of weight [1, 1]"});
  }
}

// The weights are those of the step, not their averages, which the validation puts in their place.
TEST_F(NotFinite, ValidationLossLeavesTheWeights) {
  std::vector<float> at_validation;
  const Loss loss = [&](const Tensor& batch, Generator&) {
    const Tensor y = square(model_.forward(batch) - 3);
    if (batch.size(0) != 8) return mean(y);
    if (at_validation.empty()) at_validation = weights(model_);
    return mean(log(y * 0 - 1));
  };
  expect_words(message(loss, ones({20, 1}), {.ema_decay = 0.9}), {"validation loss"});
  Generator rng(1);
  Linear twin(1, 1, rng);
  const Loss plain = [&](const Tensor& batch, Generator&) {
    return mean(square(twin.forward(batch) - 3));
  };
  train(twin, ones({20, 1}), plain, {.epochs = 1, .batch = 5, .keep = Keep::last});
  EXPECT_EQ(weights(model_), weights(twin));
  EXPECT_NE(weights(model_), at_validation);
}

TEST_F(NotFinite, ValidationLossIsFollowedToItsOp) {
  const Loss loss = [&](const Tensor& batch, Generator&) {
    const Tensor y = square(model_.forward(batch));
    return mean(batch.size(0) == 8 ? y - exp(1000 + y) : y);  // 8 validation rows
  };
  expect_words(message(loss, ones({20, 1})),
               {"step 3 (epoch 0)", "validation loss", "output of exp [8, 1]"});
}

TEST(Train, RefusesBadOptions) {
  Generator rng(1);
  Linear model(1, 1, rng);
  const Loss loss = [&](const Tensor& batch, Generator&) { return mean(model.forward(batch)); };
  EXPECT_THROW(train(model, ones({4, 1}), loss, {.batch = 0}), Error);
  EXPECT_THROW(train(model, ones({4, 1}), loss, {.train_fraction = 1.5}), Error);
  EXPECT_THROW(train(model, ones({4, 1}), loss, {.ema_decay = 1}), Error);
  EXPECT_THROW(train(model, {}, loss), Error);
}

class TrainResumed : public TemporaryFolder {
 protected:
  // Noisy, decaying, averaged and validated, so that every part of the state matters.
  TrainResult run(Linear& model, const TrainOptions& changes) const {
    const Tensor data = regression_data(73, 0.1);
    const Loss loss = [&](const Tensor& batch, Generator& noise) {
      const Tensor x = slice(batch, 1, 0, 2) + 0.1 * randn({batch.size(0), 2}, noise);
      return mse_loss(model.forward(x), slice(batch, 1, 2));
    };
    TrainOptions options = changes;
    options.epochs = 12;
    options.batch = 10;
    options.lr = 3e-2;
    options.seed = 3;
    options.schedule = [](Index total) { return cosine(total); };
    options.validate_every = 2;
    options.checkpoint_seconds = 0;
    return train(model, data, loss, options);
  }

  // Stopped after `steps` steps, then gone on with from the file by a fresh model.
  std::pair<TrainResult, std::vector<float>> in_two_sittings(Index steps, TrainOptions options) {
    options.checkpoint = path("checkpoint");
    std::filesystem::remove(options.checkpoint);
    TrainOptions first = options;
    first.progress_seconds = 0;
    first.on_progress = [steps](const TrainProgress& p) { return p.step < steps; };
    Generator rng(1);
    Linear interrupted(2, 1, rng);
    EXPECT_TRUE(run(interrupted, first).stopped);
    Generator other(2);  // the checkpoint holds the weights
    Linear model(2, 1, other);
    const TrainResult result = run(model, options);
    return {result, weights(model)};
  }
};

TEST_F(TrainResumed, SameBytesAsUninterrupted) {
  // Steps 15 and 18 lie inside an epoch of 5 and at the end of none validated; 20 ends one that is.
  for (const Keep keep : {Keep::best, Keep::last}) {
    for (const double ema : {0.0, 0.9}) {
      for (const Index steps : {15, 18, 20}) {
        const TrainOptions options{.ema_decay = ema, .keep = keep};
        Generator rng(1);
        Linear model(2, 1, rng);
        const TrainResult whole = run(model, options);
        const auto [resumed, resumed_weights] = in_two_sittings(steps, options);
        EXPECT_EQ(resumed_weights, weights(model)) << steps;
        EXPECT_EQ(resumed.train_curve, whole.train_curve) << steps;
        EXPECT_EQ(resumed.validation_curve, whole.validation_curve) << steps;
        EXPECT_EQ(resumed.validation_loss, whole.validation_loss) << steps;
        EXPECT_EQ(resumed.best_epoch, whole.best_epoch) << steps;
        EXPECT_EQ(resumed.steps, whole.steps) << steps;
        EXPECT_FALSE(resumed.stopped);
      }
    }
  }
}

TEST_F(TrainResumed, RefusesTheCheckpointOfAnotherRun) {
  TrainOptions options{.checkpoint = path("checkpoint")};
  Generator rng(1);
  Linear model(2, 1, rng);
  run(model, options);
  options.train_fraction = 0.5;
  try {
    run(model, options);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("training rows"), std::string::npos) << error.what();
  }
}

TEST_F(TrainResumed, RefusesTheCheckpointOfOtherOptions) {
  const TrainOptions options{.checkpoint = path("checkpoint")};
  Generator rng(1);
  Linear model(2, 1, rng);
  run(model, options);
  TrainOptions decay = options, clip = options, average = options, keep = options;
  decay.weight_decay = 1e-4 + 1e-12;
  clip.clip_norm = 0;
  average.ema_decay = 0.9;
  keep.keep = Keep::last;
  for (const TrainOptions& other : {decay, clip, average, keep}) {
    EXPECT_THROW(run(model, other), Error);
  }
  EXPECT_NO_THROW(run(model, options));
}

TEST_F(TrainResumed, RefusesDamagedResultsAndLeavesTheModel) {
  const TrainOptions options{.checkpoint = path("checkpoint")};
  Generator rng(1);
  Linear model(2, 1, rng);
  run(model, options);
  const Checkpoint good = load_checkpoint(options.checkpoint);
  const auto refused = [&](const Checkpoint& damaged) {
    save_checkpoint(options.checkpoint, damaged);
    Linear fresh(2, 1, rng);
    const std::vector<float> before = weights(fresh);
    try {
      run(fresh, options);
      ADD_FAILURE() << "accepted";
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find(options.checkpoint.string()), std::string::npos)
          << e.what();
    }
    EXPECT_EQ(weights(fresh), before);
  };
  const auto with = [&](const std::string& name, const Tensor& value) {
    Checkpoint damaged = good;
    for (NamedTensor& entry : damaged.parts["result"]) {
      if (entry.name == name) entry.value = value;
    }
    return damaged;
  };
  const double nan = std::nan("");
  refused(with("counts", tensor({12, 60}, DType::f64)));
  refused(with("counts", tensor({nan, 60, 1}, DType::f64)));
  refused(with("counts", tensor({-1, -5, -1}, DType::f64)));
  refused(with("counts", tensor({13, 65, 1}, DType::f64)));
  refused(with("counts", tensor({12, 59, 1}, DType::f64)));
  refused(with("counts", tensor({12, 60, 12}, DType::f64)));
  refused(with("losses", tensor({1, 2}, DType::f64)));
  refused(with("train_curve", zeros({3}, DType::f64)));
  refused(with("seconds", zeros({0}, DType::f64)));
  Checkpoint damaged = good;
  damaged.parts["result"].erase(damaged.parts["result"].begin());
  refused(damaged);
  damaged = good;
  damaged.parts.erase("optimizer");
  refused(damaged);
  damaged = good;
  damaged.parts["best"].pop_back();
  refused(damaged);
  damaged = good;
  damaged.parts.erase("best");
  refused(damaged);
  save_checkpoint(options.checkpoint, good);
  EXPECT_NO_THROW(run(model, options));
}

}  // namespace
}  // namespace ito::nn
