// Every kernel family without a matrix product gives the same bytes on every instruction set with
// fused multiply-adds, AVX2 and AVX-512 among them; and a target can be asked for by name.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "autograd/kernels/binary.h"
#include "autograd/kernels/gated.h"
#include "autograd/kernels/gemm.h"
#include "autograd/kernels/indexing.h"
#include "autograd/kernels/optim.h"
#include "autograd/kernels/reduce.h"
#include "autograd/kernels/rng.h"
#include "autograd/kernels/softmax.h"
#include "autograd/kernels/strided.h"
#include "autograd/kernels/transpose.h"
#include "autograd/kernels/unary.h"
#include "autograd/kernels/where.h"
#include "tests/autograd/kernels/each_target.h"

namespace ito::kernels {
namespace {

std::size_t size(Index n) {
  return static_cast<std::size_t>(n);
}

// What the kernels of a family wrote, one result after the other.
class Record {
 public:
  template <class T>
  void add(const std::string& family, const std::vector<T>& values) {
    auto& bytes = results_[family];
    const std::size_t old = bytes.size();
    bytes.resize(old + values.size() * sizeof(T));
    if (!values.empty()) std::memcpy(bytes.data() + old, values.data(), values.size() * sizeof(T));
  }
  const std::map<std::string, std::vector<std::byte>>& results() const { return results_; }

 private:
  std::map<std::string, std::vector<std::byte>> results_;
};

// Irregular values of order one; the same on every target.
template <class T>
std::vector<T> values(Index n, std::uint64_t seed) {
  std::vector<T> x(size(n));
  std::uint64_t state = seed;
  for (T& v : x) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    v = static_cast<T>(static_cast<double>(state >> 11) * 0x1p-52 * 4 - 4);
  }
  return x;
}

// Around one vector and several, of either width, and many blocks.
constexpr Index kLengths[] = {0, 1, 3, 4, 7, 8, 9, 15, 16, 17, 33, 67, 1000, 5003};

template <class T>
void elementwise(Record& record) {
  for (const Index n : kLengths) {
    const auto a = values<T>(n, 1), b = values<T>(n, 2), c = values<T>(n, 3);
    std::vector<T> y(size(n));
    for (int f = 0; f < kUnaryFnCount; ++f) {
      unary(static_cast<UnaryFn>(f), a.data(), y.data(), n);
      record.add(std::string("unary ") + name(static_cast<UnaryFn>(f)), y);
    }
    for (const UnaryFn f : {UnaryFn::square, UnaryFn::relu, UnaryFn::tanh, UnaryFn::sigmoid}) {
      unary_backward(f, a.data(), false, b.data(), y.data(), n);
      record.add(std::string("unary backward ") + name(f), y);
    }
    for (int f = 0; f < kBinaryFnCount; ++f) {
      binary(static_cast<BinaryFn>(f), a.data(), false, b.data(), false, y.data(), n);
      record.add(std::string("binary ") + name(static_cast<BinaryFn>(f)), y);
    }
    if (n == 0) continue;
    where(c.data(), a.data(), false, b.data(), true, y.data(), n);
    record.add("where", y);
  }
}

template <class T>
void reductions(Record& record) {
  for (const Index len : kLengths) {
    for (const Index inner : {1, 5, 40, 300}) {
      if (len * inner > 60000) continue;
      const Index outer = 2;
      const auto x = values<T>(outer * len * inner, 4);
      std::vector<T> y(size(outer * inner)), same(x.size());
      for (int f = 0; f < kReduceFnCount; ++f) {
        reduce(static_cast<ReduceFn>(f), x.data(), outer, len, inner, y.data());
        record.add(std::string("reduce ") + name(static_cast<ReduceFn>(f)), y);
      }
      cumsum(x.data(), outer, len, inner, same.data(), false);
      record.add("cumsum", same);
      logsumexp(x.data(), outer, len, inner, y.data());
      record.add("logsumexp", y);
      softmax(x.data(), outer, len, inner, same.data());
      record.add("softmax", same);
      if (len == 0) continue;
      std::vector<std::int64_t> at(y.size());
      argmax(x.data(), outer, len, inner, at.data());
      record.add("argmax", at);
    }
    const auto x = values<T>(len, 5);
    record.add("sum_squares", std::vector<double>{sum_squares(x.data(), len)});
    record.add("squared_distance",
               std::vector<T>{squared_distance(x.data(), values<T>(len, 18).data(), len)});
  }
}

template <class T>
void layouts(Record& record) {
  const Index rows = 85, columns = 53;  // bands of four vectors, of one, and what is left
  const auto x = values<T>(rows * columns, 6), v = values<T>(columns, 7);
  std::vector<T> y(x.size());
  copy(x.data(), {1, rows}, y.data(), {rows, columns});
  record.add("strided copy", y);
  scatter_copy(x.data(), y.data(), {1, rows}, {rows, columns});
  record.add("strided copy", y);
  unary(UnaryFn::tanh, x.data(), {1, rows}, y.data(), {rows, columns});
  record.add("strided unary", y);
  binary(BinaryFn::mul, x.data(), {columns, 1}, v.data(), {0, 1}, y.data(), {rows, columns});
  record.add("strided binary", y);
  transpose_large(x.data(), columns, rows, columns, y.data(), rows);
  record.add("transpose", y);
  std::vector<T> diagonal(size(rows));
  diagonal_of_product(x.data(), values<T>(rows * columns, 17).data(), rows, columns,
                      diagonal.data());
  record.add("diagonal_of_product", diagonal);
  scaled_transpose(x.data(), rows, columns, ScaleBy::column_of_x, v.data(), y.data());
  record.add("scaled_transpose", y);
  scaled_transpose(x.data(), columns, rows, ScaleBy::row_of_x, v.data(), y.data());
  record.add("scaled_transpose", y);
  const std::vector<std::int64_t> index{3, 0, 3, 36};
  std::vector<T> some(index.size() * size(columns)), sum(x);
  index_select(x.data(), 1, rows, columns, index.data(), 4, some.data());
  index_add(some.data(), 1, rows, columns, index.data(), 4, sum.data());
  record.add("indexing", some);
  record.add("indexing", sum);
}

template <class T>
void fused(Record& record) {
  for (const Index out : {1, 7, 16, 33, 128}) {
    const Index batch = 5, gates = 3;
    const auto gate = values<T>(batch * gates, 8), p = values<T>(batch * gates * out, 9);
    const auto bias = values<T>(out, 10), g = values<T>(batch * out, 11);
    std::vector<T> y(size(batch * out)), d_gate(gate.size()), dp(p.size());
    gate_forward(gate.data(), p.data(), bias.data(), batch, gates, out, y.data());
    gate_backward(gate.data(), p.data(), g.data(), batch, gates, out, d_gate.data(), dp.data());
    record.add("gate_forward", y);
    record.add("gate_backward", d_gate);
    record.add("gate_backward", dp);
  }
  for (const Index n : kLengths) {
    auto p = values<T>(n, 12), m = values<T>(n, 13), v = values<T>(n, 14), ema = values<T>(n, 15);
    const auto g = values<T>(n, 16);
    for (T& e : v) e = e * e;
    const AdamWStep step{.lr = 1e-2, .weight_decay = 0.1, .grad_scale = 0.3, .step = 3};
    adamw(step, p.data(), g.data(), m.data(), v.data(), ema.data(), 0.9, n);
    for (const auto* x : {&p, &m, &v, &ema}) record.add("adamw", *x);
    move_average(p.data(), ema.data(), 0.7, n);
    record.add("move_average", ema);
  }
}

template <class T>
void random_numbers(Record& record) {
  for (const Index n : kLengths) {
    std::vector<T> x(size(n));
    std::vector<std::uint32_t> words(size(n));
    philox_bits(1, 2, 3, words.data(), n);
    record.add("philox", words);
    uniform(1, 2, 3, x.data(), n);
    record.add("uniform", x);
    normal(1, 2, 3, x.data(), n);
    record.add("normal", x);
    std::vector<T> rows(size(3 * n));
    normal_rows(1, 2, 3, rows.data(), 3, n);
    record.add("normal_rows", rows);
  }
}

template <class T>
void run_all(Record& record) {
  elementwise<T>(record);
  reductions<T>(record);
  layouts<T>(record);
  fused<T>(record);
  random_numbers<T>(record);
}

TEST(Targets, GiveTheSameBytesWithoutMatrixProducts) {
  std::string first_target;
  Record first;
  for_each_target([&](std::int64_t target) {
    const std::string name = hwy::TargetName(target);
    if (name == "SCALAR" || name == "EMU128" || name == "SSE2") return;  // no fused multiply-add
    Record record;
    run_all<float>(record);
    run_all<double>(record);
    if (first_target.empty()) {
      first_target = name;
      first = record;
      return;
    }
    for (const auto& [family, bytes] : first.results()) {
      EXPECT_TRUE(record.results().at(family) == bytes)
          << family << " on " << first_target << " and " << name;
    }
  });
}

// Where run-time dispatch finds the kernels of a target.
std::size_t index_of(std::int64_t target) {
  hwy::ChosenTarget chosen;
  chosen.Update(target);
  return chosen.GetIndex();
}

// The choice is made before main, hence a process of its own for each.
void expect_targets(const char* asked, const std::string& expected) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  setenv("ITO_SIMD", asked, 1);
  EXPECT_EXIT(
      {
        std::string found;
        for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
          found += hwy::TargetName(target);
        }
        gemm_backend();  // asks Highway, too, what there is
        for_each_target([](std::int64_t) {});
        const std::int64_t held = hwy::SupportedTargets();
        if (hwy::GetChosenTarget().GetIndex() != index_of(held)) found += ", but not held";
        std::exit(found == expected ? 0 : 1);
      },
      testing::ExitedWithCode(0), "")
      << asked;
  unsetenv("ITO_SIMD");
}

TEST(Targets, AreWhatTheEnvironmentAsksFor) {
  const char* before = std::getenv("ITO_SIMD");
  const std::string kept = before ? before : "";
  for_each_target([](std::int64_t target) {
    expect_targets(hwy::TargetName(target), hwy::TargetName(target));
  });
  setenv("ITO_SIMD", "SSE9", 1);
  EXPECT_DEATH(std::exit(0), "ITO_SIMD is one of .* but it is set to .SSE9");
  unsetenv("ITO_SIMD");
  if (before) setenv("ITO_SIMD", kept.c_str(), 1);
}

}  // namespace
}  // namespace ito::kernels
