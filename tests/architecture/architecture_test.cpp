// The one-way dependencies of the architecture hold in this tree, and the checker can tell.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/architecture/include_rules.h"

namespace ito::architecture {
namespace {

// A tree that keeps every rule, to break one at a time.
Sources sound_tree() {
  return {
      {"autograd/error.h", "#include <string>\n"},
      {"autograd/shape.h", "#include \"autograd/error.h\"\n"},
      {"autograd/tensor.h", "#include \"autograd/shape.h\"\n"},
      {"autograd/tensor.cpp",
       "#include \"autograd/tensor.h\"\n#include \"autograd/kernels/a.h\"\n"},
      {"autograd/graph/engine.h", "#include \"autograd/tensor.h\"\n"},
      {"autograd/kernels/a.h", "#include \"autograd/shape.h\"\n"},
      {"autograd/kernels/a.cpp",
       "#include \"autograd/kernels/a.h\"\n#include <hwy/highway.h>\n#include <cblas.h>\n"},
      {"autograd/ops/add.cpp", "#include \"autograd/kernels/a.h\"\n"},
      {"nn/linear.h", "#include \"autograd/tensor.h\"\n"},
      {"nn/linear.cpp", "#include \"autograd/kernels/a.h\"\n"},
      {"nn/json.cpp", "#include <nlohmann/json.hpp>\n#include <unistd.h>\n"},
      {"diffusion/schedule.h", "#include \"nn/linear.h\"\n"},
      {"apps/report/html.h", "#include <string>\n"},
      {"apps/demo/main.cpp", "#include <CLI/CLI.hpp>\n#include \"apps/report/html.h\"\n"},
      {"benchmarks/gemm.cpp", "#include <cblas.h>\n#include \"autograd/kernels/a.h\"\n"},
      {"tests/autograd/a_test.cpp", "#include \"autograd/graph/engine.h\"\n"},
  };
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

TEST(Architecture, HoldsInThisTree) {
  const Sources sources = read_sources(ITO_SOURCE_DIR);
  // Guards against a scan that passes because it read nothing.
  ASSERT_TRUE(sources.contains("autograd/tensor.h"));
  ASSERT_TRUE(sources.contains("tests/architecture/architecture_test.cpp"));
  const std::vector<std::string> broken = broken_rules(sources);
  EXPECT_TRUE(broken.empty()) << joined(broken);
}

TEST(Architecture, SoundTreeBreaksNoRule) {
  const std::vector<std::string> broken = broken_rules(sound_tree());
  EXPECT_TRUE(broken.empty()) << joined(broken);
}

struct Breach {
  std::string name;
  std::string file;
  std::string include;
  std::string reason;  // part of the one line expected
};

class ArchitectureBreach : public testing::TestWithParam<Breach> {};

TEST_P(ArchitectureBreach, IsReportedOnce) {
  Sources sources = sound_tree();
  sources[GetParam().file] += "  #  include " + GetParam().include + "  // why not\n";
  const std::vector<std::string> broken = broken_rules(sources);
  ASSERT_EQ(broken.size(), 1U) << joined(broken);
  EXPECT_NE(broken[0].find(GetParam().file + ": "), std::string::npos) << broken[0];
  EXPECT_NE(broken[0].find(GetParam().reason), std::string::npos) << broken[0];
}

INSTANTIATE_TEST_SUITE_P(
    EachRule, ArchitectureBreach,
    testing::Values(
        Breach{"autograd_knows_nn", "autograd/ops/add.cpp", "\"nn/linear.h\"", "dependencies run"},
        Breach{"nn_knows_diffusion", "nn/json.cpp", "\"diffusion/schedule.h\"", "dependencies run"},
        Breach{"library_knows_app", "nn/json.cpp", "\"apps/report/html.h\"", "dependencies run"},
        Breach{"missing_file", "nn/json.cpp", "\"nn/nothing.h\"", "source root"},
        Breach{"relative_path", "autograd/ops/add.cpp", "\"../tensor.h\"", "source root"},
        Breach{"kernel_knows_tensor", "autograd/kernels/a.h", "\"autograd/tensor.h\"",
               "pointers and sizes"},
        Breach{"vocabulary_knows_tensor", "autograd/parallel.h", "\"autograd/tensor.h\"",
               "pointers and sizes"},
        Breach{"nn_knows_engine", "nn/json.cpp", "\"autograd/graph/engine.h\"", "private"},
        Breach{"nn_header_knows_kernel", "nn/linear.h", "\"autograd/kernels/a.h\"", "private"},
        Breach{"app_knows_kernel", "apps/demo/main.cpp", "\"autograd/kernels/a.h\"", "private"},
        Breach{"header_knows_kernel", "autograd/tensor.h", "\"autograd/kernels/a.h\"", "private"},
        Breach{"op_knows_engine", "autograd/ops/add.cpp", "\"autograd/graph/engine.h\"",
               "do not know the engine"},
        Breach{"simd_outside_kernels", "autograd/ops/add.cpp", "<hwy/highway.h>", "SIMD and BLAS"},
        Breach{"simd_in_kernel_header", "autograd/kernels/a.h", "<hwy/highway.h>", "SIMD and BLAS"},
        Breach{"blas_outside_kernels", "diffusion/schedule.cpp", "<cblas.h>", "SIMD and BLAS"},
        Breach{"json_in_header", "nn/linear.h", "<nlohmann/json.hpp>", "only std"},
        Breach{"json_in_diffusion", "diffusion/schedule.cpp", "<nlohmann/json.hpp>", "JSON stays"},
        Breach{"system_header", "autograd/tensor.h", "<pthread.h>", "only std"},
        Breach{"command_line_in_library", "nn/json.cpp", "<CLI/CLI.hpp>", "command lines"},
        Breach{"cycle", "autograd/error.h", "\"autograd/shape.h\"", "include cycle"}),
    [](const testing::TestParamInfo<Breach>& breach) { return breach.param.name; });

}  // namespace
}  // namespace ito::architecture
