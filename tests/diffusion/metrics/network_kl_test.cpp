#include "diffusion/metrics/network_kl.h"

#include <cmath>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/ops.h"
#include "diffusion/distributions/two_modes.h"
#include "diffusion/schedules/variance_preserving.h"
#include "tests/support/thread_count.h"

namespace ito::diffusion {
namespace {

const TwoModes kLaw = TwoModes::ones(16, 0.7);

// m plus a function of the time and the state.
class Perturbed final : public Denoiser {
 public:
  using Change = std::function<Tensor(const Tensor& x, double t)>;
  explicit Perturbed(Change change) : exact_(kLaw.mixture()), change_(std::move(change)) {}
  const Schedule& schedule() const override { return exact_.schedule(); }
  Tensor posterior_mean(const Tensor& x, double t, ChainRange chains) const override {
    return exact_.posterior_mean(x, t, chains) + change_(x, t);
  }

 private:
  OracleDenoiser exact_;
  Change change_;
};

TEST(NetworkKl, IsZeroForTheExactPosteriorMean) {
  const NetworkKl result =
      kl_network(kLaw.mixture(), OracleDenoiser(kLaw.mixture()), {.t_max = 10, .samples = 10});
  EXPECT_EQ(result.kl, 0);
  EXPECT_EQ(result.standard_error, 0);
  EXPECT_EQ(result.t.size(), 64u);
}

TEST(NetworkKl, OfAConstantErrorIsHalfCSquaredNT) {
  const double c = 0.05, t_max = 99.33;
  const NetworkKl result =
      kl_network(kLaw.mixture(), Perturbed([=](const Tensor&, double) { return scalar(c); }),
                 {.t_max = t_max, .samples = 20});
  const double expected = 0.5 * c * c * 16 * t_max;
  // f32 rounding of m_hat - m relative to c: 2e-6, without bias to first order; the quadrature of
  // dt/dalpha with 64 nodes is exact to rounding.
  EXPECT_NEAR(result.kl, expected, 1e-5 * expected);
  for (double e : result.error) EXPECT_NEAR(e, c * c, 1e-5 * c * c);
  for (std::size_t i = 1; i < result.t.size(); ++i) EXPECT_LT(result.t[i - 1], result.t[i]);
}

TEST(NetworkKl, OfAMultipleOfTheStateHasItsClosedForm) {
  // m_hat - m = e y: E||y||^2 = t^2 (n + p(1-p) ||a||^2) + t n, so KL = e^2/2 (second T^3/3 + n
  // T^2/2).
  const double e = 0.01, t_max = 5, second = 16 + 0.21 * 16;
  const NetworkKl result =
      kl_network(kLaw.mixture(), Perturbed([=](const Tensor& x, double) { return x * e; }),
                 {.t_max = t_max, .nodes = 32, .samples = 4000, .seed = 3});
  const double expected = 0.5 * e * e * (second * std::pow(t_max, 3) / 3 + 16 * t_max * t_max / 2);
  EXPECT_NEAR(result.kl, expected, 4 * result.standard_error);  // 6e-5 a false alarm
  EXPECT_LT(result.standard_error, 0.01 * expected);
}

TEST(NetworkKl, BreaksMakeAJumpExact) {
  // The error switches on at t = 2.
  const Perturbed late([](const Tensor&, double t) { return scalar(t < 2 ? 0.0 : 0.1); });
  const NetworkKlOptions options{.t_max = 10, .samples = 10, .breaks = {2, 50}};
  const double expected = 0.5 * 0.01 * 16 * 8;
  EXPECT_NEAR(kl_network(kLaw.mixture(), late, options).kl, expected, 1e-5 * expected);
}

TEST(NetworkKl, DoesNotDependOnThreads) {
  const Perturbed network([](const Tensor& x, double) { return x * 0.1; });
  const NetworkKlOptions options{.t_max = 10, .samples = 50, .seed = 1};
  const support::ThreadCount one_thread(1);
  const double one = kl_network(kLaw.mixture(), network, options).kl;
  const support::ThreadCount two(2);
  EXPECT_EQ(kl_network(kLaw.mixture(), network, options).kl, one);
}

TEST(NetworkKl, RejectsWhatCannotBeEstimated) {
  const OracleDenoiser exact(kLaw.mixture());
  EXPECT_THROW((void)kl_network(kLaw.mixture(), exact, {}), Error);
  EXPECT_THROW((void)kl_network(kLaw.mixture(), exact, {.t_max = 1, .samples = 1}), Error);
  const OracleDenoiser elsewhere(kLaw.mixture(), std::make_shared<VpLinear>());
  EXPECT_THROW((void)kl_network(kLaw.mixture(), elsewhere, {.t_max = 1}), Error);
}

}  // namespace
}  // namespace ito::diffusion
