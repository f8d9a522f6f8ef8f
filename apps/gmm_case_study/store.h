// Where trained networks and measurements are kept, so that nothing is done twice and an
// interrupted run goes on.
//
//   <root>/<hash of the training>/settings.json             what the hash is of
//                                 network-0.safetensors     weights and curves
//                                 network-0.checkpoint      while it trains
//                                 measured-<hash>.safetensors
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "apps/gmm_case_study/results.h"
#include "nn/module.h"

namespace ito::gmm {

class RunStore {
 public:
  explicit RunStore(std::filesystem::path root) : root_(std::move(root)) {}

  // Creates the run's folder. Throws Error if there is one of other settings.
  void open(const std::string& training_identity) const;

  bool has_network(const std::string& training_identity, std::size_t part) const;
  // Fills `module` with the stored weights. Throws Error where there are none.
  nn::TrainResult load_network(const std::string& training_identity, std::size_t part,
                               nn::Module& module) const;
  // ... and removes the checkpoint.
  void save_network(const std::string& training_identity, std::size_t part,
                    const nn::Module& module, const nn::TrainResult& result) const;
  std::filesystem::path checkpoint(const std::string& training_identity, std::size_t part) const;

  std::optional<Measured> load_measured(const std::string& training_identity,
                                        const std::string& measuring_identity) const;
  void save_measured(const std::string& training_identity, const std::string& measuring_identity,
                     const Measured& measured) const;

 private:
  std::filesystem::path folder(const std::string& training_identity) const;

  std::filesystem::path root_;
};

}  // namespace ito::gmm
