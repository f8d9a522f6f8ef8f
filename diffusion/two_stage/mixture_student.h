// The student with K means, for 1/K sum_k N(mu_k, I): gradient descent from a warm start.
#pragma once

#include "autograd/tensor.h"

namespace ito::diffusion {

// m(y; t) = [y + sum_k w_k(y) mu_k]/(1+t), w = softmax_k((<y, mu_k> - t ||mu_k||^2/2)/(1+t)): the
// posterior mean of y = t x + sqrt(t) z for those means. Two means +-mu give TwoModeStudent.
// Differentiable in both arguments.
Tensor mixture_student(const Tensor& y /*[B, n]*/, const Tensor& means /*[K, n]*/, double t);

// || x - m(t x + sqrt(t) z; t) ||^2 of every row, [B].
Tensor mixture_student_losses(const Tensor& means /*[K, n]*/, const Tensor& x /*[B, n]*/,
                              const Tensor& z /*[B, n]*/, double t);

// The loss above its least value, E|| m_means(y) - m_truth(y) ||^2, for means in the plane, by a
// product trapezoidal rule over y. Means that share a plane in n dimensions reduce to this: across
// the plane both posterior means are y/(1+t). Zero at the truth whatever the rule; elsewhere good
// to 1e-9 for modes up to 6 apart at t <= 1, to 5e-8 for 8.
class PlaneMixture {
 public:
  PlaneMixture(const Tensor& truth /*[K, 2], f64*/, double t);
  // Differentiable; 0-dim.
  Tensor excess_loss(const Tensor& means /*[K, 2]*/) const;

 private:
  double t_;
  Tensor y_;        // [M, 2] nodes
  Tensor weights_;  // [M], sum 1
  Tensor target_;   // [M, 2], the exact posterior mean
};

}  // namespace ito::diffusion
