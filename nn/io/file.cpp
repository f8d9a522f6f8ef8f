#include "nn/io/file.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>
#include <unistd.h>

#include "autograd/error.h"

namespace ito::nn {
namespace {

std::string cause() {
  return errno ? std::strerror(errno) : "input/output error";
}

// Removes the file unless it was renamed away.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::filesystem::path path) : path_(std::move(path)) {}
  ~TemporaryFile() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove(path_, ignored);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  void rename_to(const std::filesystem::path& target) {
    std::error_code error;
    std::filesystem::rename(path_, target, error);
    check(!error, "cannot write ", target.string(), ": ", error.message());
    path_.clear();
  }

 private:
  std::filesystem::path path_;
};

}  // namespace

std::string read_file(const std::filesystem::path& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  check(file.is_open(), "cannot read ", path.string(), ": ", cause());
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  check(!error, "cannot read ", path.string(), ": ", error.message());
  std::string text(size, '\0');
  file.read(text.data(), static_cast<std::streamsize>(size));
  check(file.good() && file.gcount() == static_cast<std::streamsize>(size), "cannot read ",
        path.string(), ": ", cause());
  return text;
}

void write_file(const std::filesystem::path& path, std::initializer_list<std::string_view> parts) {
  std::filesystem::path beside = path;
  beside += ".part" + std::to_string(::getpid());
  TemporaryFile temporary(beside);
  errno = 0;
  std::ofstream file(temporary.path(), std::ios::binary | std::ios::trunc);
  check(file.is_open(), "cannot write ", path.string(), ": ", cause());
  for (const std::string_view part : parts) {
    file.write(part.data(), static_cast<std::streamsize>(part.size()));
  }
  file.close();
  check(file.good(), "cannot write ", path.string(), ": ", cause());
  temporary.rename_to(path);
}

}  // namespace ito::nn
