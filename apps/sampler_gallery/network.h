// The network of the gallery, and the two ways of making a prediction of it.
#pragma once

#include <memory>

#include "diffusion/prediction.h"
#include "nn/mlp.h"
#include "nn/time_embedding.h"

namespace ito::gallery {

inline constexpr Index kFewDimensions = 8;

// F(x, angle): x beside Fourier features of the angle of the path, tan(angle) = s/a, which unlike t
// itself tells low noise levels apart, and in few dimensions of x too, without which thin shapes
// take far longer to learn; three hidden layers.
class ScoreNetwork : public nn::Module {
 public:
  ScoreNetwork(Index n, Index hidden, Generator& rng);
  Tensor forward(const Tensor& x /*[B, n]*/, const Tensor& angle /*[B]*/) const;

 private:
  static constexpr Index kWaves = 4;  // wavelengths from 4.2 down to 1

  nn::FourierTimeEmbedding embedding_;
  Index waves_;
  nn::Mlp mlp_;
};
using ScoreNetworkPtr = std::shared_ptr<const ScoreNetwork>;

// The noise s x of data N(0, I), or its velocity 0, plus what F adds: hidden layers narrower than
// the data still let the noise through. For schedules with a^2 + s^2 = 1.
diffusion::Network with_skip(ScoreNetworkPtr f, diffusion::Prediction prediction,
                             diffusion::SchedulePtr schedule);

// The x0 that F gives with Karras' preconditioning. F sees x/d and the angle, which are the same on
// every schedule, so that a network trained on one of them serves on all.
diffusion::Network preconditioned(ScoreNetworkPtr f, diffusion::SchedulePtr schedule,
                                  double sigma_data);

}  // namespace ito::gallery
