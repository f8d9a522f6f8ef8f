#include "nn/sharding.h"

#include <algorithm>
#include <utility>

#include "autograd/grad_mode.h"
#include "autograd/kernels/binary.h"
#include "autograd/ops/convert.h"
#include "autograd/ops/view.h"
#include "autograd/parallel.h"
#include "autograd/transforms.h"

namespace ito::nn {
namespace {

double weight(const Shards& shards, Index k) {
  const Index begin = k * shards.rows, all = shards.batch.size(0);
  return static_cast<double>(std::min(shards.rows, all - begin)) / static_cast<double>(all);
}

// The sum of tensors of one shape, in their order; undefined ones are zero.
Tensor sum_of(const std::vector<Tensor>& terms) {
  std::vector<Tensor> defined;
  for (const Tensor& t : terms) {
    if (t.defined()) defined.push_back(contiguous(t));
  }
  if (defined.size() < 2) return defined.empty() ? Tensor() : defined[0];
  Tensor total = empty(defined[0].shape(), defined[0].dtype());
  visit_floating(total.dtype(), "sharded_backward", [&]<class T>(T) {
    T* to = total.mutable_data<T>();
    parallel_for_pieces(total.numel(), kWorthAThread, [&](Index begin, Index count) {
      std::vector<const T*> from(defined.size());
      for (std::size_t k = 0; k < from.size(); ++k) from[k] = defined[k].data<T>() + begin;
      kernels::add_arrays<T>(from, to + begin, count);
    });
  });
  return total;
}

}  // namespace

Index Shards::count() const {
  check(rows > 0, "Shards: needs rows > 0, got ", rows);
  return (batch.size(0) + rows - 1) / rows;
}

Tensor Shards::batch_of(Index k) const {
  return slice(batch, 0, k * rows, std::min((k + 1) * rows, batch.size(0)));
}

std::vector<double> sharded_backward(const Loss& loss, const Shards& shards,
                                     std::span<const Tensor> parameters) {
  check(shards.accumulate > 0, "Shards: needs accumulate > 0, got ", shards.accumulate);
  const Index count = shards.count();
  const Index sums = (count + shards.accumulate - 1) / shards.accumulate;
  std::vector<double> losses(static_cast<std::size_t>(count));
  std::vector<std::vector<Tensor>> gradients(static_cast<std::size_t>(sums));
  parallel_for(sums, [&](Index s) {
    GradMode record(true);
    std::vector<Tensor>& sum = gradients[static_cast<std::size_t>(s)];
    sum.resize(parameters.size());
    const Index begin = s * shards.accumulate;
    for (Index k = begin; k < std::min(begin + shards.accumulate, count); ++k) {
      Generator rng = shards.rng_of(k);
      const Tensor value = loss(shards.batch_of(k), rng);
      losses[static_cast<std::size_t>(k)] = value.item();
      const Tensor seed = full(value.shape(), weight(shards, k), value.dtype());
      add_vjp({&value, 1}, {&seed, 1}, parameters, sum);
    }
  });
  NoGrad guard;
  std::vector<Tensor> terms(gradients.size());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    for (std::size_t k = 0; k < terms.size(); ++k) terms[k] = std::move(gradients[k][i]);
    Tensor parameter = parameters[i];
    parameter.set_grad(sum_of(terms));
  }
  return losses;
}

double mean_loss(const Shards& shards, std::span<const double> losses) {
  double mean = 0;
  for (std::size_t k = 0; k < losses.size(); ++k) {
    mean += weight(shards, static_cast<Index>(k)) * losses[k];
  }
  return mean;
}

}  // namespace ito::nn
