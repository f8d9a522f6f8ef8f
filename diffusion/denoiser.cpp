#include "diffusion/denoiser.h"

#include <utility>
#include <vector>

#include "autograd/grad_mode.h"
#include "autograd/ops.h"
#include "autograd/rows.h"

namespace ito::diffusion {

Tensor Denoiser::predict(Prediction wanted, const Tensor& x, double t, ChainRange chains) const {
  const Tensor m = posterior_mean(x, t, chains);
  return convert_prediction(m, x, Prediction::x0, wanted, schedule().point(t));
}

OracleDenoiser::OracleDenoiser(GaussianMixture mixture)
    : OracleDenoiser(std::move(mixture), std::make_shared<StochasticLocalization>()) {}

OracleDenoiser::OracleDenoiser(GaussianMixture mixture, SchedulePtr schedule)
    : mixture_(std::move(mixture)), schedule_(std::move(schedule)) {
  check(schedule_ != nullptr, "oracle_denoiser: needs a schedule");
}

Tensor OracleDenoiser::posterior_mean(const Tensor& x, double t, ChainRange) const {
  return mixture_.posterior_mean(x, schedule_->observation(t));
}

NetworkDenoiser::NetworkDenoiser(LocalizationNetwork network, DType dtype)
    : NetworkDenoiser(std::move(network), std::make_shared<StochasticLocalization>(),
                      Prediction::x0, dtype) {
  angle_clock_ = true;
}

NetworkDenoiser::NetworkDenoiser(Network network, SchedulePtr schedule, Prediction prediction,
                                 DType dtype)
    : network_(std::move(network)),
      schedule_(std::move(schedule)),
      prediction_(prediction),
      angle_clock_(false),
      dtype_(dtype) {
  check(network_ != nullptr, "network_denoiser: needs a network");
  check(schedule_ != nullptr, "network_denoiser: needs a schedule");
}

Tensor NetworkDenoiser::posterior_mean(const Tensor& x, double t, ChainRange) const {
  NoGrad guard;
  const Tensor input = convert(x, dtype_);
  const Tensor clock = full({x.size(0)}, angle_clock_ ? alpha_from_t(t) : t, dtype_);
  const Tensor value = network_(input, clock);
  check(value.shape() == x.shape(), "network_denoiser: the network maps ", x.shape(), " to ",
        value.shape());
  if (prediction_ == Prediction::x0) return convert(value, x.dtype());
  // Converted in x's dtype, which may be the wider one.
  return convert_prediction(convert(value, x.dtype()), x, prediction_, Prediction::x0,
                            schedule_->point(t));
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
