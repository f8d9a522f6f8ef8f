// The examples of docs/diffusion.md, run; and a test that they are the same code.
#include <cmath>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/grad_mode.h"
#include "autograd/ops.h"
#include "diffusion/denoiser.h"
#include "diffusion/distributions/targets.h"
#include "diffusion/divergence.h"
#include "diffusion/grid.h"
#include "diffusion/likelihood.h"
#include "diffusion/losses/path.h"
#include "diffusion/losses/score_matching.h"
#include "diffusion/preconditioning.h"
#include "diffusion/samplers/ancestral.h"
#include "diffusion/samplers/sampler.h"
#include "diffusion/schedules/variance_preserving.h"
#include "nn/mlp.h"
#include "nn/optim/adam.h"
#include "tests/support/documents.h"

namespace ito::diffusion {
namespace {

TEST(DocsExamples, OracleAndTransfer) {
  Generator rng(1);
  const GaussianMixture law = eight_modes();
  const auto vp = std::make_shared<VpLinear>();
  const PathPoint p = vp->point(0.3);
  const GaussianMixture marginal = law.marginal(p.a, p.s);  // the law of x_0.3
  const Tensor x = marginal.sample(100, rng);
  const Tensor score = marginal.score(x);
  const Tensor x0 = convert_prediction(score, x, Prediction::score, Prediction::x0, p);

  const Transfer there = transfer(*vp, 0.3, StochasticLocalization());
  const Tensor y = there.scale * x;  // y_t of localization at t = there.t

  // f32 rounding of values near 3, over a(0.3) = 0.6.
  EXPECT_LT(max(abs(x0 - law.posterior_mean(x, p.a, p.s))).item(), 1e-5);
  const Tensor same = law.posterior_mean(y, StochasticLocalization().observation(there.t));
  EXPECT_LT(max(abs(x0 - same)).item(), 1e-5);
}

TEST(DocsExamples, Training) {
  Generator rng(2);
  const GaussianMixture law = eight_modes();
  const auto vp = std::make_shared<VpLinear>();
  constexpr int steps = 1000;
  nn::Mlp mlp({3, 64, 64, 2}, rng);
  const Network inner = [&](const Tensor& x, const Tensor& c_noise) {
    return mlp.forward(concatenate({x, unsqueeze(c_noise, 1)}, 1));
  };
  const Network network = precondition(inner, vp, 1.4);  // eight modes: radius 2 = 1.4 sqrt(2)
  nn::AdamW optimizer(mlp.parameters(), {.lr = 3e-3});
  const TimeLaw law_of_t = uniform_log_snr(vp, 1e-3, 1);
  for (int step = 0; step < steps; ++step) {
    const Tensor batch = law.sample(256, rng);
    const Tensor loss = path_loss(network, Prediction::x0, *vp, law_of_t, batch, rng,
                                  {.weighting = Weighting::edm, .weights = {.sigma_data = 1.4}});
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  }

  // The error where the modes part, against the exact one and that of the best linear estimate,
  // which is the network with a vanishing inner part. Common draws.
  const NoGrad guard;
  const double t = 0.25;
  const PathPoint p = vp->point(t);
  const Tensor x0 = law.sample(4000, rng), x = p.a * x0 + p.s * randn(x0.shape(), rng);
  const auto error = [&](const Tensor& m) { return mean(square(m - x0)).item(); };
  const double exact = error(law.posterior_mean(x, p.a, p.s));
  const double learned = error(network(x, full({4000}, t)));
  const double best_linear = error(preconditioning(p, 1.4).c_skip * x);
  EXPECT_GE(learned, exact - 1e-3);
  EXPECT_LT(learned - exact, 0.5 * (best_linear - exact));
}

TEST(DocsExamples, Sampling) {
  const GaussianMixture law = eight_modes();
  const auto vp = std::make_shared<VpLinear>();
  const OracleDenoiser exact(law, vp);
  const Grid grid = uniform_log_snr(41, *vp, 1, 1e-3);  // from noise to data
  const SampleResult drawn =
      sample(exact, Ancestral(), grid, {.chains = 1000, .dimension = 2, .seed = 1});
  EXPECT_EQ(drawn.diverged_count, 0);
  // E||x||^2 = 4 + 2 * 0.04; ||x||^2 has a standard deviation of 0.8, and 40 steps a bias below
  // 0.1.
  EXPECT_NEAR(mean(sum(square(drawn.samples), {1})).item(), 4.08, 0.2);
}

TEST(DocsExamples, DivergenceAndImplicitScoreMatching) {
  Generator rng(3);
  const GaussianMixture law = eight_modes();
  const Tensor x = law.sample(10, rng, DType::f64);
  const Function f = [&](const Tensor& at) { return law.marginal(1, 0.5).score(at); };
  const Divergence exactly = divergence(f, x);  // by the product of f's layers, if it is one
  const Divergence estimated =
      divergence(f, x, {.method = DivergenceMethod::hutchinson, .probes = 16, .rng = &rng});
  const Tensor loss = implicit_score_matching(f, x);  // differentiable in f's parameters
  const auto gap = (exactly.divergence - estimated.divergence).to_vector<double>();
  const auto se = estimated.standard_error.to_vector<double>();
  for (std::size_t i = 0; i < gap.size(); ++i) EXPECT_LT(std::abs(gap[i]), 5 * se[i] + 1e-12);
  EXPECT_NEAR(loss.item(), mean(sum(square(f(x)), {1}) + 2.0 * exactly.divergence).item(), 1e-12);
}

TEST(DocsExamples, LikelihoodOfTheOracle) {
  Generator rng(4);
  const GaussianMixture law = eight_modes();
  const auto vp = std::make_shared<VpLinear>();
  const Tensor x = law.sample(5, rng, DType::f64);
  const Network score = [&](const Tensor& at, const Tensor& t) {
    const PathPoint p = vp->point(t.to_vector<double>()[0]);  // one time for all rows
    return law.marginal(p.a, p.s).score(at);
  };
  const Likelihood l = log_likelihood(score, Prediction::score, *vp, x, 1e-5, 1);
  // s^2 = 1e-6 moves the density by 1e-6/0.04 a coordinate; a(1) = 0.0066 leaves 4e-4 of the modes.
  EXPECT_LT(max(abs(l.log_density - law.log_density(x))).item(), 1e-3);
}

std::string without_spaces(const std::string& text) {
  std::string out;
  for (char c : text)
    if (c != ' ' && c != '\n') out += c;
  return out;
}

TEST(DocsExamples, AreTheCodeOfThePage) {
  const std::filesystem::path here(__FILE__);
  const std::string code = without_spaces(support::read(here));
  const std::filesystem::path root = here.parent_path().parent_path().parent_path();
  const std::vector<std::string> blocks =
      support::code_blocks(support::read(root / "docs" / "diffusion.md"));
  for (const std::string& block : blocks) {
    EXPECT_NE(code.find(without_spaces(block)), std::string::npos) << block;
  }
  EXPECT_EQ(blocks.size(), 5u);
}

}  // namespace
}  // namespace ito::diffusion
