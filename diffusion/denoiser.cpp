#include "diffusion/denoiser.h"

#include <utility>
#include <vector>

#include "autograd/grad_mode.h"
#include "autograd/ops.h"
#include "diffusion/rows.h"

namespace ito::diffusion {

OracleDenoiser::OracleDenoiser(GaussianMixture mixture)
    : OracleDenoiser(std::move(mixture), std::make_shared<StochasticLocalization>()) {}

OracleDenoiser::OracleDenoiser(GaussianMixture mixture, std::shared_ptr<const Schedule> schedule)
    : mixture_(std::move(mixture)), schedule_(std::move(schedule)) {
  check(schedule_ != nullptr, "oracle_denoiser: needs a schedule");
}

Tensor OracleDenoiser::posterior_mean(const Tensor& x, double t, ChainRange) const {
  return mixture_.posterior_mean(x, schedule_->observation(t));
}

NetworkDenoiser::NetworkDenoiser(LocalizationNetwork network, DType dtype)
    : network_(std::move(network)), dtype_(dtype) {
  check(network_ != nullptr, "network_denoiser: needs a network");
}

Tensor NetworkDenoiser::posterior_mean(const Tensor& x, double t, ChainRange) const {
  NoGrad guard;
  const Tensor alpha = full({x.size(0)}, alpha_from_t(t), dtype_);
  const Tensor estimate = network_(convert(x, dtype_), alpha);
  check(estimate.shape() == x.shape(), "network_denoiser: the network maps ", x.shape(), " to ",
        estimate.shape());
  return convert(estimate, x.dtype());
}

PhaseSwitch::PhaseSwitch(DenoiserPtr before, DenoiserPtr after, double t_switch)
    : before_(std::move(before)), after_(std::move(after)), t_switch_(t_switch) {
  check(before_ && after_, "phase_switch: needs two denoisers");
}

Tensor PhaseSwitch::posterior_mean(const Tensor& x, double t, ChainRange chains) const {
  return (t < t_switch_ ? before_ : after_)->posterior_mean(x, t, chains);
}

MixtureRouting::MixtureRouting(DenoiserPtr first, DenoiserPtr second, double q, std::uint64_t seed)
    : parts_{std::move(first), std::move(second)}, q_(q), seed_(seed) {
  check(parts_[0] && parts_[1], "mixture_routing: needs two denoisers");
  check(q >= 0 && q <= 1, "mixture_routing: q is a probability, got ", q);
}

int MixtureRouting::label(Index chain) const {
  // A stream of its own: the sampler's noise may have the same seed.
  constexpr std::uint64_t kLabels = 0x6c6162656c;
  return Generator(seed_, static_cast<std::uint64_t>(chain)).split(kLabels).uniform() < q_ ? 0 : 1;
}

Tensor MixtureRouting::posterior_mean(const Tensor& x, double t, ChainRange chains) const {
  check(chains.count == x.size(0), "mixture_routing: ", chains.count, " chains for ", x.size(0),
        " rows");
  std::vector<Index> rows[2];
  for (Index i = 0; i < chains.count; ++i) rows[label(chains.first + i)].push_back(i);
  Tensor out = empty(x.shape(), x.dtype());
  for (int part = 0; part < 2; ++part) {
    const auto& own = rows[part];
    if (own.empty()) continue;
    // Chains of one label are not consecutive; parts know their rows by position only.
    const ChainRange range{chains.first, static_cast<Index>(own.size())};
    scatter_rows(parts_[part]->posterior_mean(gather_rows(x, own), t, range), own, out);
  }
  return out;
}

}  // namespace ito::diffusion
