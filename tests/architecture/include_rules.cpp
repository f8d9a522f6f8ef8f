#include "tests/architecture/include_rules.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace ito::architecture {
namespace {

struct Include {
  std::string name;
  bool quoted;
};

std::vector<Include> includes_of(const std::string& text) {
  static const std::regex line(R"re(^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">])re",
                               std::regex::ECMAScript | std::regex::multiline);
  std::vector<Include> includes;
  for (auto it = std::sregex_iterator(text.begin(), text.end(), line); it != std::sregex_iterator();
       ++it) {
    includes.push_back({.name = (*it)[2].str(), .quoted = (*it)[1].str() == "\""});
  }
  return includes;
}

std::string folder_of(const std::string& path) {
  return path.substr(0, path.find('/'));
}

bool is_header(std::string_view path) {
  return path.ends_with(".h");
}

bool is_kernel(std::string_view path) {
  return path.starts_with("autograd/kernels/");
}

bool is_private(std::string_view path) {
  return is_kernel(path) || path == "autograd/graph/engine.h";
}

bool is_library(const std::string& path) {
  static const std::set<std::string> libraries{"autograd", "nn", "diffusion"};
  return libraries.contains(folder_of(path));
}

// The standard library's headers, unlike all others, have neither a folder nor an extension.
bool is_standard(const Include& include) {
  return !include.quoted && include.name.find_first_of("./") == std::string::npos;
}

const std::map<std::string, std::set<std::string>>& folders_below() {
  static const std::map<std::string, std::set<std::string>> below{
      {"autograd", {"autograd"}},
      {"nn", {"nn", "autograd"}},
      {"diffusion", {"diffusion", "nn", "autograd"}},
      {"apps", {"apps", "diffusion", "nn", "autograd"}},
      {"benchmarks", {"benchmarks", "diffusion", "nn", "autograd"}},
      {"tests", {"tests", "apps", "diffusion", "nn", "autograd"}},
  };
  return below;
}

// The headers of autograd that hold plain data, memory or threads and know nothing of tensors.
bool is_kernel_vocabulary(std::string_view path) {
  static constexpr std::array<std::string_view, 6> kVocabulary{
      "autograd/shape.h", "autograd/dtype.h",   "autograd/error.h",
      "autograd/ref.h",   "autograd/storage.h", "autograd/parallel.h"};
  return std::find(kVocabulary.begin(), kVocabulary.end(), path) != kVocabulary.end();
}

bool may_include_private(const std::string& from, const std::string& to) {
  const std::string folder = folder_of(from);
  if (folder == "benchmarks" || from.starts_with("tests/autograd/") || is_private(from))
    return true;
  return !is_header(from) && (folder == "autograd" || (is_kernel(to) && is_library(from)));
}

// The rule that `from` breaks by this include, or "".
std::string broken_rule(const Sources& sources, const std::string& from, const Include& include) {
  const std::string& to = include.name;
  if (include.quoted) {
    if (!sources.contains(to)) return "quoted includes name a file from the source root";
    if (!folders_below().at(folder_of(from)).contains(folder_of(to))) {
      return "dependencies run apps, benchmarks, tests -> diffusion -> nn -> autograd";
    }
    const bool below_tensors = is_kernel(from) || is_kernel_vocabulary(from);
    if (below_tensors && !is_kernel(to) && !is_kernel_vocabulary(to)) {
      return "kernels take pointers and sizes, nothing else";
    }
    if (is_private(to) && !may_include_private(from, to)) return "kernels and engine are private";
    if (to == "autograd/graph/engine.h" && from.starts_with("autograd/ops/")) {
      return "ops do not know the engine";
    }
    return "";
  }
  if (!is_library(from) || is_standard(include)) return "";
  if (is_header(from) && !is_private(from)) return "public headers include only std and Ito";
  if (to.starts_with("hwy/") || to == "cblas.h") {
    const bool shared = is_header(from) && !from.ends_with("-inl.h");
    return is_kernel(from) && !shared ? "" : "SIMD and BLAS stay in autograd/kernels";
  }
  if (to.starts_with("nlohmann/")) {
    return folder_of(from) == "nn" ? "" : "JSON stays in nn and the programs";
  }
  // System headers (<unistd.h>, <sys/...>) are the business of a .cpp file.
  return to.starts_with("CLI/") ? "command lines stay in the programs" : "";
}

// Depth-first over the headers: a header met again while still open closes a cycle.
class CycleFinder {
 public:
  explicit CycleFinder(const Sources& sources) : sources_(sources) {}

  std::vector<std::string> find() {
    for (const auto& [path, text] : sources_) visit(path);
    return std::move(cycles_);
  }

 private:
  void visit(const std::string& path) {
    if (closed_.contains(path) || !sources_.contains(path)) return;
    const auto open = std::find(open_.begin(), open_.end(), path);
    if (open != open_.end()) {
      std::string cycle;
      for (auto it = open; it != open_.end(); ++it) cycle += *it + " -> ";
      cycles_.push_back(path + ": include cycle: " + cycle + path);
      return;
    }
    open_.push_back(path);
    for (const Include& include : includes_of(sources_.at(path))) {
      if (include.quoted) visit(include.name);
    }
    open_.pop_back();
    closed_.insert(path);
  }

  const Sources& sources_;
  std::vector<std::string> open_;
  std::set<std::string> closed_;
  std::vector<std::string> cycles_;
};

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

Sources read_sources(const std::filesystem::path& root) {
  Sources sources;
  for (const auto& [folder, below] : folders_below()) {
    if (!std::filesystem::is_directory(root / folder)) {
      throw std::runtime_error("no folder " + (root / folder).string());
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root / folder)) {
      const std::string extension = entry.path().extension().string();
      if (extension != ".h" && extension != ".cpp") continue;
      const std::string path = entry.path().lexically_relative(root).generic_string();
      // The consumers below tests/package are projects of their own, with their own roots.
      if (path.starts_with("tests/package/")) continue;
      sources.emplace(path, read_file(entry.path()));
    }
  }
  return sources;
}

std::vector<std::string> broken_rules(const Sources& sources) {
  std::vector<std::string> broken;
  for (const auto& [path, text] : sources) {
    for (const Include& include : includes_of(text)) {
      const std::string reason = broken_rule(sources, path, include);
      if (!reason.empty()) broken.push_back(path + ": includes " + include.name + ": " + reason);
    }
  }
  std::vector<std::string> cycles = CycleFinder(sources).find();
  std::move(cycles.begin(), cycles.end(), std::back_inserter(broken));
  return broken;
}

}  // namespace ito::architecture
