// The architecture as rules over #include lines: which file may name which.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace ito::architecture {

// Path from the source root ("nn/linear.cpp") -> the text of the file.
using Sources = std::map<std::string, std::string>;

// Every .h and .cpp below the six source folders. Throws std::runtime_error if one of them is
// missing.
Sources read_sources(const std::filesystem::path& root);

// One line a broken rule, "file: includes X: reason"; empty if the architecture holds:
//  1. folders depend one way: apps, benchmarks, tests -> diffusion -> nn -> autograd;
//  2. a quoted include names an existing file from the source root;
//  3. kernels include only kernels and the headers of plain data, memory and threads, and those
//     only each other, so tensor.h is out of reach;
//  4. of the libraries' files only kernels/*.cpp and kernels/*-inl.h include Highway and BLAS;
//  5. kernels/ and graph/engine.h are not installed, so no public header names them: kernels are
//     for the .cpp files of the libraries, the engine for those of autograd, both for the tests
//     and benchmarks of autograd;
//  6. ops do not know the engine;
//  7. a public header includes only the standard library and public headers; json stays in nn's
//     .cpp files;
//  8. headers form no cycle.
std::vector<std::string> broken_rules(const Sources& sources);

}  // namespace ito::architecture
