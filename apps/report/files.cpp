#include "apps/report/files.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "apps/report/text.h"
#include "autograd/error.h"

namespace ito::report {
namespace {

// The registry of live temporary files. It is a fixed array of lock-free states because the signal
// handler reads it: a handler may neither allocate nor wait. Whoever moves a slot out of `live`
// owns it, so a path is never read while it is being rewritten.
enum class SlotState : int { empty, busy, live };
static_assert(std::atomic<SlotState>::is_always_lock_free);

struct Slot {
  std::atomic<SlotState> state{SlotState::empty};
  char path[PATH_MAX];
};
std::array<Slot, 64> slots;

// The index of the slot, or -1 when all are taken: such a file survives an interrupt.
int register_path(const std::string& path) {
  if (path.size() >= PATH_MAX) return -1;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    SlotState expected = SlotState::empty;
    if (!slots[i].state.compare_exchange_strong(expected, SlotState::busy)) continue;
    std::memcpy(slots[i].path, path.c_str(), path.size() + 1);
    slots[i].state.store(SlotState::live);
    return static_cast<int>(i);
  }
  return -1;
}

void unregister(int slot) {
  if (slot < 0) return;
  SlotState expected = SlotState::live;
  slots[static_cast<std::size_t>(slot)].state.compare_exchange_strong(expected, SlotState::empty);
}

extern "C" void remove_temporaries_and_die(int signal_number) {
  for (Slot& slot : slots) {
    SlotState expected = SlotState::live;
    if (slot.state.compare_exchange_strong(expected, SlotState::busy)) unlink(slot.path);
  }
  ::signal(signal_number, SIG_DFL);
  ::raise(signal_number);
}

struct FileError : Error {
  FileError(const char* what, const std::filesystem::path& path, int error)
      : Error(std::string("cannot ") + what + " " + one_line(path.string()) + ": " +
              std::generic_category().message(error)),
        code(error) {}
  int code;
};

[[noreturn]] void fail_for(const char* what, const std::filesystem::path& path, int error) {
  throw FileError(what, path, error);
}

}  // namespace

TempFile::TempFile(std::filesystem::path target) : target_(std::move(target)) {
  static std::atomic<unsigned> counter{0};
  int error = 0;
  const std::string stem =
      "." + target_.filename().string() + '.' + std::to_string(::getpid()) + '.';
  // In a container every process may have the number of one that was killed and left its files.
  do {
    path_ = target_.parent_path() / (stem + std::to_string(counter++) + ".tmp");
    // Registered before it exists, so that no interrupt can fall between the two.
    slot_ = register_path(path_.string());
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ >= 0) return;
    error = errno;
    unregister(slot_);
  } while (error == EEXIST);
  fail_for("write", target_, error);
}

TempFile::~TempFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!path_.empty()) ::unlink(path_.c_str());
  unregister(slot_);
}

void TempFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail_for("write", target_, errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void TempFile::commit() {
  if (::fsync(descriptor_) != 0) fail_for("write", target_, errno);
  if (::close(std::exchange(descriptor_, -1)) != 0) fail_for("write", target_, errno);
  if (::rename(path_.c_str(), target_.c_str()) != 0) fail_for("write", target_, errno);
  path_.clear();
}

void write_atomically(const std::filesystem::path& path, std::string_view bytes) {
  TempFile file(path);
  file.write(bytes);
  file.commit();
}

std::string read_file(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail_for("read", path, errno);
  std::string bytes;
  std::array<char, 1 << 16> buffer;
  ssize_t count = 0;
  while ((count = ::read(descriptor, buffer.data(), buffer.size())) != 0) {
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) break;
    bytes.append(buffer.data(), static_cast<std::size_t>(count));
  }
  const int error = errno;
  ::close(descriptor);
  if (count < 0) fail_for("read", path, error);
  return bytes;
}

void remove_left_over(const std::filesystem::path& directory, const std::string& extension,
                      const std::vector<std::string>& names, const std::set<std::string>& kept) {
  for (const std::string& name : names) {
    if (kept.contains(name)) continue;
    const std::filesystem::path file = directory / (name + extension);
    std::error_code error;
    std::filesystem::remove(file, error);
    if (error && error != std::errc::not_a_directory) fail_for("remove", file, error.value());
  }
}

void ensure_writable_directory(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) fail_for("create directory", path, error.value());
  if (!std::filesystem::is_directory(path)) fail_for("create directory", path, ENOTDIR);
  try {
    // More than a page: a full disk refuses data before it refuses names.
    TempFile(path / "probe").write(std::string(8192, '\0'));
  } catch (const FileError& failure) {
    fail_for("write into directory", path, failure.code);
  }
}

void install_interrupt_cleanup() {
  for (int signal_number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction action = {};
    if (::sigaction(signal_number, nullptr, &action) != 0 || action.sa_handler == SIG_IGN) continue;
    action = {};
    action.sa_handler = remove_temporaries_and_die;
    sigfillset(&action.sa_mask);
    ::sigaction(signal_number, &action, nullptr);
  }
}

}  // namespace ito::report
