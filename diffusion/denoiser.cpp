#include "diffusion/denoiser.h"

#include <algorithm>
#include <typeinfo>
#include <utility>
#include <vector>

#include "autograd/grad_mode.h"
#include "autograd/ops.h"
#include "autograd/rows.h"
#include "diffusion/answer.h"

namespace ito::diffusion {
namespace {

// m(x; t) of a network that answers with `prediction` in `dtype`.
Tensor ask(const FrozenNetwork& network, const Tensor& x, DType dtype, Prediction prediction,
           const PathPoint& point) {
  NoGrad guard;
  const Tensor value = checked_answer(network(convert(x, dtype)), x, "network_denoiser");
  if (prediction == Prediction::x0) return convert(value, x.dtype());
  // Converted in x's dtype, which may be the wider one.
  return convert_prediction(convert(value, x.dtype()), x, prediction, Prediction::x0, point);
}

// Of one class, and at one place at some time.
void check_one_path(const Schedule& a, const Schedule& b, const char* op) {
  const double t = a.t_min() + 0.25 * std::min(1.0, a.t_max() - a.t_min());
  check(typeid(a) == typeid(b) && a.a(t) == b.a(t) && a.s(t) == b.s(t), op,
        ": the two denoisers follow different paths");
}

class NetworkAt final : public Denoiser {
 public:
  NetworkAt(FrozenNetwork network, SchedulePtr schedule, Prediction prediction, DType dtype,
            double t)
      : network_(std::move(network)),
        schedule_(std::move(schedule)),
        prediction_(prediction),
        dtype_(dtype),
        t_(t) {}
  const Schedule& schedule() const override { return *schedule_; }
  Tensor posterior_mean(const Tensor& x, double t, ChainRange) const override {
    check(t == t_, "network_denoiser: specialised at t = ", t_, ", asked at ", t);
    return ask(network_, x, dtype_, prediction_, schedule_->point(t));
  }

 private:
  FrozenNetwork network_;
  SchedulePtr schedule_;
  Prediction prediction_;
  DType dtype_;
  double t_;
};

}  // namespace

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

double NetworkDenoiser::clock(double t) const {
  return angle_clock_ ? alpha_from_t(t) : t;
}

Tensor NetworkDenoiser::posterior_mean(const Tensor& x, double t, ChainRange) const {
  const FrozenNetwork at_t = [&](const Tensor& input) {
    return network_(input, full({input.size(0)}, clock(t), dtype_));
  };
  return ask(at_t, x, dtype_, prediction_, schedule_->point(t));
}

DenoiserPtr NetworkDenoiser::at(double t) const {
  if (!at_) return nullptr;
  return std::make_shared<NetworkAt>(at_(clock(t)), schedule_, prediction_, dtype_, t);
}

PhaseSwitch::PhaseSwitch(DenoiserPtr before, DenoiserPtr after, double t_switch)
    : before_(std::move(before)), after_(std::move(after)), t_switch_(t_switch) {
  check(before_ && after_, "phase_switch: needs two denoisers");
  check_one_path(before_->schedule(), after_->schedule(), "phase_switch");
}

Tensor PhaseSwitch::posterior_mean(const Tensor& x, double t, ChainRange chains) const {
  return phase(t)->posterior_mean(x, t, chains);
}

MixtureRouting::MixtureRouting(DenoiserPtr first, DenoiserPtr second, double q, std::uint64_t seed)
    : parts_{std::move(first), std::move(second)}, q_(q), seed_(seed) {
  check(parts_[0] && parts_[1], "mixture_routing: needs two denoisers");
  check_one_path(parts_[0]->schedule(), parts_[1]->schedule(), "mixture_routing");
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

DenoiserPtr MixtureRouting::at(double t) const {
  DenoiserPtr parts[2];
  for (int i = 0; i < 2; ++i) parts[i] = parts_[i]->at(t);
  if (!parts[0] && !parts[1]) return nullptr;
  for (int i = 0; i < 2; ++i) {
    if (!parts[i]) parts[i] = parts_[i];
  }
  return std::make_shared<MixtureRouting>(parts[0], parts[1], q_, seed_);
}

}  // namespace ito::diffusion
