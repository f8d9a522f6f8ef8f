// libtorch's contestant: peer_libtorch DIRECTORY, after peer_ito wrote the inputs there.

#include <cmath>
#include <memory>
#include <numbers>
#include <string>
#include <torch/torch.h>
#include <vector>

#include "benchmarks/peers/protocol.h"

namespace {

namespace fs = std::filesystem;
using torch::Tensor;

constexpr std::int64_t kDimension = 128, kBatch = 50, kChains = 5000, kFrequencies = 21;
constexpr double kAlphaMax = std::numbers::pi / 2 - 0.01;
constexpr double kAlpha = 0.7, kNextAlpha = 0.708;

Tensor read(const fs::path& folder, const std::string& name, torch::IntArrayRef shape) {
  const std::vector<float> values = peers::read_npy(folder / "in" / (name + ".npy"));
  return torch::tensor(values).view(shape).clone();
}

void write(const fs::path& folder, const std::string& name, const Tensor& x) {
  const Tensor flat = x.detach().contiguous();
  peers::write_npy(folder / "libtorch" / (name + ".npy"), flat.data_ptr<float>(),
                   static_cast<std::size_t>(flat.numel()));
}

void load(torch::nn::Module& module, const fs::path& folder) {
  const torch::NoGradGuard guard;
  for (auto& p : module.named_parameters())
    p.value().copy_(read(folder, p.key(), p.value().sizes()));
}

void write_gradients(const fs::path& folder, const torch::nn::Module& module, Tensor loss) {
  loss.backward();
  write(folder, "loss", loss);
  for (const auto& p : module.named_parameters())
    write(folder, "grad." + p.key(), p.value().grad());
}

struct NetworkImpl : torch::nn::Module {
  NetworkImpl(std::int64_t hidden, std::int64_t gates)
      : time(register_module("time", torch::nn::Linear(2 * kFrequencies, gates))),
        input(register_module("input", torch::nn::Linear(kDimension, hidden))),
        output(register_module("output", torch::nn::Linear(gates * hidden, kDimension))) {}

  Tensor gates(const Tensor& alpha) {
    const Tensor angles = alpha.unsqueeze(1) * frequencies;
    return time(torch::cat({angles.cos(), angles.sin()}, 1));
  }
  Tensor forward(const Tensor& y, const Tensor& alpha) {
    const Tensor x1 = torch::tanh(input(y));
    const Tensor g = (gates(alpha).unsqueeze(2) * x1.unsqueeze(1)).flatten(1);
    return output(g) + alpha.cos().square().unsqueeze(1) * y;
  }

  torch::nn::Linear time, input, output;
  Tensor frequencies = torch::arange(kFrequencies, torch::kFloat);
};
TORCH_MODULE(Network);

class Training {
 public:
  Training(const fs::path& folder, std::int64_t hidden, std::int64_t gates)
      : network_(hidden, gates), x0_(read(folder, "x0", {kBatch, kDimension})) {
    load(*network_, folder);
    write_gradients(folder, *network_,
                    loss(read(folder, "alpha", {kBatch}), read(folder, "z", {kBatch, kDimension})));
    optimizer_ = std::make_unique<torch::optim::AdamW>(
        network_->parameters(), torch::optim::AdamWOptions(1e-3).weight_decay(1e-4));
  }

  void operator()() {
    optimizer_->zero_grad();
    loss(torch::rand({kBatch}) * kAlphaMax, torch::randn({kBatch, kDimension})).backward();
    torch::nn::utils::clip_grad_norm_(network_->parameters(), 1.0);
    optimizer_->step();
  }

 private:
  Tensor loss(const Tensor& alpha, const Tensor& z) {
    const Tensor root = alpha.tan().unsqueeze(1);
    return torch::mse_loss(network_(root.square() * x0_ + root * z, alpha), x0_);
  }

  Network network_;
  Tensor x0_;
  std::unique_ptr<torch::optim::AdamW> optimizer_;
};

class Sampling {
 public:
  Sampling(const fs::path& folder, bool contracted)
      : contracted_(contracted), network_(256, 3), y_(read(folder, "y", {kChains, kDimension})) {
    load(*network_, folder);
    y_ = step(y_, read(folder, "z", {kChains, kDimension}));
    write(folder, contracted ? "next_contracted" : "next", y_);
  }
  void operator()() { y_ = step(y_, torch::randn({kChains, kDimension})); }

 private:
  Tensor step(const Tensor& y, const Tensor& z) {
    const c10::InferenceMode guard;
    const double t = std::pow(std::tan(kAlpha), 2), s = std::pow(std::tan(kNextAlpha), 2);
    Tensor m;
    if (contracted_) {
      const Tensor gates = network_->gates(torch::full({1}, kAlpha));
      const Tensor w =
          torch::matmul(gates, network_->output->weight.view({kDimension, 3, 256})).squeeze(1);
      const Tensor x1 = torch::addmm(network_->input->bias, y, network_->input->weight.t()).tanh_();
      m = torch::addmm(network_->output->bias, x1, w.t());
      m.add_(y, std::pow(std::cos(kAlpha), 2));
    } else {
      m = network_(y, torch::full({kChains}, kAlpha));
    }
    return m.mul_(s - t).add_(y).add_(z, std::sqrt((s - t) * (1 + s) / (1 + t)));
  }

  bool contracted_;
  Network network_;
  Tensor y_;
};

class DivergenceLoss {
 public:
  explicit DivergenceLoss(const fs::path& folder) : x_(read(folder, "x", {kBatch, kDimension})) {
    network_->push_back("0", torch::nn::Linear(kDimension, 256));
    network_->push_back("tanh", torch::nn::Tanh());
    network_->push_back("1", torch::nn::Linear(256, kDimension));
    load(*network_, folder);
    x_.requires_grad_();
    write_gradients(folder, *network_, loss());
  }
  void operator()() {
    network_->zero_grad();
    loss().backward();
  }

 private:
  Tensor loss() {
    const Tensor value = network_->forward(x_);
    Tensor divergence = torch::zeros({kBatch});
    for (std::int64_t i = 0; i < kDimension; ++i) {
      const Tensor row = torch::autograd::grad({value.select(1, i).sum()}, {x_}, {}, true, true)[0];
      divergence = divergence + row.select(1, i);
    }
    return (value.square().sum(1) + 2 * divergence).mean();
  }

  torch::nn::Sequential network_;
  Tensor x_;
};

template <class Work, class... Arguments>
void add(peers::Works& works, const fs::path& folder, const std::string& name,
         Arguments... arguments) {
  const auto work = std::make_shared<Work>(folder, arguments...);
  works["libtorch " + name] = {[work] { (*work)(); }};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 || !fs::is_directory(argv[1])) {
    std::cerr << "usage: peer_libtorch EXISTING_DIRECTORY\n";
    return 2;
  }
  const fs::path root = argv[1];
  torch::set_num_threads(1);
  peers::Works works;
  add<Training>(works, root / "train_50_256_3", "train_50_256_3", 256, 3);
  add<Training>(works, root / "train_50_512_6", "train_50_512_6", 512, 6);
  add<Sampling>(works, root / "sampling", "sampling", false);
  add<Sampling>(works, root / "sampling", "sampling_contracted", true);
  add<DivergenceLoss>(works, root / "divergence", "divergence");
  peers::serve(works);
}
