#include "apps/gmm_case_study/store.h"

#include <map>
#include <utility>

#include "apps/gmm_case_study/identity.h"
#include "apps/report/files.h"
#include "nn/io/checkpoint.h"

namespace ito::gmm {
namespace {

namespace fs = std::filesystem;

Tensor numbers(const std::vector<double>& values) {
  return from(values, {static_cast<Index>(values.size())});
}

// The tensors of a part by name.
class Values {
 public:
  explicit Values(const nn::StateDict& state) {
    for (const auto& [name, value] : state) tensors_[name] = value;
  }
  Tensor tensor(const std::string& name) const {
    const auto at = tensors_.find(name);
    check(at != tensors_.end(), "no \"", name, '"');
    return at->second;
  }
  std::vector<double> vector(const std::string& name) const {
    return tensor(name).to_vector<double>();
  }
  double number(const std::string& name) const {
    const std::vector<double> values = vector(name);
    check(values.size() == 1, '"', name, "\" holds ", values.size(), " numbers instead of one");
    return values[0];
  }

 private:
  std::map<std::string, Tensor> tensors_;
};

nn::StateDict pack(const nn::TrainResult& r) {
  return {{"train_loss", numbers({r.train_loss})},
          {"validation_loss", numbers({r.validation_loss})},
          {"best_validation_loss", numbers({r.best_validation_loss})},
          {"best_epoch", numbers({static_cast<double>(r.best_epoch)})},
          {"train_curve", numbers(r.train_curve)},
          {"validation_curve", numbers(r.validation_curve)},
          {"steps", numbers({static_cast<double>(r.steps)})},
          {"seconds", numbers({r.seconds})}};
}

nn::TrainResult unpack_training(const nn::StateDict& state) {
  const Values v(state);
  return {.train_loss = v.number("train_loss"),
          .validation_loss = v.number("validation_loss"),
          .best_validation_loss = v.number("best_validation_loss"),
          .best_epoch = static_cast<Index>(v.number("best_epoch")),
          .train_curve = v.vector("train_curve"),
          .validation_curve = v.vector("validation_curve"),
          .steps = static_cast<Index>(v.number("steps")),
          .seconds = v.number("seconds")};
}

nn::StateDict pack(const PosteriorMeanAt& at) {
  return {{"t", numbers({at.t})},
          {"position", numbers(at.position)},
          {"truth", numbers(at.truth)},
          {"learned", numbers(at.learned)},
          {"error", numbers({at.error})}};
}

PosteriorMeanAt unpack_posterior_mean(const nn::StateDict& state) {
  const Values v(state);
  return {.t = v.number("t"),
          .position = v.vector("position"),
          .truth = v.vector("truth"),
          .learned = v.vector("learned"),
          .error = v.number("error")};
}

// What read(checkpoint) makes of a file; every error names the file.
template <class Read>
auto read_stored(const fs::path& path, Read read) {
  const nn::Checkpoint stored = nn::load_checkpoint(path);
  try {
    return read(stored);
  } catch (const Error& error) {
    fail(path.string(), ": ", error.what());
  }
}

std::string posterior_mean_part(std::size_t i) {
  return "posterior_mean_" + std::to_string(i);
}

Measured unpack_measured(const nn::Checkpoint& stored) {
  const Values v(stored.part("measured"));
  Measured m{.samples = v.tensor("samples"),
             .sampling_seconds = v.number("sampling_seconds"),
             .kl_net = v.number("kl_net"),
             .kl_net_se = v.number("kl_net_se"),
             .error_t = v.vector("error_t"),
             .error = v.vector("error")};
  for (const double one : v.vector("diverged")) m.diverged.push_back(one != 0);
  for (std::size_t i = 0; stored.parts.contains(posterior_mean_part(i)); ++i) {
    m.posterior_means.push_back(unpack_posterior_mean(stored.part(posterior_mean_part(i))));
  }
  return m;
}

}  // namespace

fs::path RunStore::folder(const std::string& training_identity) const {
  return root_ / hash_of(training_identity);
}

void RunStore::open(const std::string& training_identity) const {
  const fs::path path = folder(training_identity);
  report::ensure_writable_directory(path);
  const fs::path settings = path / "settings.json";
  if (!fs::exists(settings)) {
    report::write_atomically(settings, training_identity);
    return;
  }
  check(report::read_file(settings) == training_identity, settings.string(),
        ": holds other settings than its folder is named after; remove the folder");
}

bool RunStore::has_network(const std::string& training_identity, std::size_t part) const {
  return fs::exists(folder(training_identity) /
                    ("network-" + std::to_string(part) + ".safetensors"));
}

fs::path RunStore::checkpoint(const std::string& training_identity, std::size_t part) const {
  return folder(training_identity) / ("network-" + std::to_string(part) + ".checkpoint");
}

nn::TrainResult RunStore::load_network(const std::string& training_identity, std::size_t part,
                                       nn::Module& module) const {
  const fs::path path =
      folder(training_identity) / ("network-" + std::to_string(part) + ".safetensors");
  return read_stored(path, [&](const nn::Checkpoint& stored) {
    module.load_state_dict(stored.part("model"));
    return unpack_training(stored.part("training"));
  });
}

void RunStore::save_network(const std::string& training_identity, std::size_t part,
                            const nn::Module& module, const nn::TrainResult& result) const {
  nn::save_checkpoint(
      folder(training_identity) / ("network-" + std::to_string(part) + ".safetensors"),
      {.parts = {{"model", module.state_dict()}, {"training", pack(result)}}, .metadata = {}});
  fs::remove(checkpoint(training_identity, part));
}

std::optional<Measured> RunStore::load_measured(const std::string& training_identity,
                                                const std::string& measuring_identity) const {
  const fs::path path =
      folder(training_identity) / ("measured-" + hash_of(measuring_identity) + ".safetensors");
  if (!fs::exists(path)) return {};
  return read_stored(path, unpack_measured);
}

void RunStore::save_measured(const std::string& training_identity,
                             const std::string& measuring_identity, const Measured& m) const {
  nn::Checkpoint stored;
  stored.parts["measured"] = {
      {"samples", m.samples},
      {"diverged", numbers(std::vector<double>(m.diverged.begin(), m.diverged.end()))},
      {"sampling_seconds", numbers({m.sampling_seconds})},
      {"kl_net", numbers({m.kl_net})},
      {"kl_net_se", numbers({m.kl_net_se})},
      {"error_t", numbers(m.error_t)},
      {"error", numbers(m.error)}};
  for (std::size_t i = 0; i < m.posterior_means.size(); ++i) {
    stored.parts[posterior_mean_part(i)] = pack(m.posterior_means[i]);
  }
  stored.metadata["settings"] = measuring_identity;
  nn::save_checkpoint(
      folder(training_identity) / ("measured-" + hash_of(measuring_identity) + ".safetensors"),
      stored);
}

}  // namespace ito::gmm
