#include "diffusion/distributions/gaussian_mixture.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

#include "autograd/grad_mode.h"
#include "autograd/ops.h"
#include "autograd/rows.h"

namespace ito::diffusion {
namespace {

std::size_t at(Index i) {
  return static_cast<std::size_t>(i);
}

std::span<const double> first_row(const std::vector<double>& matrix, Index n) {
  return std::span(matrix).first(at(n));
}

// The largest entry of each row of x [B, K], [B, 1], as a constant.
Tensor row_maximum(const Tensor& x) {
  const Tensor values = contiguous(x.detach());
  const Index rows = x.size(0), columns = x.size(1);
  Tensor out = empty({rows, 1}, x.dtype());
  visit_floating(x.dtype(), "row_maximum", [&](auto zero) {
    using T = decltype(zero);
    const T* in = values.data<T>();
    T* to = out.mutable_data<T>();
    for (Index r = 0; r < rows; ++r)
      to[r] = *std::max_element(in + r * columns, in + (r + 1) * columns);
  });
  return out;
}

// Along the rows of [B, K]; the shift by the maximum cancels in value and in every derivative.
Tensor softmax_rows(const Tensor& logits) {
  const Tensor e = exp(logits - row_maximum(logits));
  return e / sum(e, {-1}, true);
}
Tensor logsumexp_rows(const Tensor& logits) {
  const Tensor shift = row_maximum(logits);
  return squeeze(shift + log(sum(exp(logits - shift), {-1}, true)), 1);
}

}  // namespace

GaussianMixture::GaussianMixture(std::vector<double> weights, std::vector<double> means,
                                 std::vector<double> variances)
    : dimension_(0),
      weights_(std::move(weights)),
      means_(std::move(means)),
      variances_(std::move(variances)),
      shared_covariance_(true) {
  check(!weights_.empty() && !means_.empty() && means_.size() % weights_.size() == 0 &&
            variances_.size() == means_.size(),
        "gaussian_mixture: ", weights_.size(), " weights do not fit ", means_.size(), " means and ",
        variances_.size(), " variances; both are [K, n]");
  dimension_ = static_cast<Index>(means_.size() / weights_.size());
  for (double w : weights_)
    check(w > 0 && std::isfinite(w), "gaussian_mixture: weights are positive, got ", w);
  for (double m : means_) check(std::isfinite(m), "gaussian_mixture: a mean is ", m);
  for (double v : variances_)
    check(v > 0 && std::isfinite(v), "gaussian_mixture: variances are positive, got ", v);
  const double total = std::accumulate(weights_.begin(), weights_.end(), 0.0);
  for (double& w : weights_) w /= total;
  for (Index k = 1; k < modes(); ++k)
    shared_covariance_ &= std::ranges::equal(variance(k), variance(0));
}

GaussianMixture GaussianMixture::isotropic(std::vector<double> weights, std::vector<double> means,
                                           std::span<const double> variances) {
  check(
      !weights.empty() && variances.size() == weights.size() && means.size() % weights.size() == 0,
      "gaussian_mixture: got ", weights.size(), " weights, ", means.size(), " means and ",
      variances.size(), " variances");
  const std::size_t n = means.size() / weights.size();
  std::vector<double> expanded;
  expanded.reserve(means.size());
  for (double v : variances) expanded.insert(expanded.end(), n, v);
  return GaussianMixture(std::move(weights), std::move(means), std::move(expanded));
}

GaussianMixture GaussianMixture::component(Index mode) const {
  check(mode >= 0 && mode < modes(), "component: mode ", mode, " of ", modes());
  const auto mu = mean(mode), var = variance(mode);
  GaussianMixture one({1.0}, {mu.begin(), mu.end()}, {var.begin(), var.end()});
  if (!axis_aligned()) {
    const auto eigen_mean = row(eigen_means_, mode);
    one.bases_ = {bases_[at(mode)]};
    one.eigen_means_.assign(eigen_mean.begin(), eigen_mean.end());
  }
  return one;
}

LabelledSamples GaussianMixture::sample_labelled(Index count, Generator& rng, DType dtype) const {
  check(count >= 0, "sample: count is ", count);
  LabelledSamples out{randn({count, dimension_}, rng, dtype), std::vector<Index>(at(count))};
  std::vector<double> cumulative(weights_.size());
  std::partial_sum(weights_.begin(), weights_.end(), cumulative.begin());
  for (Index& label : out.labels) {
    const auto found = std::upper_bound(cumulative.begin(), cumulative.end() - 1, rng.uniform());
    label = found - cumulative.begin();
  }
  // mu_k + U_k sqrt(v_k) z
  const NoGrad guard;
  std::vector<double> stds(variances_.size());
  std::ranges::transform(variances_, stds.begin(), [](double v) { return std::sqrt(v); });
  if (!axis_aligned()) {
    std::vector<std::vector<Index>> rows(weights_.size());
    for (std::size_t i = 0; i < out.labels.size(); ++i)
      rows[at(out.labels[i])].push_back(static_cast<Index>(i));
    for (Index k = 0; k < modes(); ++k) {
      if (rows[at(k)].empty()) continue;
      const Tensor z = gather_rows(out.x, rows[at(k)]) * from(row(stds, k), {dimension_}, dtype);
      scatter_rows(out_of_basis(z, k) + from(mean(k), {dimension_}, dtype), rows[at(k)], out.x);
    }
    return out;
  }
  visit_floating(dtype, "sample", [&](auto zero) {
    using T = decltype(zero);
    T* x = out.x.mutable_data<T>();
    for (Index label : out.labels) {
      for (Index j = 0; j < dimension_; ++j, ++x) {
        const std::size_t i = at(label * dimension_ + j);
        *x = static_cast<T>(means_[i] + stds[i] * static_cast<double>(*x));
      }
    }
  });
  return out;
}

Tensor GaussianMixture::sample(Index count, Generator& rng, DType dtype) const {
  return sample_labelled(count, rng, dtype).x;
}

void GaussianMixture::check_input(const Tensor& x, const char* op) const {
  check(x.rank() == 2 && x.size(1) == dimension_, op, ": needs x of shape [B, ", dimension_,
        "], got ", x.shape());
  check(is_floating(x.dtype()), op, ": needs a floating dtype, got ", x.dtype());
}

// Differences first: the squares of far modes never cancel each other.
Tensor GaussianMixture::mode_log_densities(const Tensor& x) const {
  std::vector<Tensor> columns;
  columns.reserve(weights_.size());
  for (Index k = 0; k < modes(); ++k) {
    double constant = std::log(weights_[at(k)]);
    std::vector<double> scale;
    scale.reserve(at(dimension_));
    for (double v : variance(k)) {
      constant -= 0.5 * std::log(2 * std::numbers::pi * v);
      scale.push_back(std::sqrt(0.5 / v));
    }
    const Tensor z = into_basis(x - from(mean(k), {dimension_}, x.dtype()), k) *
                     from(scale, {dimension_}, x.dtype());
    columns.push_back(constant - sum(square(z), {-1}));
  }
  return stack(columns, 1);
}

Tensor GaussianMixture::log_density(const Tensor& x) const {
  check_input(x, "log_density");
  return logsumexp_rows(mode_log_densities(x));
}

Tensor GaussianMixture::responsibilities(const Tensor& x) const {
  check_input(x, "responsibilities");
  return softmax_rows(mode_log_densities(x));
}

// sum_k r_k (mu_k - x)/var_k
Tensor GaussianMixture::score(const Tensor& x) const {
  check_input(x, "score");
  if (one_rotation()) return out_of_basis(aligned().score(into_basis(x, 0)), 0);
  if (!axis_aligned()) return score_by_mode(x);
  std::vector<double> precision(variances_.size()), pull(variances_.size());
  for (std::size_t i = 0; i < precision.size(); ++i) {
    precision[i] = 1 / variances_[i];
    pull[i] = means_[i] / variances_[i];
  }
  const Shape shape{modes(), dimension_};
  const Tensor r = softmax_rows(mode_log_densities(x));
  const Tensor stiffness = shared_covariance_
                               ? from(first_row(precision, dimension_), {dimension_}, x.dtype())
                               : matmul(r, from(precision, shape, x.dtype()));
  return matmul(r, from(pull, shape, x.dtype())) - x * stiffness;
}

GaussianMixture GaussianMixture::marginal(double a, double s) const {
  GaussianMixture out(*this);
  for (double& m : out.means_) m *= a;
  for (double& m : out.eigen_means_) m *= a;
  for (double& v : out.variances_) v = a * a * v + s * s;
  check(std::ranges::all_of(out.variances_, [](double v) { return v > 0 && std::isfinite(v); }),
        "marginal: no density at a = ", a, ", s = ", s);
  return out;
}

// With D_k = noise + signal var_k (the variance of x given mode k, in the units of `seen`), and
// D_0, var_0 those of mode 0,
//
//   log P(k | x) = log w_k - 1/2 log(D_k/D_0) + cross <x, mu_k>/D_k
//                  + cross^2 x^2 (var_k - var_0)/(2 D_k D_0) - signal mu_k^2/(2 D_k) + const,
//
// summed over coordinates. Subtracting mode 0's term -x^2/(2 D_0) removes the 1/noise of the
// densities, so every coefficient is finite as long as noise and signal are not both zero.
Tensor GaussianMixture::posterior_responsibilities(const Tensor& x, const Observation& seen) const {
  check_input(x, "posterior_responsibilities");
  if (modes() == 1) return ones({x.size(0), 1}, x.dtype());
  if (one_rotation()) return aligned().posterior_responsibilities(into_basis(x, 0), seen);
  if (!axis_aligned()) return responsibilities_by_mode(x, seen);
  const std::size_t n = at(dimension_);
  std::vector<double> constant(weights_.size()), linear(means_.size()), quadratic;
  if (!shared_covariance_) quadratic.resize(means_.size());
  for (std::size_t k = 0; k < weights_.size(); ++k) {
    constant[k] = std::log(weights_[k]);
    for (std::size_t j = 0; j < n; ++j) {
      const std::size_t i = k * n + j;
      const double d = seen.noise + seen.signal * variances_[i];
      constant[k] -= 0.5 * seen.signal * means_[i] * means_[i] / d;
      linear[i] = seen.cross * means_[i] / d;
      if (shared_covariance_) continue;
      const double d0 = seen.noise + seen.signal * variances_[j];
      constant[k] -= 0.5 * std::log(d / d0);
      quadratic[i] = 0.5 * (seen.cross / d) * (seen.cross / d0) * (variances_[i] - variances_[j]);
    }
  }
  // The common shift keeps the constants small, where the modes lie far from the origin.
  const double shift = constant[0];
  for (double& c : constant) c -= shift;
  const Shape shape{modes(), dimension_};
  Tensor logits =
      ito::linear(x, from(linear, shape, x.dtype()), from(constant, {modes()}, x.dtype()));
  if (!shared_covariance_)
    logits = logits + ito::linear(square(x), from(quadratic, shape, x.dtype()));
  return softmax_rows(logits);
}

// E[x_0 | x, k] = (noise mu_k + cross var_k x)/D_k
Tensor GaussianMixture::posterior_mean(const Tensor& x, const Observation& seen) const {
  check_input(x, "posterior_mean");
  check(seen.noise >= 0 && seen.signal >= 0 && seen.noise + seen.signal > 0,
        "posterior_mean: the observation needs noise >= 0, signal >= 0, not both zero; got ",
        seen.noise, " and ", seen.signal);
  if (one_rotation()) return out_of_basis(aligned().posterior_mean(into_basis(x, 0), seen), 0);
  if (!axis_aligned()) {
    const Tensor r = posterior_responsibilities(x, seen);
    Tensor m;
    for (Index k = 0; k < modes(); ++k) {
      const Tensor term = slice(r, 1, k, k + 1) * mode_posterior_mean(x, k, seen);
      m = m.defined() ? m + term : term;
    }
    return m;
  }
  std::vector<double> offset(means_.size()), slope(means_.size());
  for (std::size_t i = 0; i < means_.size(); ++i) {
    const double d = seen.noise + seen.signal * variances_[i];
    offset[i] = seen.noise * means_[i] / d;
    slope[i] = seen.cross * variances_[i] / d;
  }
  const Shape shape{modes(), dimension_};
  const Tensor r = posterior_responsibilities(x, seen);
  const Tensor gain = shared_covariance_
                          ? from(first_row(slope, dimension_), {dimension_}, x.dtype())
                          : matmul(r, from(slope, shape, x.dtype()));
  return x * gain + matmul(r, from(offset, shape, x.dtype()));
}

Tensor GaussianMixture::posterior_mean(const Tensor& x, double a, double s) const {
  return posterior_mean(x, Observation{s * s, a, a * a});
}

NormalMixture1d GaussianMixture::project(std::span<const double> direction) const {
  check(direction.size() == at(dimension_), "project: needs a direction of ", dimension_,
        " entries, got ", direction.size());
  std::vector<double> means, stds;
  for (Index k = 0; k < modes(); ++k) {
    const std::vector<double> along =
        into_basis(from(direction, {1, dimension_}), k).to_vector<double>();
    double m = 0, v = 0;
    for (std::size_t j = 0; j < direction.size(); ++j) {
      m += direction[j] * mean(k)[j];
      v += along[j] * along[j] * variance(k)[j];
    }
    means.push_back(m);
    stds.push_back(std::sqrt(v));
  }
  return NormalMixture1d(weights_, std::move(means), std::move(stds));
}

}  // namespace ito::diffusion
