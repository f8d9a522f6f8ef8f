// Denoisers: anything that answers m(x; t), the posterior mean of x_0 given x_t = x, and with it
// every other prediction of its path.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

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

class Denoiser;
using DenoiserPtr = std::shared_ptr<const Denoiser>;

// Thread-safe: samplers call posterior_mean and at from several threads.
class Denoiser {
 public:
  virtual ~Denoiser() = default;

  // The path that x_t follows; lives as long as the denoiser.
  virtual const Schedule& schedule() const = 0;

  // [B, n] in x's dtype. Row i belongs to chain chains.first + i, and B = chains.count; an answer
  // depends on its own row, t and its chain alone.
  virtual Tensor posterior_mean(const Tensor& x /*[B, n]*/, double t, ChainRange chains) const = 0;

  // A denoiser of the one time t: its posterior_mean at t is this one's up to rounding, and
  // cheaper, because what depends on t alone is done here, once, with the parameters of this
  // moment. It shares what it needs and may outlive this. Null if there is nothing to gain.
  virtual DenoiserPtr at(double /*t*/) const { return nullptr; }

  // The same answer as score, noise, x0 or velocity.
  Tensor predict(Prediction wanted, const Tensor& x, double t, ChainRange chains) const;
};

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

// The same at one time: x [B, n] -> [B, n].
using FrozenNetwork = std::function<Tensor(const Tensor& x)>;

// A module, such as nn::TwoLayerDenoiser, that is a Network by its forward(x [B, n], clock [B]).
template <class M>
concept NetworkModule = requires(const M& module, const Tensor& x) {
  { module.forward(x, x) } -> std::convertible_to<Tensor>;
};
// It gains from a clock common to all rows: at(clock) is x -> forward(x, clock).
template <class M>
concept SpecialisesInTime = NetworkModule<M> && requires(const M& module) {
  { module.at(0.0) } -> std::convertible_to<FrozenNetwork>;
};

// Runs a network in `dtype`, without recording. A copy of a module shares its parameters.
class NetworkDenoiser final : public Denoiser {
 public:
  // Of localization, with the angle for its clock.
  explicit NetworkDenoiser(LocalizationNetwork network, DType dtype = DType::f32);
  // (x, t) -> the prediction, of any path.
  NetworkDenoiser(Network network, SchedulePtr schedule, Prediction prediction,
                  DType dtype = DType::f32);
  template <NetworkModule M>
  explicit NetworkDenoiser(M module, DType dtype = DType::f32)
      : NetworkDenoiser(LocalizationNetwork(forward_of(module)), dtype) {
    remember_at(std::move(module));
  }
  template <NetworkModule M>
  NetworkDenoiser(M module, SchedulePtr schedule, Prediction prediction, DType dtype = DType::f32)
      : NetworkDenoiser(Network(forward_of(module)), std::move(schedule), prediction, dtype) {
    remember_at(std::move(module));
  }
  const Schedule& schedule() const override { return *schedule_; }
  Tensor posterior_mean(const Tensor& x, double t, ChainRange chains) const override;
  DenoiserPtr at(double t) const override;

 private:
  template <class M>
  static auto forward_of(const M& module) {
    return [module](const Tensor& x, const Tensor& clock) { return module.forward(x, clock); };
  }
  template <class M>
  void remember_at(M module) {
    if constexpr (SpecialisesInTime<M>) {
      at_ = [module = std::move(module)](double clock) -> FrozenNetwork {
        return module.at(clock);
      };
    }
  }
  double clock(double t) const;

  Network network_;
  std::function<FrozenNetwork(double clock)> at_;  // may be empty
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
  DenoiserPtr at(double t) const override { return phase(t)->at(t); }

 private:
  const DenoiserPtr& phase(double t) const { return t < t_switch_ ? before_ : after_; }

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
  DenoiserPtr at(double t) const override;
  int label(Index chain) const;  // 0: first, 1: second

 private:
  DenoiserPtr parts_[2];
  double q_;
  std::uint64_t seed_;
};

}  // namespace ito::diffusion
