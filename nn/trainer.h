// train: minibatch training of a module with AdamW.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

#include "autograd/random.h"
#include "autograd/tensor.h"
#include "nn/module.h"
#include "nn/optim/lr_schedule.h"
#include "nn/sharding.h"

namespace ito::nn {

struct TrainProgress {
  Index epoch = 0;  // of this step, from 0
  Index step = 0;   // steps done
  Index total_steps = 0;
  double train_loss = 0;       // running mean over about one epoch
  double validation_loss = 0;  // latest; NaN before the first
  double lr = 0;
  double steps_per_second = 0;
};

enum class Keep {
  best,  // the weights of the epoch with the least validation loss
  last,
};

struct TrainOptions {
  Index epochs = 500;
  Index batch = 50;
  // Batches of more rows are cut into shards of this many, which run on all threads, as do pieces
  // of the validation rows: about 125 rows keep a thread's arrays in its cache. Each shard draws
  // random numbers of its own, so the result depends on the size of the shards, though not on the
  // threads. The loss must then be fit for calls from several threads. 0: no shards.
  Index shard = 0;
  // So many neighbouring shards are one thread's work, which adds up their gradients as it goes:
  // the fewer sums are left to add, the faster, as long as every thread has one.
  Index accumulate = 1;
  double lr = 1e-3;
  double weight_decay = 1e-4;
  double clip_norm = 1;         // 0: no clipping
  double train_fraction = 0.6;  // the rest validates; 1: no validation, and the last weights stay
  std::uint64_t seed = 0;
  std::function<LrSchedule(Index total_steps)> schedule = {};  // empty: constant
  double ema_decay = 0;      // 0: off; else the averages are validated and kept
  Index validate_every = 1;  // epochs
  Keep keep = Keep::best;
  // Called about every progress_seconds, and after the last step; false stops the training.
  std::function<bool(const TrainProgress&)> on_progress = {};
  double progress_seconds = 0.2;
  // If this file is there, training goes on from it and gives the same bytes as a run that was
  // never interrupted; the other arguments must be those of the run that wrote it. Written at the
  // end of an epoch when checkpoint_seconds have passed since the last time or on_progress stops
  // the training there; never removed here.
  std::filesystem::path checkpoint = {};
  double checkpoint_seconds = 30;
};

struct TrainResult {
  double train_loss = 0;            // mean over the last epoch
  double validation_loss = 0;       // of the weights left in the module; NaN without validation
  double best_validation_loss = 0;  // the least seen; NaN without validation
  Index best_epoch = -1;            // the epoch it followed; -1 without validation
  std::vector<double> train_curve;  // mean loss of every epoch
  std::vector<double> validation_curve;  // after every validate_every epochs, and at the end
  Index steps = 0;
  double seconds = 0;    // of all the sittings of a resumed run, up to their last checkpoints
  bool stopped = false;  // by on_progress
};

// Rows of a data set, split at random; disjoint, and each in random order.
struct Split {
  std::vector<Index> train;
  std::vector<Index> validation;
};
// round(fraction count) rows train, at least one.
Split random_split(Index count, double train_fraction, std::uint64_t seed);

// Trains every parameter of `model` on minibatches of rows of `data` [N, ...], reshuffled each
// epoch, the last one of an epoch possibly smaller. The result depends on the arguments alone, not
// on threads. The loss is evaluated on validation rows with the same random numbers every time.
//
// Throws Error for a checkpoint that is damaged or of another run, which leaves the module as it
// was, and when the loss or the gradient is not finite, naming the step and the first tensor at
// fault; the module then holds the weights of that step.
TrainResult train(Module& model, const Tensor& data, const Loss& loss,
                  const TrainOptions& options = {});

}  // namespace ito::nn
