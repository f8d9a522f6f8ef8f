// Files that appear whole or not at all.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace ito::report {

// A hidden temporary file beside `target`, unlinked by the destructor, and by the handler of
// install_interrupt_cleanup, unless committed. The constructor creates it, empty.
class TempFile {
 public:
  explicit TempFile(std::filesystem::path target);
  ~TempFile();
  TempFile(const TempFile&) = delete;
  TempFile& operator=(const TempFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  void write(std::string_view bytes);
  // Flushes to the disk and renames onto the target, which until then keeps its old content.
  void commit();

 private:
  std::filesystem::path target_, path_;
  int descriptor_ = -1;
  int slot_ = -1;
};

// Replaces `path` by `bytes`. On failure throws ito::Error, one line with the path and the reason,
// and leaves the old file and no other.
void write_atomically(const std::filesystem::path& path, std::string_view bytes);

// The whole file. Throws ito::Error naming the path and the reason.
std::string read_file(const std::filesystem::path& path);

// Removes the files of a directory that have the extension and one of these names, but are not in
// `kept`: what an earlier run wrote and this one did not.
void remove_left_over(const std::filesystem::path& directory, const std::string& extension,
                      const std::vector<std::string>& names, const std::set<std::string>& kept);

// Creates the directory if needed and proves that a file can be written in it, else throws
// ito::Error. Call it before the work whose results go there.
void ensure_writable_directory(const std::filesystem::path& path);

// From now on SIGINT, SIGTERM and SIGHUP unlink every live TempFile and then end the process by
// that signal. Signals that the parent set to be ignored stay ignored.
void install_interrupt_cleanup();

}  // namespace ito::report
