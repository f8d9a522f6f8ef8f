// KL_net: what a learned posterior mean costs along the whole path, computable when m is known.
#pragma once

#include <cstdint>
#include <vector>

#include "autograd/shape.h"
#include "diffusion/denoiser.h"
#include "diffusion/distributions/gaussian_mixture.h"

namespace ito::diffusion {

struct NetworkKlOptions {
  double t_max = 0;      // T; required
  Index nodes = 64;      // Gauss-Legendre nodes in alpha, shared out over the panels
  Index samples = 1000;  // Monte-Carlo samples a node
  std::uint64_t seed = 0;
  std::vector<double> breaks = {};  // times where m_hat jumps: panels end there
};

struct NetworkKl {
  double kl = 0;              // 1/2 int_0^T E||m - m_hat||^2 dt, nats
  double standard_error = 0;  // of the Monte-Carlo part; the quadrature's error is not in it
  std::vector<double> t;      // increasing: the nodes
  std::vector<double> error;  // E||m - m_hat||^2 / n at each
  std::vector<double> error_se;
};

// Girsanov: KL of the true localization of `law` against dY = m_hat dt + dW on [0, T]. x ~ law and
// z are drawn afresh at each node.
//
// For MixtureRouting the path law is a mixture: with part l of the law, of weight p_l, sampled by
// denoiser l with probability q_l, the total is sum_l p_l kl_network(law.component(l), m_hat_l) +
// KL(p || q).
NetworkKl kl_network(const GaussianMixture& law, const Denoiser& m_hat,
                     const NetworkKlOptions& options);

}  // namespace ito::diffusion
