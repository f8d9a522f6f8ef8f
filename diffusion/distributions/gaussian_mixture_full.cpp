// GaussianMixture with covariances U diag(v) U', and posterior covariances of all kinds.
#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

#include "autograd/grad_mode.h"
#include "autograd/ops.h"
#include "diffusion/distributions/gaussian_mixture.h"
#include "diffusion/normal_expectation.h"

namespace ito::diffusion {
namespace {

std::size_t at(Index i) {
  return static_cast<std::size_t>(i);
}

// x + term, where an undefined x is zero.
void accumulate(Tensor& x, const Tensor& term) {
  x = x.defined() ? x + term : term;
}

bool is_diagonal(std::span<const double> matrix, Index n) {
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < n; ++j)
      if (i != j && matrix[at(i * n + j)] != 0) return false;
  return true;
}

void check_symmetric(std::span<const double> matrix, Index n) {
  for (Index i = 0; i < n; ++i) {
    check(matrix[at(i * n + i)] > 0, "gaussian_mixture: a variance is ", matrix[at(i * n + i)]);
  }
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < i; ++j) {
      const double upper = matrix[at(j * n + i)], lower = matrix[at(i * n + j)];
      check(std::abs(upper - lower) <=
                1e-10 * std::sqrt(matrix[at(i * n + i)] * matrix[at(j * n + j)]),
            "gaussian_mixture: a covariance is not symmetric: ", lower, " and ", upper, " at (", i,
            ", ", j, ")");
    }
  }
}

Tensor column(const Tensor& x, Index k) {
  return slice(x, 1, k, k + 1);
}

}  // namespace

GaussianMixture GaussianMixture::full(std::vector<double> weights, std::vector<double> means,
                                      std::span<const double> covariances) {
  check(!weights.empty() && !means.empty() && means.size() % weights.size() == 0 &&
            covariances.size() == means.size() * (means.size() / weights.size()),
        "gaussian_mixture: ", weights.size(), " weights do not fit ", means.size(), " means and ",
        covariances.size(), " entries of covariances; they are [K, n] and [K, n, n]");
  const NoGrad guard;
  const auto modes = static_cast<Index>(weights.size());
  const auto n = static_cast<Index>(means.size()) / modes;
  const auto block = [&](Index k) { return covariances.subspan(at(k * n * n), at(n * n)); };
  bool diagonal = true;
  for (Index k = 0; k < modes; ++k) {
    check_symmetric(block(k), n);
    diagonal &= is_diagonal(block(k), n);
  }
  std::vector<double> variances;
  std::vector<Tensor> bases;
  for (Index k = 0; k < modes; ++k) {
    if (diagonal) {
      for (Index j = 0; j < n; ++j) variances.push_back(block(k)[at(j * n + j)]);
    } else if (k > 0 && std::ranges::equal(block(k), block(0))) {
      variances.insert(variances.end(), variances.begin(), variances.begin() + n);
      bases.push_back(bases.front());
    } else {
      const Eigen eigen = eigh(from(block(k), {n, n}));
      const std::vector<double> values = eigen.values.to_vector<double>();
      variances.insert(variances.end(), values.begin(), values.end());
      bases.push_back(eigen.vectors);
    }
  }
  GaussianMixture mixture(std::move(weights), std::move(means), std::move(variances));
  mixture.bases_ = std::move(bases);
  if (mixture.axis_aligned()) return mixture;
  mixture.shared_covariance_ = std::ranges::all_of(
      mixture.bases_, [&](const Tensor& u) { return u.same_as(mixture.bases_.front()); });
  for (Index k = 0; k < modes; ++k) {
    const auto mean = mixture.into_basis(from(mixture.mean(k), {1, n}), k).to_vector<double>();
    mixture.eigen_means_.insert(mixture.eigen_means_.end(), mean.begin(), mean.end());
  }
  return mixture;
}

std::vector<double> GaussianMixture::covariance(Index mode) const {
  check(mode >= 0 && mode < modes(), "covariance: mode ", mode, " of ", modes());
  const NoGrad guard;
  const Tensor v = diagonal_embed(from(variance(mode), {dimension_}));
  return out_of_basis(transpose(out_of_basis(v, mode)), mode).to_vector<double>();
}

Tensor GaussianMixture::into_basis(const Tensor& x, Index mode) const {
  if (axis_aligned()) return x;
  return matmul(x, convert(bases_[at(mode)], x.dtype()));
}
Tensor GaussianMixture::out_of_basis(const Tensor& x, Index mode) const {
  if (axis_aligned()) return x;
  return matmul(x, transpose(convert(bases_[at(mode)], x.dtype())));
}
GaussianMixture GaussianMixture::aligned() const {
  return GaussianMixture(weights_, eigen_means_, variances_);
}

// sum_k r_k Sigma_k^-1 (mu_k - x)
Tensor GaussianMixture::score_by_mode(const Tensor& x) const {
  const Tensor r = softmax(mode_log_densities(x));
  Tensor total;
  for (Index k = 0; k < modes(); ++k) {
    const Tensor pull = into_basis(from(mean(k), {dimension_}, x.dtype()) - x, k) /
                        from(variance(k), {dimension_}, x.dtype());
    accumulate(total, column(r, k) * out_of_basis(pull, k));
  }
  return total;
}

// With C_k = noise I + signal Sigma_k, the covariance of x given mode k in the units of `seen`,
//
//   log P(k | x) = log w_k - 1/2 log det C_k/C_0 + cross mu_k' C_k^-1 x - signal mu_k' C_k^-1
//   mu_k/2
//                  + cross^2 x' C_k^-1 (Sigma_k - Sigma_0) C_0^-1 x/2 + const:
//
// the quadratic form x' C_0^-1 x/2 is added to all modes, which removes the 1/noise.
Tensor GaussianMixture::responsibilities_by_mode(const Tensor& x, const Observation& seen) const {
  const Shape vector{dimension_};
  std::vector<Tensor> logits, pulled;  // pulled: cross C_k^-1 x
  double first_log_det = 0;
  for (Index k = 0; k < modes(); ++k) {
    const auto mu = row(eigen_means_, k), v = variance(k);
    double constant = std::log(weights_[at(k)]), log_det = 0;
    std::vector<double> linear, inverse;
    for (std::size_t j = 0; j < mu.size(); ++j) {
      const double d = seen.noise + seen.signal * v[j];
      log_det += std::log(d);
      constant -= 0.5 * seen.signal * mu[j] * mu[j] / d;
      linear.push_back(seen.cross * mu[j] / d);
      inverse.push_back(seen.cross / d);
    }
    if (k == 0) first_log_det = log_det;
    const Tensor z = into_basis(x, k);
    pulled.push_back(out_of_basis(z * from(inverse, vector, x.dtype()), k));
    Tensor logit = sum(z * from(linear, vector, x.dtype()), {1}) +
                   (constant - 0.5 * (log_det - first_log_det));
    if (k > 0) {
      for (const Index mode : {k, Index{0}}) {
        const Tensor form =
            sum(into_basis(pulled.back(), mode) * from(variance(mode), vector, x.dtype()) *
                    into_basis(pulled.front(), mode),
                {1});
        logit = logit + (mode == k ? 0.5 : -0.5) * form;
      }
    }
    logits.push_back(logit);
  }
  return softmax(stack(logits, 1));
}

std::vector<double> GaussianMixture::posterior_variance(Index mode, const Observation& seen) const {
  std::vector<double> out;
  for (double v : variance(mode)) out.push_back(seen.noise * v / (seen.noise + seen.signal * v));
  return out;
}

Tensor GaussianMixture::mode_posterior_mean(const Tensor& x, Index mode,
                                            const Observation& seen) const {
  const auto mu = axis_aligned() ? mean(mode) : row(eigen_means_, mode), v = variance(mode);
  std::vector<double> offset, slope;
  for (std::size_t j = 0; j < mu.size(); ++j) {
    const double d = seen.noise + seen.signal * v[j];
    offset.push_back(seen.noise * mu[j] / d);
    slope.push_back(seen.cross * v[j] / d);
  }
  const Shape vector{dimension_};
  return out_of_basis(
      from(offset, vector, x.dtype()) + into_basis(x, mode) * from(slope, vector, x.dtype()), mode);
}

// sum_k r_k [ P_k v + (m_k - m) <m_k - m, v> ]
Tensor GaussianMixture::posterior_covariance_times(const Tensor& x, const Tensor& v,
                                                   const Observation& seen) const {
  check_input(x, "posterior_covariance_times");
  check(v.shape() == x.shape() && v.dtype() == x.dtype(), "posterior_covariance_times: x is ",
        x.shape(), ", v ", v.shape());
  const Tensor r = posterior_responsibilities(x, seen), m = posterior_mean(x, seen);
  Tensor total;
  for (Index k = 0; k < modes(); ++k) {
    const Tensor spread = mode_posterior_mean(x, k, seen) - m;
    const Tensor within = out_of_basis(
        into_basis(v, k) * from(posterior_variance(k, seen), {dimension_}, x.dtype()), k);
    accumulate(total, column(r, k) * (within + spread * sum(spread * v, {1}, true)));
  }
  return total;
}

Tensor GaussianMixture::posterior_covariance(const Tensor& x, const Observation& seen) const {
  check_input(x, "posterior_covariance");
  const Tensor r = posterior_responsibilities(x, seen), m = posterior_mean(x, seen);
  Tensor total;
  for (Index k = 0; k < modes(); ++k) {
    const Tensor spread = mode_posterior_mean(x, k, seen) - m;
    const Tensor v = diagonal_embed(from(posterior_variance(k, seen), {dimension_}, x.dtype()));
    const Tensor within = out_of_basis(transpose(out_of_basis(v, k)), k);
    accumulate(total,
               unsqueeze(column(r, k), 2) * (within + unsqueeze(spread, 2) * unsqueeze(spread, 1)));
  }
  return total;
}

// One mode: tr P. Two with one covariance: x tells the modes apart along one line, where the logit
// of mode 0 given x is N(logit w_0 + d^2/2, d^2) in mode 0 and N(logit w_0 - d^2/2, d^2) in mode 1;
// the label adds E[gamma (1 - gamma)] ||m_0 - m_1||^2.
MmseEstimate GaussianMixture::mmse(const Schedule& schedule, double t, Index samples,
                                   Generator& rng) const {
  const Observation seen = schedule.observation(t);
  const auto trace = [&](Index k) {
    double total = 0;
    for (double v : posterior_variance(k, seen)) total += v;
    return total;
  };
  if (modes() == 1) return {trace(0)};
  if (modes() == 2 && shared_covariance_) {
    const std::vector<double>& mu = axis_aligned() ? means_ : eigen_means_;
    double gap = 0, distance = 0;  // ||m_0 - m_1||^2, d^2
    for (std::size_t j = 0, n = at(dimension_); j < n; ++j) {
      const double d = seen.noise + seen.signal * variances_[j], delta = mu[j] - mu[n + j];
      gap += std::pow(seen.noise * delta / d, 2);
      distance += seen.signal * delta * delta / d;
    }
    constexpr double kApart = 6000;  // gamma (1 - gamma) < e^-700 from here on
    if (distance > kApart) return {trace(0)};
    const double prior = std::log(weights_[0] / weights_[1]);
    const auto label_variance = [&](double mean) {
      return normal_expectation(mean, std::sqrt(distance), [](double u) {
        const double sech = 1 / std::cosh(0.5 * u);
        return std::array{0.25 * sech * sech};
      })[0];
    };
    const double v = weights_[0] * label_variance(prior + 0.5 * distance) +
                     weights_[1] * label_variance(prior - 0.5 * distance);
    return {trace(0) + gap * v};
  }
  check(samples >= 2, "mmse: needs at least 2 samples, got ", samples);
  const NoGrad guard;
  const Tensor x0 = sample(samples, rng, DType::f64);
  const Tensor x = schedule.a(t) * x0 + schedule.s(t) * randn(x0.shape(), rng, DType::f64);
  const Tensor r = posterior_responsibilities(x, seen), m = posterior_mean(x, seen);
  Tensor traces;
  for (Index k = 0; k < modes(); ++k) {
    const Tensor spread = sum(square(mode_posterior_mean(x, k, seen) - m), {1});
    accumulate(traces, select(r, 1, k) * (spread + trace(k)));
  }
  return {ito::mean(traces).item(),
          stddev(traces, {0}, {.correction = 1}).item() / std::sqrt(static_cast<double>(samples))};
}

}  // namespace ito::diffusion
