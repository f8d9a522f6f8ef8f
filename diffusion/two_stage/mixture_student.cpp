#include "diffusion/two_stage/mixture_student.h"

#include <cmath>
#include <vector>

#include "autograd/error.h"
#include "autograd/grad_mode.h"
#include "autograd/ops.h"

namespace ito::diffusion {

Tensor mixture_student(const Tensor& y, const Tensor& means, double t) {
  check(y.rank() == 2 && means.rank() == 2 && y.size(1) == means.size(1),
        "mixture_student: wants rows [B, n] and means [K, n], got ", y.shape(), " and ",
        means.shape());
  const Tensor logits = matmul(y, transpose(means)) - 0.5 * t * sum(square(means), {1});
  return (y + matmul(softmax(logits / (1 + t)), means)) / (1 + t);
}

Tensor mixture_student_losses(const Tensor& means, const Tensor& x, const Tensor& z, double t) {
  const Tensor y = t * x + std::sqrt(t) * z;
  return sum(square(x - mixture_student(y, means, t)), {1});
}

PlaneMixture::PlaneMixture(const Tensor& truth, double t) : t_(t) {
  check(truth.rank() == 2 && truth.size(1) == 2 && t > 0,
        "plane_mixture: wants means [K, 2] and t > 0, got ", truth.shape(), " and ", t);
  constexpr double kStep = 0.25;
  constexpr int kCount = 26;  // nodes each side: 6.5 standard deviations
  const std::vector<double> means = truth.to_vector<double>();
  const double std = std::sqrt(t * (1 + t));
  std::vector<double> nodes, weights;
  double total = 0;
  for (std::size_t k = 0; k < means.size(); k += 2) {
    for (int i = -kCount; i <= kCount; ++i) {
      for (int j = -kCount; j <= kCount; ++j) {
        const double u = kStep * i, v = kStep * j;
        nodes.push_back(t * means[k] + std * u);
        nodes.push_back(t * means[k + 1] + std * v);
        weights.push_back(std::exp(-0.5 * (u * u + v * v)));
        total += weights.back();
      }
    }
  }
  for (double& weight : weights) weight /= total;
  const NoGrad guard;
  const Index count = static_cast<Index>(weights.size());
  y_ = from(nodes, {count, 2});
  weights_ = from(weights, {count});
  target_ = mixture_student(y_, truth, t);
}

Tensor PlaneMixture::excess_loss(const Tensor& means) const {
  return sum(weights_ * sum(square(mixture_student(y_, means, t_) - target_), {1}));
}

}  // namespace ito::diffusion
