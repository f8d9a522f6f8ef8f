#include "apps/report/process.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace ito::report {
namespace {

// This process's environment with the plain UTF-8 locale: what we write is UTF-8 with decimal
// points, whatever the user's language. GNUTERM could name a terminal that gnuplot does not have.
class Environment {
 public:
  Environment() {
    for (char** entry = environ; *entry; ++entry) {
      const std::string_view one = *entry;
      if (one.starts_with("LC_ALL=") || one.starts_with("GNUTERM=")) continue;
      entries_.push_back(*entry);
    }
    entries_.push_back(locale_.data());
    entries_.push_back(nullptr);
  }
  char* const* get() { return entries_.data(); }

 private:
  std::string locale_ = "LC_ALL=C.UTF-8";
  std::vector<char*> entries_;
};

// posix_spawn's plan for the child: in `directory`, reading nothing, writing to `output`.
class FileActions {
 public:
  FileActions(const std::filesystem::path& directory, int output) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addchdir_np(&actions_, directory.c_str());
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, output, STDERR_FILENO);
  }
  ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

bool is_executable(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

std::optional<std::filesystem::path> find_program(std::string_view name) {
  if (name.find('/') != std::string_view::npos) {
    const std::filesystem::path path = std::filesystem::absolute(name);
    return is_executable(path) ? std::optional(path) : std::nullopt;
  }
  const char* variable = std::getenv("PATH");
  std::string_view rest = variable ? variable : "";
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    if (end > 0) {
      const auto path = std::filesystem::absolute(rest.substr(0, end)) / name;
      if (is_executable(path)) return path;
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return std::nullopt;
}

ProcessResult run_program(const std::filesystem::path& program,
                          const std::vector<std::string>& arguments,
                          const std::filesystem::path& directory) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return {-1, std::strerror(errno)};
  std::vector<std::string> words{program.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  pid_t child = 0;
  const int error = [&] {
    const FileActions actions(directory, ends[1]);
    return ::posix_spawn(&child, program.c_str(), actions.get(), nullptr, argv.data(),
                         Environment().get());
  }();
  ::close(ends[1]);
  if (error != 0) {
    ::close(ends[0]);
    return {-1, std::strerror(error)};
  }
  ProcessResult result;
  std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t count = ::read(ends[0], buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    result.output.append(buffer.data(), static_cast<std::size_t>(count));
  }
  ::close(ends[0]);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

}  // namespace ito::report
