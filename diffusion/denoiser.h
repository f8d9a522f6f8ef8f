// Denoisers: anything that answers m(x; t), the posterior mean of x_0 given x_t = x.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "autograd/tensor.h"
#include "diffusion/distributions/gaussian_mixture.h"
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

  // [B, n] in x's dtype. Row i belongs to chain chains.first + i, and B = chains.count; an answer
  // depends on its own row, t and its chain alone.
  virtual Tensor posterior_mean(const Tensor& x /*[B, n]*/, double t, ChainRange chains) const = 0;
};
using DenoiserPtr = std::shared_ptr<const Denoiser>;

// The exact posterior mean of a mixture under a schedule (by default localization).
class OracleDenoiser final : public Denoiser {
 public:
  explicit OracleDenoiser(GaussianMixture mixture);
  OracleDenoiser(GaussianMixture mixture, std::shared_ptr<const Schedule> schedule);
  Tensor posterior_mean(const Tensor& x, double t, ChainRange chains) const override;

 private:
  GaussianMixture mixture_;
  std::shared_ptr<const Schedule> schedule_;
};

// A network of localization: (y [B, n], alpha [B]) -> posterior mean [B, n], t = tan^2(alpha).
using LocalizationNetwork = std::function<Tensor(const Tensor& y, const Tensor& alpha)>;

// Runs the network in `dtype`, without recording.
class NetworkDenoiser final : public Denoiser {
 public:
  explicit NetworkDenoiser(LocalizationNetwork network, DType dtype = DType::f32);
  Tensor posterior_mean(const Tensor& x, double t, ChainRange chains) const override;

 private:
  LocalizationNetwork network_;
  DType dtype_;
};

// `before` for t < t_switch, `after` from then on.
class PhaseSwitch final : public Denoiser {
 public:
  PhaseSwitch(DenoiserPtr before, DenoiserPtr after, double t_switch);
  Tensor posterior_mean(const Tensor& x, double t, ChainRange chains) const override;

 private:
  DenoiserPtr before_;
  DenoiserPtr after_;
  double t_switch_;
};

// Every chain follows one of two denoisers from start to end: `first` with probability q. Labels
// are drawn independently of x, which is exact hierarchical sampling when q and the denoisers are
// those of the two parts; label(chain) is a pure function of (seed, chain). The parts see their
// rows gathered, so they must not route by chain themselves.
class MixtureRouting final : public Denoiser {
 public:
  MixtureRouting(DenoiserPtr first, DenoiserPtr second, double q, std::uint64_t seed);
  Tensor posterior_mean(const Tensor& x, double t, ChainRange chains) const override;
  int label(Index chain) const;  // 0: first, 1: second

 private:
  DenoiserPtr parts_[2];
  double q_;
  std::uint64_t seed_;
};

}  // namespace ito::diffusion
