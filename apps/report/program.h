// The main of every program: flags over settings, a folder proved writable before the work, one
// line for an error, exit codes 0 (done), 1 (failed) and 2 (a flag that cannot be read).
#pragma once

#include <cerrno>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <new>
#include <string>

#include <CLI/CLI.hpp>

#include "apps/report/files.h"
#include "apps/report/text.h"
#include "autograd/error.h"

namespace ito::report {

struct Program {
  const char* name;
  const char* description;
  const char* version;
};

// A flag whose help shows the value it has if it is not given.
template <class T>
void add_flag(CLI::App& app, const char* flag, T& value, const std::string& help,
              const char* group) {
  app.add_option(flag, value, help)->capture_default_str()->group(group);
}

// CLI11 reads -1 as 2^64 - 1, and so whatever lies beyond that.
inline std::string check_unsigned(const std::string& value) {
  if (value.starts_with('-')) return "must not be negative, got " + value;
  errno = 0;
  std::strtoull(value.c_str(), nullptr, 0);
  return errno == ERANGE ? "must be less than 2^64, got " + value : "";
}

// What was printed is out, or this throws Error.
inline void flush_output() {
  check(static_cast<bool>(std::cout.flush()), "the standard output cannot be written to");
}

// `defaults()` gives the settings that add_flags(app, settings) binds the flags to. Beside its
// Settings, with a member `out`, a program declares
//   void validate(const Settings&);
//   Results run_study(const Settings&, std::ostream& log);
//   void write_results(const Results&, std::ostream& out);
template <class Defaults, class AddFlags>
int run(const Program& program, int argc, char** argv, Defaults defaults, AddFlags add_flags) {
  try {
    auto settings = defaults();
    CLI::App app{program.description};
    app.set_version_flag("--version", program.version);
    add_flags(app, settings);
    for (CLI::Option* option : app.get_options()) {
      if (option->get_type_name() == "UINT") option->check(check_unsigned, "");
    }
    try {
      app.parse(argc, argv);
    } catch (const CLI::Success& done) {  // --help, --version
      const int code = app.exit(done);
      flush_output();
      return code;
    } catch (const CLI::ParseError& error) {
      std::cerr << program.name << ": " << one_line(error.what()) << " (see --help)\n";
      return 2;
    }
    validate(settings);
    check(!settings.out.empty(), "--out: needs the name of a folder");
    ensure_writable_directory(settings.out);
    install_interrupt_cleanup();
    write_results(run_study(settings, std::cerr), std::cout);
    flush_output();
    return 0;
  } catch (const std::bad_alloc&) {
    std::cerr << program.name << ": these settings need more memory than there is\n";
    return 1;
  } catch (const std::exception& error) {
    std::cerr << program.name << ": " << one_line(error.what()) << '\n';
    return 1;
  }
}

}  // namespace ito::report
