// What the C++ contestants share: .npy files of f32 and the loop that answers on standard output.
// Knows no tensor library, so that none is linked into another's contestant.
#pragma once

#include <cstdint>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace peers {

// The values behind the header of an .npy file of f32 in C order; the reader knows the shape.
inline std::vector<float> read_npy(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  char head[10];
  if (!in.read(head, sizeof head)) throw std::runtime_error("cannot read " + path.string());
  const auto byte = [&](int i) {
    return static_cast<std::size_t>(static_cast<unsigned char>(head[i]));
  };
  const std::size_t begin = sizeof head + byte(8) + 256 * byte(9);
  const std::size_t count = (std::filesystem::file_size(path) - begin) / sizeof(float);
  std::vector<float> values(count);
  in.seekg(static_cast<std::streamoff>(begin));
  in.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(4 * count));
  return values;
}

// A flat array.
inline void write_npy(const std::filesystem::path& path, const float* values, std::size_t count) {
  std::string head =
      "{'descr': '<f4', 'fortran_order': False, 'shape': (" + std::to_string(count) + ",), }";
  while ((head.size() + 11) % 64 != 0) head += ' ';
  head += '\n';
  const char magic[] = {'\x93',
                        'N',
                        'U',
                        'M',
                        'P',
                        'Y',
                        1,
                        0,
                        static_cast<char>(head.size() & 0xff),
                        static_cast<char>(head.size() >> 8)};
  std::filesystem::create_directories(path.parent_path());
  std::ofstream out(path, std::ios::binary);
  out.write(magic, sizeof magic) << head;
  out.write(reinterpret_cast<const char*>(values), static_cast<std::streamsize>(4 * count));
  if (!out) throw std::runtime_error("cannot write " + path.string());
}

struct Work {
  std::function<void()> run;
  int calls = 1;  // that one run makes
};
using Works = std::map<std::string, Work>;  // by "VARIANT WORK"

// Of all threads of this process. Pinned to one processor that is the time that passes on an idle
// machine, and what others do there is left out.
inline double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Names the works, then times whatever line of standard input asks for.
inline void serve(const Works& works) {
  for (const auto& [name, work] : works) std::cout << "ready " << name << '\n';
  std::cout << "end" << std::endl;
  std::string variant, work;
  for (long calls; std::cin >> variant >> work >> calls;) {
    const Work& asked = works.at(variant + ' ' + work);
    const double start = processor_seconds();
    long done = 0;
    for (; done < calls; done += asked.calls) asked.run();
    std::cout << (processor_seconds() - start) / static_cast<double>(done) << std::endl;
  }
}

}  // namespace peers
