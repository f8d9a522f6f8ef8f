// NumPy's .npy files, format 1.0, little endian, C order; f32, f64 and i64.
#pragma once

#include <filesystem>
#include <string>

#include "autograd/tensor.h"

namespace ito::nn {

// The bytes of the file that holds x.
std::string npy_bytes(const Tensor& x);

// Writes the whole file beside `path` and renames it into place, so that a reader or an interrupt
// never sees half of it. Throws Error naming the path and the cause.
void save_npy(const std::filesystem::path& path, const Tensor& x);

// Throws Error for anything but a complete file of a supported dtype in C order.
Tensor load_npy(const std::filesystem::path& path);

}  // namespace ito::nn
