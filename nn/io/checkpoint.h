// Checkpoint: everything a program needs to go on where it stopped, in one safetensors file.
//
//   save_checkpoint(path, {.parts = {{"model", net.state_dict()},
//                                    {"optimizer", optimizer.state_dict()}},
//                          .metadata = {{"step", "1200"}}});
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "nn/io/safetensors.h"

namespace ito::nn {

struct Checkpoint {
  std::map<std::string, StateDict> parts;  // names without '/'
  Metadata metadata;

  // Throws Error naming the parts there are.
  const StateDict& part(const std::string& name) const;
};

// Tensor x of part p is stored as "p/x".
void save_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint);
Checkpoint load_checkpoint(const std::filesystem::path& path);

}  // namespace ito::nn
