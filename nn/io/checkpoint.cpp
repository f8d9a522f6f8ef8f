#include "nn/io/checkpoint.h"

#include <utility>

namespace ito::nn {

const StateDict& Checkpoint::part(const std::string& name) const {
  const auto at = parts.find(name);
  if (at != parts.end()) return at->second;
  std::string known;
  for (const auto& [other, state] : parts) known += ' ' + other;
  fail("checkpoint: no part \"", name, "\"; there are:", known);
}

void save_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint) {
  StateDict all;
  for (const auto& [part, state] : checkpoint.parts) {
    check(part.find('/') == std::string::npos, "checkpoint: part \"", part, "\" holds a '/'");
    for (const auto& [name, value] : state) all.push_back({part + '/' + name, value});
  }
  save_safetensors(path, all, checkpoint.metadata);
}

Checkpoint load_checkpoint(const std::filesystem::path& path) {
  SafeTensors file = load_safetensors(path);
  Checkpoint checkpoint;
  checkpoint.metadata = std::move(file.metadata);
  for (auto& [name, value] : file.tensors) {
    const std::size_t slash = name.find('/');
    check(slash != std::string::npos, "load_checkpoint: ", path.string(), ": \"", name,
          "\" names no part");
    checkpoint.parts[name.substr(0, slash)].push_back({name.substr(slash + 1), value});
  }
  return checkpoint;
}

}  // namespace ito::nn
