#include "nn/mlp.h"

#include <string>

#include "autograd/ops/binary.h"

namespace ito::nn {

Mlp::Mlp(const std::vector<Index>& sizes, Generator& rng, const MlpOptions& options)
    : activation_(options.activation) {
  check(sizes.size() >= 2, "Mlp: needs at least the sizes of input and output");
  for (std::size_t k = 0; k + 1 < sizes.size(); ++k) {
    layers_.push_back(
        add(std::to_string(k), Linear(sizes[k], sizes[k + 1], rng, {.dtype = options.dtype})));
  }
}

Tensor Mlp::forward(const Tensor& x) const {
  Tensor y = layers_.front().forward(x);
  for (std::size_t k = 1; k < layers_.size(); ++k) {
    y = layers_[k].forward(activate(activation_, y));
  }
  return y;
}

GatedMlp::GatedMlp(Index in, Index hidden, Index out, Generator& rng, const MlpOptions& options)
    : gate_(add("gate", Linear(in, hidden, rng, {.bias = false, .dtype = options.dtype}))),
      value_(add("value", Linear(in, hidden, rng, {.bias = false, .dtype = options.dtype}))),
      out_(add("out", Linear(hidden, out, rng, {.bias = false, .dtype = options.dtype}))),
      activation_(options.activation) {}

Tensor GatedMlp::forward(const Tensor& x) const {
  return out_.forward(activate(activation_, gate_.forward(x)) * value_.forward(x));
}

ResidualMlp::Block::Block(const ResidualMlpOptions& o, Generator& rng)
    : norm(add("norm", LayerNorm(o.width, {.dtype = o.dtype}))),
      first(add("first", Linear(o.width, o.width, rng, {.dtype = o.dtype}))),
      second(add("second", Linear(o.width, o.width, rng, {.init = zero_init, .dtype = o.dtype}))),
      activation(o.activation) {
  if (o.condition > 0) film = add("film", FiLM(o.condition, o.width, rng, o.dtype));
}

Tensor ResidualMlp::Block::forward(const Tensor& h, const Tensor& c) const {
  Tensor x = norm.forward(h);
  if (film) x = film->forward(x, c);
  return h + second.forward(activate(activation, first.forward(x)));
}

ResidualMlp::ResidualMlp(const ResidualMlpOptions& o, Generator& rng)
    : input_(add("input", Linear(o.in, o.width, rng, {.dtype = o.dtype}))),
      norm_(add("norm", LayerNorm(o.width, {.dtype = o.dtype}))),
      output_(add("output", Linear(o.width, o.out, rng, {.dtype = o.dtype}))),
      conditioned_(o.condition > 0) {
  for (Index k = 0; k < o.blocks; ++k) {
    blocks_.push_back(add("block" + std::to_string(k), Block(o, rng)));
  }
}

Tensor ResidualMlp::forward(const Tensor& x, const Tensor& c) const {
  check(c.defined() == conditioned_,
        "ResidualMlp: ", conditioned_ ? "needs a condition" : "was made without a condition");
  Tensor h = input_.forward(x);
  for (const Block& block : blocks_) h = block.forward(h, c);
  return output_.forward(norm_.forward(h));
}

}  // namespace ito::nn
