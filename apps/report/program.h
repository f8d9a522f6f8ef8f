// The main of every program: flags over settings, a folder proved writable before the work, one
// line for an error, exit codes 0 (done), 1 (failed) and 2 (a flag that cannot be read).
#pragma once

#include <exception>
#include <iostream>
#include <string>

#include <CLI/CLI.hpp>

#include "apps/report/files.h"

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

inline std::string refuse_negative(const std::string& value) {
  return value.starts_with('-') ? "must not be negative, got " + value : "";
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
    for (CLI::Option* option : app.get_options()) {  // -1 would be read as 2^64 - 1
      if (option->get_type_name() == "UINT") option->check(refuse_negative, "");
    }
    try {
      app.parse(argc, argv);
    } catch (const CLI::Success& done) {  // --help, --version
      return app.exit(done);
    } catch (const CLI::ParseError& error) {
      std::cerr << program.name << ": " << error.what() << " (see --help)\n";
      return 2;
    }
    validate(settings);
    ensure_writable_directory(settings.out);
    install_interrupt_cleanup();
    write_results(run_study(settings, std::cerr), std::cout);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << program.name << ": " << error.what() << '\n';
    return 1;
  }
}

}  // namespace ito::report
