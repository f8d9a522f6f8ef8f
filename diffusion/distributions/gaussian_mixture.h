// GaussianMixture: the closed-form oracle. K modes w_k N(mu_k, Sigma_k); closed under
// x -> a x + s z, so one class gives the exact marginal of every schedule at every time.
#pragma once

#include <span>
#include <vector>

#include "autograd/random.h"
#include "autograd/tensor.h"
#include "diffusion/distributions/normal_mixture_1d.h"
#include "diffusion/schedule.h"

namespace ito::diffusion {

struct LabelledSamples {
  Tensor x;                   // [count, n]
  std::vector<Index> labels;  // [count], in [0, K)
};

struct MmseEstimate {
  double value = 0;
  double standard_error = 0;  // 0 when exact
};

// Functions of x take f32 or f64 [B, n], answer in x's dtype and are differentiable in x. They are
// stable: log-sum-exp throughout, finite for any separation of the modes and at both ends of a
// path.
class GaussianMixture {
 public:
  // weights [K] positive (normalised here), means [K, n], variances of each coordinate [K, n].
  GaussianMixture(std::vector<double> weights, std::vector<double> means,
                  std::vector<double> variances);
  // Covariance variance_k I.
  static GaussianMixture isotropic(std::vector<double> weights, std::vector<double> means,
                                   std::span<const double> variances /*[K]*/);
  // Symmetric positive definite covariances [K, n, n], kept as U diag(v) U': every marginal of a
  // path then has the same eigenvectors U.
  static GaussianMixture full(std::vector<double> weights, std::vector<double> means,
                              std::span<const double> covariances);

  Index modes() const { return static_cast<Index>(weights_.size()); }
  Index dimension() const { return dimension_; }
  std::span<const double> weights() const { return weights_; }
  std::span<const double> mean(Index mode) const { return row(means_, mode); }
  // Of each coordinate; of each eigenvector, ascending, if a covariance is not diagonal.
  std::span<const double> variance(Index mode) const { return row(variances_, mode); }
  bool axis_aligned() const { return bases_.empty(); }  // every covariance is diagonal
  std::vector<double> covariance(Index mode) const;     // [n, n]
  GaussianMixture component(Index mode) const;          // mode `mode` alone

  LabelledSamples sample_labelled(Index count, Generator& rng, DType dtype = DType::f32) const;
  Tensor sample(Index count, Generator& rng, DType dtype = DType::f32) const;

  Tensor log_density(const Tensor& x /*[B, n]*/) const;       // [B], nats
  Tensor score(const Tensor& x /*[B, n]*/) const;             // [B, n], grad log density
  Tensor responsibilities(const Tensor& x /*[B, n]*/) const;  // [B, K], P(mode | x)

  // The law of a x + s z.
  GaussianMixture marginal(double a, double s) const;

  // E[x_0 | x] and P(mode of x_0 | x) for x = a x_0 + s z. The overloads with an Observation reach
  // the ends of a path, where a = s = 0 (the prior) or s = 0 (x_0 = x / a).
  Tensor posterior_mean(const Tensor& x /*[B, n]*/, double a, double s) const;
  Tensor posterior_mean(const Tensor& x /*[B, n]*/, const Observation& seen) const;
  Tensor posterior_responsibilities(const Tensor& x /*[B, n]*/, const Observation& seen) const;

  // Cov[x_0 | x] v and Cov[x_0 | x], finite wherever the posterior mean is. The matrices take
  // B K n^2 numbers: for small n.
  Tensor posterior_covariance_times(const Tensor& x /*[B, n]*/, const Tensor& v /*[B, n]*/,
                                    const Observation& seen) const;
  Tensor posterior_covariance(const Tensor& x, const Observation& seen) const;  // [B, n, n]

  // E||x_0 - E[x_0|x_t]||^2 = E tr Cov[x_0|x_t]. Exact for one mode, and for two of equal
  // covariance; else the mean of the trace over `samples` draws of x_t.
  MmseEstimate mmse(const Schedule& schedule, double t, Index samples, Generator& rng) const;

  // The law of <x, direction>.
  NormalMixture1d project(std::span<const double> direction /*[n]*/) const;

 private:
  std::span<const double> row(const std::vector<double>& matrix, Index mode) const {
    return std::span(matrix).subspan(static_cast<std::size_t>(mode * dimension_),
                                     static_cast<std::size_t>(dimension_));
  }
  void check_input(const Tensor& x, const char* op) const;
  Tensor mode_log_densities(const Tensor& x) const;  // [B, K], log of w_k N(x; mu_k, Sigma_k)

  // Rows in and out of the eigenbasis of a mode: U' x and U x; x itself if axis-aligned.
  Tensor into_basis(const Tensor& x, Index mode) const;
  Tensor out_of_basis(const Tensor& x, Index mode) const;
  // All modes in their one eigenbasis, for covariances that are equal but not diagonal.
  bool one_rotation() const { return shared_covariance_ && !axis_aligned(); }
  GaussianMixture aligned() const;
  // Modes with eigenbases of their own.
  Tensor score_by_mode(const Tensor& x) const;
  Tensor responsibilities_by_mode(const Tensor& x, const Observation& seen) const;
  Tensor mode_posterior_mean(const Tensor& x, Index mode, const Observation& seen) const;
  std::vector<double> posterior_variance(Index mode, const Observation& seen) const;

  Index dimension_;
  std::vector<double> weights_;
  std::vector<double> means_;        // [K, n]
  std::vector<double> variances_;    // [K, n]
  bool shared_covariance_;           // all Sigma_k equal
  std::vector<Tensor> bases_;        // none, or K of [n, n], f64: eigenvectors as columns
  std::vector<double> eigen_means_;  // [K, n], U_k' mu_k; empty if axis-aligned
};

}  // namespace ito::diffusion
