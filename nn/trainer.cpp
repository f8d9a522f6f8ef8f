#include "nn/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <utility>

#include "autograd/grad_mode.h"
#include "autograd/ops/convert.h"
#include "autograd/parallel.h"
#include "autograd/rows.h"
#include "nn/finite.h"
#include "nn/io/checkpoint.h"
#include "nn/optim/adam.h"
#include "nn/optim/clip.h"
#include "nn/optim/ema.h"

namespace ito::nn {
namespace {

using Clock = std::chrono::steady_clock;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// What a generator is for is its stream, so that no two uses share numbers.
enum Stream : std::uint64_t { split_stream, shuffle_stream, loss_stream, validation_stream };

Generator generator(std::uint64_t seed, Stream stream, Index at) {
  return Generator(seed, stream).split(static_cast<std::uint64_t>(at));
}

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::span<const Index> piece(const std::vector<Index>& rows, Index at, Index size) {
  const auto begin = static_cast<std::size_t>(at * size);
  return std::span(rows).subspan(begin,
                                 std::min(static_cast<std::size_t>(size), rows.size() - begin));
}

Index pieces(const std::vector<Index>& rows, Index size) {
  return (static_cast<Index>(rows.size()) + size - 1) / size;
}

// A mean of values that each stand for `weight` samples.
struct Mean {
  double sum = 0;
  double weight = 0;
  void add(double value, std::size_t n) {
    sum += value * static_cast<double>(n);
    weight += static_cast<double>(n);
  }
  double value() const { return weight > 0 ? sum / weight : kNan; }
};

// The averages in the place of the parameters, for as long as it lives.
class Averaged {
 public:
  explicit Averaged(std::optional<Ema>& ema) : ema_(ema) {
    if (ema_) ema_->swap();
  }
  ~Averaged() {
    if (ema_) ema_->swap();
  }
  Averaged(const Averaged&) = delete;
  Averaged& operator=(const Averaged&) = delete;

 private:
  std::optional<Ema>& ema_;
};

// One of the lists of numbers in a checkpoint, of `count` numbers, or of any if that is negative.
std::vector<double> numbers_of(const StateDict& state, const std::string& name, Index count) {
  const Tensor* value = find(state, name);
  check(value != nullptr, "it has no ", name);
  check(count < 0 || value->numel() == count, name, " has ", value->numel(), " numbers instead of ",
        count);
  return value->to_vector<double>();
}

// `value` as the whole number from `least` to `most` that it must be.
Index whole_number(const char* name, double value, Index least, Index most) {
  check(value >= static_cast<double>(least) && value <= static_cast<double>(most) &&
            value == std::floor(value),
        "its ", name, " is ", value, ", which is no whole number from ", least, " to ", most);
  return static_cast<Index>(value);
}

class Trainer {
 public:
  Trainer(Module& model, const Tensor& data, const Loss& loss, const TrainOptions& options)
      : model_(model),
        data_(contiguous(data)),
        loss_(loss),
        options_(options),
        split_(random_split(data.size(0), options.train_fraction, options.seed)),
        parameters_(model.parameters()),
        optimizer_(parameters_, {.lr = options.lr, .weight_decay = options.weight_decay}),
        steps_per_epoch_(pieces(split_.train, options.batch)) {
    progress_.total_steps = steps_per_epoch_ * options.epochs;
    progress_.train_loss = progress_.validation_loss = result_.validation_loss =
        result_.best_validation_loss = result_.train_loss = kNan;
    if (options.schedule) schedule_ = options.schedule(progress_.total_steps);
    if (options.ema_decay > 0) {
      ema_.emplace(parameters_, EmaOptions{.decay = options.ema_decay, .warm_up = true});
    }
    order_.resize(split_.train.size());
    permutation_.resize(split_.train.size());
    result_.train_curve.reserve(static_cast<std::size_t>(options.epochs));
    result_.validation_curve.reserve(static_cast<std::size_t>(options.epochs));
  }

  TrainResult run() {
    const bool resumable = !options_.checkpoint.empty();
    if (resumable && std::filesystem::exists(options_.checkpoint)) resume(options_.checkpoint);
    for (Index epoch = epochs_done_; epoch < options_.epochs && !result_.stopped; ++epoch) {
      run_epoch(epoch);
      const bool whole = epochs_done_ == epoch + 1;
      const bool due = seconds_since(saved_) >= options_.checkpoint_seconds;
      if (resumable && whole && (due || result_.stopped)) save();
    }
    // Stopped by the report after an epoch that was not to be validated. After the save: a run that
    // goes on must not see it.
    if (!validated_ && !split_.validation.empty()) validate(progress_.epoch);
    keep_weights();
    result_.steps = progress_.step;
    result_.seconds = seconds();
    return std::move(result_);
  }

 private:
  void run_epoch(Index epoch) {
    progress_.epoch = epoch;
    generator(options_.seed, shuffle_stream, epoch).permutation(permutation_);
    for (std::size_t i = 0; i < order_.size(); ++i) {
      order_[i] = split_.train[static_cast<std::size_t>(permutation_[i])];
    }
    Mean epoch_loss;
    for (Index k = 0; k < steps_per_epoch_ && !result_.stopped; ++k) {
      const std::span<const Index> rows = piece(order_, k, options_.batch);
      const double loss = step(gather_rows(data_, rows));
      epoch_loss.add(loss, rows.size());
      // An average over about one epoch, a plain mean during the first.
      const auto window = static_cast<double>(std::min(progress_.step, steps_per_epoch_));
      progress_.train_loss = progress_.step == 1
                                 ? loss
                                 : progress_.train_loss + (loss - progress_.train_loss) / window;
      const bool last = k + 1 == steps_per_epoch_;
      if (!last) report(false);
    }
    result_.train_loss = epoch_loss.value();
    result_.train_curve.push_back(result_.train_loss);
    const bool last_epoch = epoch + 1 == options_.epochs || result_.stopped;
    // An epoch cut short is done again by the run that goes on.
    if (!result_.stopped) epochs_done_ = epoch + 1;
    if (!split_.validation.empty() &&
        (last_epoch || (epoch + 1) % std::max<Index>(options_.validate_every, 1) == 0)) {
      validate(epoch);
    }
    report(last_epoch);
  }

  double step(const Tensor& batch) {
    progress_.lr = options_.lr * schedule_(progress_.step);
    optimizer_.set_lr(progress_.lr);
    Generator rng = generator(options_.seed, loss_stream, progress_.step);
    optimizer_.zero_grad();
    const bool cut = options_.shard > 0 && batch.size(0) > options_.shard;
    const double value = cut ? shards_backward({batch, options_.shard, rng, options_.accumulate})
                             : backward(batch, rng);
    const double norm = grad_norm(parameters_);
    if (!std::isfinite(norm)) {
      fail_not_finite("gradient norm", norm, describe_non_finite_gradient(model_));
    }
    const double factor = options_.clip_norm > 0 ? clip_factor(norm, options_.clip_norm) : 1;
    optimizer_.step(factor, ema_ ? &*ema_ : nullptr);
    ++progress_.step;
    validated_ = false;
    return value;
  }

  // The loss of a batch; leaves its gradient in the parameters.
  double backward(const Tensor& batch, Generator rng) {
    const Tensor loss = loss_(batch, rng);
    const double value = loss.item();
    if (!std::isfinite(value)) {
      fail_not_finite("loss", value, describe_non_finite(model_, loss, batch));
    }
    loss.backward();
    return value;
  }
  double shards_backward(const Shards& shards) {
    const std::vector<double> losses = sharded_backward(loss_, shards, parameters_);
    const auto bad = std::find_if_not(losses.begin(), losses.end(),
                                      [](double value) { return std::isfinite(value); });
    // Once more by itself, to find the tensor at fault.
    if (bad != losses.end()) {
      const auto k = static_cast<Index>(bad - losses.begin());
      backward(shards.batch_of(k), shards.rng_of(k));
      fail_not_finite("loss", *bad, "none when computed again");
    }
    return mean_loss(shards, losses);
  }

  // With averages, these are validated and, where kept, are what is kept.
  void validate(Index epoch) {
    const Averaged averaged(ema_);
    std::vector<double> losses(
        static_cast<std::size_t>(pieces(split_.validation, kValidationBatch)));
    const auto rows_of = [&](Index k) { return piece(split_.validation, k, kValidationBatch); };
    const auto evaluate = [&](Index k) {
      losses[static_cast<std::size_t>(k)] = validation_loss(gather_rows(data_, rows_of(k)), k);
    };
    const auto count = static_cast<Index>(losses.size());
    if (options_.shard > 0) {
      parallel_for(count, evaluate);
    } else {
      for (Index k = 0; k < count; ++k) evaluate(k);
    }
    Mean mean;
    for (Index k = 0; k < count; ++k) {
      mean.add(losses[static_cast<std::size_t>(k)], rows_of(k).size());
    }
    const double loss = mean.value();
    progress_.validation_loss = result_.validation_loss = loss;
    result_.validation_curve.push_back(loss);
    if (result_.best_epoch < 0 || loss < result_.best_validation_loss) {
      result_.best_validation_loss = loss;
      result_.best_epoch = epoch;
      if (options_.keep == Keep::best) best_ = model_.state_dict();
    }
    validated_ = true;
  }

  double validation_loss(const Tensor& batch, Index at) {
    const auto evaluate = [&](bool record) {
      GradMode mode(record);
      Generator rng = generator(options_.seed, validation_stream, at);
      return loss_(batch, rng);
    };
    const double value = evaluate(false).item();
    if (!std::isfinite(value)) {
      // Once more, recorded, to find the tensor at fault.
      fail_not_finite("validation loss", value, describe_non_finite(model_, evaluate(true), batch));
    }
    return value;
  }

  void keep_weights() {
    if (!best_.empty()) {
      model_.load_state_dict(best_);
      result_.validation_loss = result_.best_validation_loss;
    } else if (ema_) {
      ema_->swap();
    }
  }

  void report(bool now) {
    if (!options_.on_progress) return;
    const Clock::time_point time = Clock::now();
    const double elapsed = std::chrono::duration<double>(time - reported_).count();
    if (!now && elapsed < options_.progress_seconds) return;
    if (elapsed > 0 && progress_.step > reported_step_) {
      progress_.steps_per_second = static_cast<double>(progress_.step - reported_step_) / elapsed;
    }
    reported_ = time;
    reported_step_ = progress_.step;
    if (!options_.on_progress(progress_)) result_.stopped = true;
  }

  double seconds() const { return seconds_before_ + seconds_since(start_); }

  // What a checkpoint must agree with: another run would have another result.
  std::string plan() const {
    std::ostringstream text;
    text.precision(std::numeric_limits<double>::max_digits10);
    text << "seed " << options_.seed << ", " << split_.train.size() << " training rows, "
         << split_.validation.size() << " for validation every " << options_.validate_every
         << " epochs, batches of " << options_.batch << ", " << options_.epochs
         << " epochs, shards of " << options_.shard;
    if (options_.accumulate > 1) text << ", " << options_.accumulate << " to a sum";
    text << ", lr " << options_.lr << ", weight decay " << options_.weight_decay << ", clip norm "
         << options_.clip_norm << ", EMA decay " << options_.ema_decay << ", keeping the "
         << (options_.keep == Keep::best ? "best" : "last") << " weights";
    return text.str();
  }

  static Tensor numbers(const std::vector<double>& values) {
    return from(values, {static_cast<Index>(values.size())});
  }

  // The random numbers are functions of the seed, the epoch and the step, so this is all.
  void save() {
    Checkpoint state{.parts = {{"model", model_.state_dict()},
                               {"optimizer", optimizer_.state_dict()},
                               {"best", best_}},
                     .metadata = {{"plan", plan()}}};
    if (ema_) state.parts["ema"] = ema_->state_dict();
    state.parts["result"] = {
        {"counts", numbers({static_cast<double>(epochs_done_), static_cast<double>(progress_.step),
                            static_cast<double>(result_.best_epoch)})},
        {"losses", numbers({progress_.train_loss, progress_.validation_loss, result_.train_loss,
                            result_.validation_loss, result_.best_validation_loss})},
        {"train_curve", numbers(result_.train_curve)},
        {"validation_curve", numbers(result_.validation_curve)},
        {"seconds", numbers({seconds()})}};
    save_checkpoint(options_.checkpoint, state);
    saved_ = Clock::now();
  }

  void resume(const std::filesystem::path& path) {
    const Checkpoint state = load_checkpoint(path);
    const auto found = state.metadata.find("plan");
    const std::string theirs = found == state.metadata.end() ? "nothing" : found->second;
    check(theirs == plan(), "train: ", path.string(), " was written by a run with ", theirs,
          "; this one has ", plan());
    try {
      restore(state);
    } catch (const Error& e) {
      fail("train: cannot go on from ", path.string(), ": ", e.what());
    }
  }

  // The model last, so that a state that does not fit leaves it as it was.
  void restore(const Checkpoint& state) {
    const StateDict& result = state.part("result");
    const std::vector<double> counts = numbers_of(result, "counts", 3);
    epochs_done_ = whole_number("epoch", counts[0], 0, options_.epochs);
    const Index steps = epochs_done_ * steps_per_epoch_;
    progress_.step = reported_step_ = whole_number("step", counts[1], steps, steps);
    result_.best_epoch = whole_number("best epoch", counts[2], -1, epochs_done_ - 1);
    const std::vector<double> losses = numbers_of(result, "losses", 5);
    progress_.train_loss = losses[0];
    progress_.validation_loss = losses[1];
    result_.train_loss = losses[2];
    result_.validation_loss = losses[3];
    result_.best_validation_loss = losses[4];
    result_.train_curve = numbers_of(result, "train_curve", epochs_done_);
    result_.validation_curve = numbers_of(result, "validation_curve", -1);
    seconds_before_ = numbers_of(result, "seconds", 1)[0];
    if (options_.keep == Keep::best && result_.best_epoch >= 0) {
      best_ = state.part("best");
      load_values(best_, model_.state_dict(), "best");  // to see whether they fit
    }
    optimizer_.load_state_dict(state.part("optimizer"));
    if (ema_) ema_->load_state_dict(state.part("ema"));
    model_.load_state_dict(state.part("model"));
  }

  [[noreturn]] void fail_not_finite(const char* what, double value, const std::string& at) const {
    fail("train: step ", progress_.step, " (epoch ", progress_.epoch, "): the ", what, " is ",
         value, "; first non-finite tensor: ", at);
  }

  static constexpr Index kValidationBatch = 500;

  Module& model_;
  Tensor data_;
  const Loss& loss_;
  const TrainOptions& options_;
  Split split_;
  std::vector<Tensor> parameters_;
  AdamW optimizer_;
  std::optional<Ema> ema_;
  LrSchedule schedule_;
  Index steps_per_epoch_;
  std::vector<Index> permutation_;
  std::vector<Index> order_;  // training rows of this epoch
  StateDict best_;
  TrainProgress progress_;
  TrainResult result_;
  Index epochs_done_ = 0;
  bool validated_ = true;      // no step since the last validation
  double seconds_before_ = 0;  // of the sittings before this one
  Clock::time_point start_ = Clock::now();
  Clock::time_point saved_ = start_;
  Clock::time_point reported_ = start_;
  Index reported_step_ = 0;
};

}  // namespace

Split random_split(Index count, double train_fraction, std::uint64_t seed) {
  check(count > 0, "random_split: no rows");
  check(train_fraction > 0 && train_fraction <= 1,
        "random_split: the fraction must lie in (0, 1], got ", train_fraction);
  std::vector<Index> rows(static_cast<std::size_t>(count));
  generator(seed, split_stream, 0).permutation(rows);
  const Index train = std::clamp<Index>(
      static_cast<Index>(std::llround(train_fraction * static_cast<double>(count))), 1, count);
  const auto middle = rows.begin() + train;
  return {.train = {rows.begin(), middle}, .validation = {middle, rows.end()}};
}

TrainResult train(Module& model, const Tensor& data, const Loss& loss,
                  const TrainOptions& options) {
  check(data.defined() && data.rank() >= 1, "train: needs data [N, ...]");
  check(options.epochs >= 0 && options.batch > 0, "train: needs epochs >= 0 and batch > 0, got ",
        options.epochs, " and ", options.batch);
  check(options.shard >= 0 && options.accumulate > 0,
        "train: needs shard >= 0 and accumulate > 0, got ", options.shard, " and ",
        options.accumulate);
  check(options.lr > 0 && options.clip_norm >= 0, "train: needs lr > 0 and clip_norm >= 0, got ",
        options.lr, " and ", options.clip_norm);
  check(options.ema_decay >= 0 && options.ema_decay < 1,
        "train: ema_decay must lie in [0, 1), got ", options.ema_decay);
  return Trainer(model, data, loss, options).run();
}

}  // namespace ito::nn
