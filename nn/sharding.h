// Data-parallel gradients: a batch cut into shards that run on all threads.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "autograd/random.h"
#include "autograd/tensor.h"

namespace ito::nn {

// The mean loss of a batch [B, ...], one element. What it draws from rng (times, noise) depends on
// the seed and the step alone.
using Loss = std::function<Tensor(const Tensor& batch, Generator& rng)>;

// Shards of `rows` rows of a batch, the last one possibly smaller.
struct Shards {
  Tensor batch;  // [B, ...]
  Index rows = 0;
  Generator rng;  // of the whole batch
  // So many neighbours are one thread's work: it adds up their gradients as it goes.
  Index accumulate = 1;

  Index count() const;
  Tensor batch_of(Index k) const;
  Generator rng_of(Index k) const { return rng.split(static_cast<std::uint64_t>(k)); }
};

// Leaves in the parameters' grad() the gradient of the batch's mean loss, the mean of the shards'
// weighted by their rows, and returns each shard's loss. The bytes depend on the size of the
// shards, and on how many accumulate, but not on the number of threads. `loss` is called from
// several threads at once and must not change anything they share; a parameter that no shard
// depends on is left without a gradient.
std::vector<double> sharded_backward(const Loss& loss, const Shards& shards,
                                     std::span<const Tensor> parameters);

// The batch's mean loss, given those of its shards.
double mean_loss(const Shards& shards, std::span<const double> losses);

}  // namespace ito::nn
