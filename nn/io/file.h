// Whole files, read at once and written atomically.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>

namespace ito::nn {

// Throws Error naming the path and the cause.
std::string read_file(const std::filesystem::path& path);

// Writes the parts one after another to a file beside `path` and renames it into place, so that a
// reader, an interrupt or a full disk never leaves half of it. Creates no folders. Throws Error
// naming the path and the cause.
void write_file(const std::filesystem::path& path, std::initializer_list<std::string_view> parts);

}  // namespace ito::nn
