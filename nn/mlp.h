// Multi-layer perceptrons: plain, gated and residual.
#pragma once

#include <optional>
#include <vector>

#include "autograd/random.h"
#include "nn/activation.h"
#include "nn/film.h"
#include "nn/linear.h"
#include "nn/module.h"
#include "nn/norm.h"

namespace ito::nn {

struct MlpOptions {
  Activation activation = Activation::silu;
  DType dtype = DType::f32;
};

// sizes = {in, hidden..., out}: linear layers with the activation between them. Layer k registers
// its parameters under "k.".
class Mlp : public Module {
 public:
  Mlp(const std::vector<Index>& sizes, Generator& rng, const MlpOptions& options = {});

  Tensor forward(const Tensor& x /*[..., in]*/) const;  // [..., out]

 private:
  std::vector<Linear> layers_;
  Activation activation_;
};

// W_out (act(W_gate x) * W_value x), without biases (Shazeer, 2020; silu gives SwiGLU).
class GatedMlp : public Module {
 public:
  GatedMlp(Index in, Index hidden, Index out, Generator& rng, const MlpOptions& options = {});

  Tensor forward(const Tensor& x /*[..., in]*/) const;  // [..., out]

 private:
  Linear gate_, value_, out_;
  Activation activation_;
};

struct ResidualMlpOptions {
  Index in = 0;
  Index width = 256;
  Index out = 0;
  Index blocks = 3;
  Index condition = 0;  // features of the condition, such as a time embedding; 0: none
  Activation activation = Activation::silu;
  DType dtype = DType::f32;
};

// h = W_in x, then in each block h += W_2 act(W_1 FiLM(LayerNorm(h), c)), then W_out LayerNorm(h).
// W_2 is zero at first, so the network starts as a linear map, however deep.
class ResidualMlp : public Module {
 public:
  ResidualMlp(const ResidualMlpOptions& options, Generator& rng);

  // The condition c [B, condition] is given if and only if the options have one.
  Tensor forward(const Tensor& x /*[B, in]*/, const Tensor& c = {}) const;  // [B, out]

 private:
  struct Block : Module {
    Block(const ResidualMlpOptions& options, Generator& rng);
    Tensor forward(const Tensor& h, const Tensor& c) const;

    LayerNorm norm;
    std::optional<FiLM> film;
    Linear first, second;
    Activation activation;
  };

  Linear input_;
  std::vector<Block> blocks_;
  LayerNorm norm_;
  Linear output_;
  bool conditioned_;
};

}  // namespace ito::nn
