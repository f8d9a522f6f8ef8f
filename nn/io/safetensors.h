// The safetensors format: named tensors and text notes in one file that other libraries read.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "nn/module.h"

namespace ito::nn {

using Metadata = std::map<std::string, std::string>;

struct SafeTensors {
  StateDict tensors;
  Metadata metadata;
};

// Names are unique and not "__metadata__"; the tensors are stored in the order given. Atomic, as
// save_npy. Throws Error naming the path and the cause.
void save_safetensors(const std::filesystem::path& path, const StateDict& tensors,
                      const Metadata& metadata = {});

// F32, F64 and I64, in the order of storage. Throws Error for a file that is cut off, has gaps or
// overlaps, or holds another dtype.
SafeTensors load_safetensors(const std::filesystem::path& path);

}  // namespace ito::nn
