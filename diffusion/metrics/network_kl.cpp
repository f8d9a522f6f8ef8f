#include "diffusion/metrics/network_kl.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "autograd/grad_mode.h"
#include "autograd/ops.h"
#include "autograd/parallel.h"
#include "diffusion/quadrature.h"

namespace ito::diffusion {
namespace {

struct TimeNode {
  double t;
  double weight;  // of dt
};

// dt = 2 tan(alpha)/cos^2(alpha) dalpha; panels end at the breaks.
std::vector<TimeNode> quadrature_nodes(const NetworkKlOptions& options) {
  std::vector<double> ends = {0, alpha_from_t(options.t_max)};
  for (double t : options.breaks) {
    if (t > 0 && t < options.t_max) ends.push_back(alpha_from_t(t));
  }
  std::ranges::sort(ends);
  ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
  const auto panels = static_cast<Index>(ends.size()) - 1;
  const GaussLegendre rule((options.nodes + panels - 1) / panels);
  std::vector<TimeNode> nodes;
  for (std::size_t i = 1; i < ends.size(); ++i) {
    const double middle = 0.5 * (ends[i - 1] + ends[i]), half = 0.5 * (ends[i] - ends[i - 1]);
    for (std::size_t j = 0; j < rule.nodes().size(); ++j) {
      const double root = std::tan(middle + half * rule.nodes()[j]);
      const double t = root * root;
      nodes.push_back({t, half * rule.weights()[j] * 2 * root * (1 + t)});
    }
  }
  return nodes;
}

struct Estimate {
  double mean;
  double standard_error;
};

// E||m - m_hat||^2 at y = t x + sqrt(t) z.
Estimate squared_error(const GaussianMixture& law, const Denoiser& m_hat, double t, Index samples,
                       Generator rng) {
  NoGrad guard;
  const Tensor x = law.sample(samples, rng);
  const Tensor y = x * t + randn(x.shape(), rng) * std::sqrt(t);
  const Tensor exact = law.posterior_mean(y, StochasticLocalization().observation(t));
  const DenoiserPtr special = m_hat.at(t);
  const Tensor difference = (special ? *special : m_hat).posterior_mean(y, t, {0, samples}) - exact;
  const auto errors = sum(square(convert(difference, DType::f64)), {-1}).to_vector<double>();
  double mean = 0, squares = 0;
  for (double e : errors) mean += e / static_cast<double>(samples);
  for (double e : errors) squares += (e - mean) * (e - mean);
  const auto count = static_cast<double>(samples);
  return {mean, std::sqrt(squares / (count * (count - 1)))};
}

}  // namespace

NetworkKl kl_network(const GaussianMixture& law, const Denoiser& m_hat,
                     const NetworkKlOptions& options) {
  check_localization(m_hat.schedule(), "kl_network");
  check(options.t_max > 0 && std::isfinite(options.t_max), "kl_network: needs a finite T > 0, got ",
        options.t_max);
  check(options.nodes >= 1 && options.samples >= 2,
        "kl_network: needs at least 1 node and 2 samples, got ", options.nodes, " and ",
        options.samples);
  const std::vector<TimeNode> nodes = quadrature_nodes(options);
  std::vector<Estimate> estimates(nodes.size());
  parallel_for(static_cast<Index>(nodes.size()), [&](Index i) {
    const auto at = static_cast<std::size_t>(i);
    estimates[at] = squared_error(law, m_hat, nodes[at].t, options.samples,
                                  Generator(options.seed, static_cast<std::uint64_t>(i)));
  });
  NetworkKl out;
  const auto n = static_cast<double>(law.dimension());
  double variance = 0;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const double contribution = 0.5 * nodes[i].weight;
    out.kl += contribution * estimates[i].mean;
    variance += std::pow(contribution * estimates[i].standard_error, 2);
    out.t.push_back(nodes[i].t);
    out.error.push_back(estimates[i].mean / n);
    out.error_se.push_back(estimates[i].standard_error / n);
  }
  out.standard_error = std::sqrt(variance);
  return out;
}

}  // namespace ito::diffusion
