// Ito's contestant, which also writes the inputs of all: peer_ito DIRECTORY.

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "autograd/grad_mode.h"
#include "autograd/ops.h"
#include "autograd/parallel.h"
#include "benchmarks/case_study_step.h"
#include "benchmarks/peers/protocol.h"
#include "diffusion/grid.h"
#include "diffusion/losses/score_matching.h"
#include "diffusion/samplers/localization.h"
#include "nn/mlp.h"
#include "nn/two_layer_denoiser.h"

namespace {

using namespace ito;
namespace fs = std::filesystem;

constexpr Index kDimension = 128, kBatch = 50, kChains = 5000;
constexpr double kAlpha = 0.7, kNextAlpha = 0.708;  // of the sampling step

void write(const fs::path& folder, const std::string& name, const Tensor& x) {
  const Tensor flat = contiguous(x.detach());
  peers::write_npy(folder / (name + ".npy"), flat.data<float>(),
                   static_cast<std::size_t>(flat.numel()));
}

// Writes the parameters as inputs, and their gradients as outputs.
void write_gradients(const fs::path& folder, const nn::Module& module, const Tensor& loss) {
  loss.backward();
  write(folder / "ito", "loss", loss);
  for (const nn::NamedTensor& p : module.named_parameters()) {
    write(folder / "in", p.name, p.value);
    write(folder / "ito", "grad." + p.name, p.value.grad());
  }
}

class Training {
 public:
  static constexpr int kCalls = 1;

  Training(const fs::path& folder, Index hidden, Index time_features)
      : step_(
            {.batch = kBatch, .n = kDimension, .hidden = hidden, .time_features = time_features}) {
    const Tensor alpha = linspace(0.05, 1.5, kBatch), z = randn({kBatch, kDimension}, step_.rng());
    const Tensor& x0 = step_.data();
    const Tensor root = unsqueeze(tan(alpha), 1);
    const Tensor y = square(root) * x0 + root * z;
    write(folder / "in", "x0", x0);
    write(folder / "in", "alpha", alpha);
    write(folder / "in", "z", z);
    write_gradients(folder, step_.network(), mean(square(step_.network().forward(y, alpha) - x0)));
  }

  void operator()() { step_.run(); }

 private:
  bench::CaseStudyStep step_;
};

class Sampling {
 public:
  static constexpr int kCalls = 8;  // steps of one run

  explicit Sampling(const fs::path& folder) : rng_(2), network_({.n = kDimension}, rng_) {
    for (const nn::NamedTensor& p : network_.named_parameters())
      write(folder / "in", p.name, p.value);
    const NoGrad guard;
    const double t = diffusion::t_from_alpha(kAlpha), s = diffusion::t_from_alpha(kNextAlpha);
    const Tensor y = 2 * randn({kChains, kDimension}, rng_), z = randn({kChains, kDimension}, rng_);
    const Tensor m = denoiser_.at(t)->posterior_mean(y, t, {0, kChains});
    write(folder / "in", "y", y);
    write(folder / "in", "z", z);
    write(folder / "ito", "next", y + (s - t) * m + std::sqrt((s - t) * (1 + s) / (1 + t)) * z);
  }

  void operator()() {
    (void)diffusion::sample(denoiser_, diffusion::SemiLinear(),
                            diffusion::uniform_angle(kCalls + 1, 1.4),
                            {.chains = kChains, .dimension = kDimension, .seed = seed_++});
  }

 private:
  Generator rng_;
  nn::TwoLayerDenoiser network_;
  diffusion::NetworkDenoiser denoiser_{network_};
  std::uint64_t seed_ = 0;
};

class DivergenceLoss {
 public:
  static constexpr int kCalls = 1;

  explicit DivergenceLoss(const fs::path& folder)
      : rng_(3),
        network_({kDimension, 256, kDimension}, rng_, {.activation = nn::Activation::tanh}),
        x_(randn({kBatch, kDimension}, rng_)) {
    write(folder / "in", "x", x_);
    write_gradients(folder, network_, loss());
  }

  void operator()() {
    network_.zero_grad();
    loss().backward();
  }

 private:
  Tensor loss() const { return diffusion::implicit_score_matching(score_, x_); }

  Generator rng_;
  nn::Mlp network_;
  Tensor x_;
  Function score_ = [this](const Tensor& x) { return network_.forward(x); };
};

template <class Work, class... Arguments>
void add(peers::Works& works, const fs::path& root, const std::string& name,
         Arguments... arguments) {
  const auto work = std::make_shared<Work>(root / name, arguments...);
  works["ito " + name] = {[work] { (*work)(); }, Work::kCalls};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 || !fs::is_directory(argv[1])) {
    std::cerr << "usage: peer_ito EXISTING_DIRECTORY\n";
    return 2;
  }
  const fs::path root = argv[1];
  set_thread_count(1);
  const BlasThreads one(1);
  peers::Works works;
  add<Training>(works, root, "train_50_256_3", 256, 3);
  add<Training>(works, root, "train_50_512_6", 512, 6);
  add<Sampling>(works, root, "sampling");
  add<DivergenceLoss>(works, root, "divergence");
  peers::serve(works);
}
