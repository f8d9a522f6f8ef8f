// Denoisers: anything that answers m(x; t), the posterior mean of x_0 given x_t = x, and with it
// every other prediction of its path.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "autograd/tensor.h"
#include "diffusion/distributions/gaussian_mixture.h"
#include "diffusion/prediction.h"
#include "diffusion/schedule.h"

namespace ito::diffusion {

// Consecutive chains first, ..., first + count - 1 of a sampler: who the rows of a batch are.
struct ChainRange {
  Index first = 0;
  Index count = 0;
};

// Thread-safe: samplers call posterior_mean from several threads.
class Denoiser {
 public:
  virtual ~Denoiser() = default;

  // The path that x_t follows; lives as long as the denoiser.
  virtual const Schedule& schedule() const = 0;

  // [B, n] in x's dtype. Row i belongs to chain chains.first + i, and B = chains.count; an answer
  // depends on its own row, t and its chain alone.
  virtual Tensor posterior_mean(const Tensor& x /*[B, n]*/, double t, ChainRange chains) const = 0;

  // The same answer as score, noise, x0 or velocity.
  Tensor predict(Prediction wanted, const Tensor& x, double t, ChainRange chains) const;
};
using DenoiserPtr = std::shared_ptr<const Denoiser>;

// The exact posterior mean of a mixture under a schedule (by default localization).
class OracleDenoiser final : public Denoiser {
 public:
  explicit OracleDenoiser(GaussianMixture mixture);
  OracleDenoiser(GaussianMixture mixture, SchedulePtr schedule);
  const Schedule& schedule() const override { return *schedule_; }
  Tensor posterior_mean(const Tensor& x, double t, ChainRange chains) const override;

 private:
  GaussianMixture mixture_;
  SchedulePtr schedule_;
};

// A network of localization: (y [B, n], alpha [B]) -> posterior mean [B, n], t = tan^2(alpha).
using LocalizationNetwork = std::function<Tensor(const Tensor& y, const Tensor& alpha)>;

// Runs a network in `dtype`, without recording.
class NetworkDenoiser final : public Denoiser {
 public:
  // Of localization, with the angle for its clock.
  explicit NetworkDenoiser(LocalizationNetwork network, DType dtype = DType::f32);
  // (x, t) -> the prediction, of any path.
  NetworkDenoiser(Network network, SchedulePtr schedule, Prediction prediction,
                  DType dtype = DType::f32);
  const Schedule& schedule() const override { return *schedule_; }
  Tensor posterior_mean(const Tensor& x, double t, ChainRange chains) const override;

 private:
  Network network_;
  SchedulePtr schedule_;
  Prediction prediction_;
  bool angle_clock_;
  DType dtype_;
};

// `before` for t < t_switch, `after` from then on; both of one path.
class PhaseSwitch final : public Denoiser {
 public:
  PhaseSwitch(DenoiserPtr before, DenoiserPtr after, double t_switch);
  const Schedule& schedule() const override { return before_->schedule(); }
  Tensor posterior_mean(const Tensor& x, double t, ChainRange chains) const override;

 private:
  DenoiserPtr before_;
  DenoiserPtr after_;
  double t_switch_;
};

// Every chain follows one of two denoisers from start to end: `first` with probability q. Labels
// are drawn independently of x, which is exact hierarchical sampling when q and the denoisers are
// those of the two parts; label(chain) is a pure function of (seed, chain). The parts see their
// rows gathered, so they must not route by chain themselves. Both are of one path.
class MixtureRouting final : public Denoiser {
 public:
  MixtureRouting(DenoiserPtr first, DenoiserPtr second, double q, std::uint64_t seed);
  const Schedule& schedule() const override { return parts_[0]->schedule(); }
  Tensor posterior_mean(const Tensor& x, double t, ChainRange chains) const override;
  int label(Index chain) const;  // 0: first, 1: second

 private:
  DenoiserPtr parts_[2];
  double q_;
  std::uint64_t seed_;
};

}  // namespace ito::diffusion
