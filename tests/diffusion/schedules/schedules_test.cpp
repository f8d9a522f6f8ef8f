// What every schedule owes its users, over all of them.
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/ops.h"
#include "diffusion/schedules/ddpm.h"
#include "diffusion/schedules/ornstein_uhlenbeck.h"
#include "diffusion/schedules/variance_exploding.h"
#include "diffusion/schedules/variance_preserving.h"

namespace ito::diffusion {
namespace {

struct Named {
  std::string name;
  SchedulePtr schedule;
  double from, to;  // times to test, inside the path and off the kinks of the chains
};

std::vector<Named> schedules() {
  return {{"ou", std::make_shared<OrnsteinUhlenbeck>(), 0.01, 4.9},
          {"ou_sigma", std::make_shared<OrnsteinUhlenbeck>(0.7, 3), 0.01, 2.9},
          {"vp_linear", std::make_shared<VpLinear>(), 0.01, 0.99},
          {"vp_cosine", std::make_shared<VpCosine>(), 0.01, 0.99},
          {"sub_vp", std::make_shared<SubVp>(), 0.01, 0.99},
          {"ve", std::make_shared<VarianceExploding>(), 0.01, 0.99},
          {"ddpm_linear", std::make_shared<Ddpm>(Ddpm::linear()), 9.7, 990.4},
          {"ddpm_cosine", std::make_shared<Ddpm>(Ddpm::cosine(50)), 0.7, 48.3},
          {"localization", std::make_shared<StochasticLocalization>(), 0.01, 90}};
}

std::vector<double> times(const Named& n) {
  std::vector<double> out;
  for (int i = 0; i <= 10; ++i) out.push_back(n.from + (n.to - n.from) * (0.1 * i));
  return out;
}

TEST(Schedules, DerivativesAreThoseOfThePath) {
  for (const Named& n : schedules()) {
    for (double t : times(n)) {
      const double h = 1e-5 * t;
      const Schedule& path = *n.schedule;
      // Central differences: truncation h^2/6 f''' and rounding 1e-16 f/h, about 1e-8 of the scale
      // of f'/t; the chains' kinks are further than h.
      const double a = (path.a(t + h) - path.a(t - h)) / (2 * h);
      const double s = (path.s(t + h) - path.s(t - h)) / (2 * h);
      const double lambda = (path.log_snr(t + h) - path.log_snr(t - h)) / (2 * h);
      EXPECT_NEAR(path.a_derivative(t), a, 1e-7 * (std::abs(a) + path.a(t) / t)) << n.name << t;
      EXPECT_NEAR(path.s_derivative(t), s, 1e-7 * (std::abs(s) + path.s(t) / t)) << n.name << t;
      EXPECT_NEAR(path.log_snr_derivative(t), lambda, 1e-6 * (std::abs(lambda) + 1 / t))
          << n.name << t;
    }
  }
}

// f = a'/a and g2 = (s^2)' - 2 f s^2 keep the law of x_t: mean a' = f a, variance
// (s^2)' = 2 f s^2 + g2, also where a schedule has closed forms of its own.
TEST(Schedules, DriftAndDiffusionReproduceThePath) {
  for (const Named& n : schedules()) {
    const Schedule& path = *n.schedule;
    for (double t : times(n)) {
      const double s = path.s(t), rate = 2 * s * path.s_derivative(t);
      EXPECT_NEAR(path.f(t) * path.a(t), path.a_derivative(t),
                  1e-13 * (1 + std::abs(path.a_derivative(t))))
          << n.name << t;
      const double magnitude = std::abs(rate) + std::abs(2 * path.f(t) * s * s);
      EXPECT_NEAR(path.g2(t) + 2 * path.f(t) * s * s, rate, 1e-12 * magnitude) << n.name << t;
      EXPECT_EQ(path.g2(t) < 0, path.signal_grows()) << n.name;
    }
  }
}

TEST(Schedules, LogSnrIsThatOfThePathAndInverts) {
  for (const Named& n : schedules()) {
    const Schedule& path = *n.schedule;
    for (double t : times(n)) {
      const double lambda = path.log_snr(t);
      // The naive formula loses digits where a is near 1: s^2 to about 1e-16/s^2.
      EXPECT_NEAR(lambda, 2 * std::log(path.a(t) / path.s(t)), 1e-11) << n.name << t;
      // t inherits the rounding of lambda, 1e-16 |lambda|/|lambda'|; |lambda' t| is about 1 or
      // more.
      EXPECT_NEAR(path.t_from_log_snr(lambda), t, 1e-11 * t) << n.name << t;
      EXPECT_NEAR(path.Schedule::log_snr(t), lambda, 1e-11) << n.name;
      if (std::isinf(path.t_max())) continue;
      EXPECT_NEAR(path.Schedule::t_from_log_snr(lambda), t, 1e-11 * t) << n.name;
    }
  }
}

TEST(Schedules, EndsAreWhatTheyAreCalled) {
  for (const Named& n : schedules()) {
    const Schedule& path = *n.schedule;
    EXPECT_LT(path.log_snr(path.noise_end()), path.log_snr(path.data_end())) << n.name;
    EXPECT_TRUE(std::isfinite(path.prior_std())) << n.name;
    // The prior is the law at the noise end, up to the signal left there: s^2 = 1 - a^2, and
    // (1 - a^2)^2 for sub-VP.
    const double s = path.s(path.noise_end()), a = path.a(path.noise_end());
    EXPECT_NEAR(path.prior_std() * path.prior_std(), s * s, 2 * a * a + 1e-15) << n.name;
  }
  EXPECT_EQ(StochasticLocalization().noise_end(), 0);
  EXPECT_EQ(VpLinear().noise_end(), 1);
}

TEST(Schedules, OneGaussianFollowsTheFlowOfEverySchedule) {
  // Under the flow, a point of N(0, a^2 v + s^2) keeps its quantile: x/std is constant. So is
  // checked the sign of every drift, in both directions of time.
  const double v = 0.3;
  for (const Named& n : schedules()) {
    const Schedule& path = *n.schedule;
    const auto variance = [&](double t) {
      return std::pow(path.a(t), 2) * v + std::pow(path.s(t), 2);
    };
    for (double t : times(n)) {
      const Tensor x = full({1, 1}, 1.7, DType::f64);
      const Tensor score = x * (-1 / variance(t));
      const double h = 1e-5 * t;
      const double rate = (std::log(variance(t + h)) - std::log(variance(t - h))) / (4 * h);
      EXPECT_NEAR(path.flow_drift(x, score, t).item(), 1.7 * rate,
                  1e-6 * (std::abs(rate) + std::abs(path.f(t)) + 1 / t))
          << n.name << t;
      // Reverse and forward drifts differ by g2 score, the flow lies between.
      const double forward = path.forward_drift(x, t).item();
      const double reverse = path.reverse_drift(x, score, t).item();
      EXPECT_NEAR(0.5 * (forward + reverse), path.flow_drift(x, score, t).item(),
                  1e-13 * (std::abs(forward) + std::abs(reverse)));
    }
  }
}

TEST(Schedules, TransferMatchesLogSnrAndLaw) {
  for (const Named& from : schedules()) {
    for (const Named& to : schedules()) {
      for (double t : times(from)) {
        const double lambda = from.schedule->log_snr(t);
        const double low = to.schedule->log_snr(to.from), high = to.schedule->log_snr(to.to);
        if (lambda < std::min(low, high) || lambda > std::max(low, high)) continue;
        const Transfer match = transfer(*from.schedule, t, *to.schedule);
        // Both laws N(a x_0, s^2): the scale maps one on the other. 1e-10: log-SNRs up to 20
        // rounded in t, and back.
        EXPECT_NEAR(match.scale * from.schedule->a(t) / to.schedule->a(match.t), 1, 1e-9)
            << from.name << to.name << t;
        EXPECT_NEAR(match.scale * from.schedule->s(t) / to.schedule->s(match.t), 1, 1e-9)
            << from.name << to.name << t;
        const Transfer back = transfer(*to.schedule, match.t, *from.schedule);
        EXPECT_NEAR(back.t, t, 1e-9 * t) << from.name << to.name;
        EXPECT_NEAR(back.scale * match.scale, 1, 1e-9) << from.name << to.name;
      }
    }
  }
}

TEST(Schedules, LocalizationIsOrnsteinUhlenbeckInDisguise) {
  const OrnsteinUhlenbeck ou;
  for (double t : {0.001, 0.4, 7.0, 300.0}) {
    const Transfer match = transfer(StochasticLocalization(), t, ou);
    EXPECT_NEAR(match.t, tau_from_t(t), 1e-14 * (1 + match.t));
    EXPECT_NEAR(1 / match.scale, std::sqrt(t * (t + 1)), 1e-13 * (1 + t));
  }
}

TEST(Schedules, TransferRefusesLogSnrsOutOfReach) {
  EXPECT_THROW((void)transfer(VpLinear(), 1, VarianceExploding(0.01, 2)), Error);
  EXPECT_THROW((void)transfer(OrnsteinUhlenbeck(), 0, StochasticLocalization()), Error);
}

TEST(Ddpm, LinearChainIsThePapers) {
  const Ddpm chain = Ddpm::linear(1000);
  EXPECT_NEAR(chain.beta(1), 1e-4, 1e-16);
  EXPECT_NEAR(chain.beta(1000), 0.02, 1e-15);
  double product = 1;
  for (Index i = 1; i <= 1000; ++i) {
    product *= 1 - chain.beta(i);
    EXPECT_NEAR(chain.alpha_bar(i), product, 1e-12 * product);
    EXPECT_NEAR(std::pow(chain.a(static_cast<double>(i)), 2), product, 1e-12 * product);
  }
  // sum of log(1 - beta) about -10.1: alphabar_N = 4.04e-5, as published.
  EXPECT_NEAR(chain.alpha_bar(1000), 4.04e-5, 0.01e-5);
}

TEST(Ddpm, CosineChainCapsItsLastStep) {
  const Ddpm chain = Ddpm::cosine(100);
  EXPECT_NEAR(chain.beta(100), 0.999, 1e-15);
  const VpCosine path;
  for (Index i : {1, 50, 98}) {
    const double a = path.a(static_cast<double>(i) / 100);
    EXPECT_NEAR(chain.alpha_bar(i), a * a, 1e-13);
  }
  EXPECT_THROW((void)chain.beta(0), Error);
  EXPECT_THROW((void)chain.alpha_bar(101), Error);
  EXPECT_THROW(Ddpm({0.1, 1.0}), Error);
}

}  // namespace
}  // namespace ito::diffusion
