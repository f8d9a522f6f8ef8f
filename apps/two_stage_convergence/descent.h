// Two stages of an iteration on a mean, and what is recorded of them.
#pragma once

#include <functional>
#include <vector>

#include "autograd/random.h"
#include "autograd/shape.h"
#include "autograd/tensor.h"
#include "diffusion/two_stage/student.h"

namespace ito::two_stage {

using Vector = std::vector<double>;
using Step = std::function<Vector(const Vector& mu)>;

// Index k is the state after k steps. mu and -mu are the same mixture, so both measures are to the
// nearer of +-mu*.
struct Trajectory {
  std::vector<double> cosine;
  std::vector<double> error;  // ||mu - mu*||
  Index switched = 0;         // steps of the first stage
  Vector mu;                  // the last state

  Index steps() const { return static_cast<Index>(error.size()) - 1; }
  // Steps of the second stage until the error is at most `level`; -1 if it never is.
  Index second_stage_steps(double level) const;
};

struct Stage {
  Step step;
  Index limit;        // most steps
  double cosine = 2;  // ends the stage when reached,
  double error = -1;  // as does this
};

Trajectory run_stages(Vector mu, const Vector& truth, const Stage& first, const Stage& second);

// truth_norm e_1, and a start of norm 1 at the given cosine to it.
Vector axis_vector(Index d, double norm);
Vector start_at_cosine(Index d, double cosine, Generator& rng);

// mu - rate dL/dmu with the population's gradient, or with that of a fresh batch by autograd.
Step population_step(const diffusion::TwoModeStudent& student, double rate, const Vector& truth);
Step minibatch_step(const diffusion::TwoModeStudent& student, double rate, const Vector& truth,
                    Index batch, Generator& rng);

// `count` rows of 1/2 N(truth, I) + 1/2 N(-truth, I), f64.
Tensor draw_two_modes(const Vector& truth, Index count, Generator& rng);
// The gradient of the mean loss of `count` fresh samples.
Vector minibatch_gradient(const diffusion::TwoModeStudent& student, const Vector& mu,
                          const Vector& truth, Index count, Generator& rng);

}  // namespace ito::two_stage
