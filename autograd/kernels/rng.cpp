#include "autograd/kernels/rng.h"

#include <algorithm>
#include <cstddef>
#include <type_traits>

#include "autograd/kernels/simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autograd/kernels/rng.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
#include "autograd/kernels/rng_scalar-inl.h"
#else
#include "autograd/kernels/rng_simd-inl.h"
#endif

HWY_BEFORE_NAMESPACE();
namespace ito::kernels::HWY_NAMESPACE {

// From the -inl.h files: Bits, Uniform<T> and Normal<T> with a type Value, kPerBlock values a
// block, and `store`, which writes the values of the chunk_blocks() blocks of its counters in
// order.

// Values [position, position + n) of a stream. Whole chunks go straight to `out`; ragged ends go
// through a buffer.
template <class Distribution, class T = typename Distribution::Value>
void fill(const Key& key, std::uint64_t stream, std::uint64_t position, T* out, Index n) {
  constexpr Index kPerBlock = Distribution::kPerBlock;
  const Index blocks = chunk_blocks(), chunk = blocks * kPerBlock;
  std::uint64_t block = position / kPerBlock;
  alignas(64) T buffer[kMaxChunkBlocks * kPerBlock];
  const auto store_part = [&](Index skip, Index count) HWY_ATTR {
    Distribution::store(key, consecutive(block, stream), buffer);
    std::copy_n(buffer + skip, count, out);
    block += static_cast<std::uint64_t>(blocks);
    out += count;
    n -= count;
  };
  if (const auto skip = static_cast<Index>(position % kPerBlock); skip != 0) {
    store_part(skip, std::min(n, chunk - skip));
  }
  if constexpr (requires { Distribution::store_two(key, block, stream, out); }) {
    for (; n >= 2 * chunk; n -= 2 * chunk, out += 2 * chunk) {
      Distribution::store_two(key, block, stream, out);
      block += static_cast<std::uint64_t>(2 * blocks);
    }
  }
  for (; n >= chunk; n -= chunk, out += chunk, block += static_cast<std::uint64_t>(blocks)) {
    Distribution::store(key, consecutive(block, stream), out);
  }
  if (n > 0) store_part(0, n);
}

// Rows of one block each: a lane takes a row.
template <class T>
void fill_narrow_rows(const Key& key, std::uint64_t first_stream, std::uint64_t position, T* out,
                      Index rows, Index cols) {
  constexpr Index kPerBlock = Normal<T>::kPerBlock;
  const Index chunk = chunk_blocks();
  const auto skip = static_cast<Index>(position % kPerBlock);
  alignas(64) T buffer[kMaxChunkBlocks * kPerBlock];
  for (Index row = 0; row < rows; row += chunk) {
    const std::uint64_t stream = first_stream + static_cast<std::uint64_t>(row);
    Normal<T>::store(key, across(position / kPerBlock, stream), buffer);
    const T* from = buffer + skip;
    for (Index r = std::min(chunk, rows - row); r > 0; --r, from += kPerBlock) {
      for (Index c = 0; c < cols; ++c) *out++ = from[c];
    }
  }
}

// Rows of a few blocks: the lanes take the blocks of all rows, one after the other.
template <class T>
void fill_packed_rows(const Key& key, std::uint64_t first_stream, std::uint64_t position, T* out,
                      Index rows, Index cols, Index row_blocks) {
  constexpr Index kPerBlock = Normal<T>::kPerBlock;
  constexpr std::size_t kHalf = (kMaxChunkBlocks + 1) / 2;
  const Index chunk = chunk_blocks();
  const std::uint64_t first_block = position / kPerBlock;
  const auto skip = static_cast<Index>(position % kPerBlock);
  alignas(64) std::uint64_t block[2][kHalf], stream[2][kHalf];  // of the even and the odd lanes
  alignas(64) T buffer[kMaxChunkBlocks * kPerBlock];
  Index row = 0, j = 0;  // the next block is number j of this row
  while (row < rows) {
    const Index row0 = row, j0 = j;
    for (Index lane = 0; lane < chunk; ++lane) {
      block[lane % 2][lane / 2] = first_block + static_cast<std::uint64_t>(j);
      stream[lane % 2][lane / 2] = first_stream + static_cast<std::uint64_t>(row);
      if (++j == row_blocks) ++row, j = 0;
    }
    Normal<T>::store(key, gather(block[0], block[1], stream[0], stream[1]), buffer);
    // Runs of blocks of one row are contiguous in the buffer.
    Index done = 0, at = j0;
    for (Index r = row0; r < rows && done < chunk; ++r, at = 0) {
      const Index count = std::min(row_blocks - at, chunk - done);
      const Index origin = at * kPerBlock - skip;  // the column of the run's first value
      const Index begin = std::max<Index>(origin, 0);
      const Index end = std::min(origin + count * kPerBlock, cols);
      std::copy_n(buffer + done * kPerBlock + (begin - origin), end - begin,
                  out + r * cols + begin);
      done += count;
    }
  }
}

// As normal_rows of the header.
template <class T>
void fill_rows(const Key& key, std::uint64_t first_stream, std::uint64_t position, T* out,
               Index rows, Index cols) {
  constexpr Index kPerBlock = Normal<T>::kPerBlock;
  const Index chunk = chunk_blocks();
  const auto skip = static_cast<Index>(position % kPerBlock);
  const Index row_blocks = (skip + cols + kPerBlock - 1) / kPerBlock;
  if (row_blocks == 1) {
    fill_narrow_rows(key, first_stream, position, out, rows, cols);
  } else if (row_blocks % chunk != 0 && row_blocks < 8 * chunk) {
    fill_packed_rows(key, first_stream, position, out, rows, cols, row_blocks);
  } else {
    for (Index r = 0; r < rows; ++r) {
      fill<Normal<T>>(key, first_stream + static_cast<std::uint64_t>(r), position, out + r * cols,
                      cols);
    }
  }
}

void bits_u32(std::uint64_t seed, std::uint64_t stream, std::uint64_t position, std::uint32_t* out,
              Index n) {
  fill<Bits>(Key(seed), stream, position, out, n);
}
void uniform_f32(std::uint64_t seed, std::uint64_t stream, std::uint64_t position, float* out,
                 Index n) {
  fill<Uniform<float>>(Key(seed), stream, position, out, n);
}
void uniform_f64(std::uint64_t seed, std::uint64_t stream, std::uint64_t position, double* out,
                 Index n) {
  fill<Uniform<double>>(Key(seed), stream, position, out, n);
}
void normal_f32(std::uint64_t seed, std::uint64_t stream, std::uint64_t position, float* out,
                Index n) {
  fill<Normal<float>>(Key(seed), stream, position, out, n);
}
void normal_f64(std::uint64_t seed, std::uint64_t stream, std::uint64_t position, double* out,
                Index n) {
  fill<Normal<double>>(Key(seed), stream, position, out, n);
}
void rows_f32(std::uint64_t seed, std::uint64_t first_stream, std::uint64_t position, float* out,
              Index rows, Index cols) {
  fill_rows(Key(seed), first_stream, position, out, rows, cols);
}
void rows_f64(std::uint64_t seed, std::uint64_t first_stream, std::uint64_t position, double* out,
              Index rows, Index cols) {
  fill_rows(Key(seed), first_stream, position, out, rows, cols);
}

}  // namespace ito::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ito::kernels {

HWY_EXPORT(bits_u32);
HWY_EXPORT(uniform_f32);
HWY_EXPORT(uniform_f64);
HWY_EXPORT(normal_f32);
HWY_EXPORT(normal_f64);
HWY_EXPORT(rows_f32);
HWY_EXPORT(rows_f64);

std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> c,
                                    std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53U} * c[0];
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57U} * c[2];
    c = {static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ key[0], static_cast<std::uint32_t>(p1),
         static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ key[1], static_cast<std::uint32_t>(p0)};
    key[0] += 0x9E3779B9U;
    key[1] += 0xBB67AE85U;
  }
  return c;
}

void philox_bits(std::uint64_t seed, std::uint64_t stream, std::uint64_t position,
                 std::uint32_t* out, Index n) {
  HWY_DYNAMIC_DISPATCH(bits_u32)(seed, stream, position, out, n);
}

template <>
void uniform(std::uint64_t seed, std::uint64_t stream, std::uint64_t position, float* out,
             Index n) {
  HWY_DYNAMIC_DISPATCH(uniform_f32)(seed, stream, position, out, n);
}
template <>
void uniform(std::uint64_t seed, std::uint64_t stream, std::uint64_t position, double* out,
             Index n) {
  HWY_DYNAMIC_DISPATCH(uniform_f64)(seed, stream, position, out, n);
}

template <>
void normal(std::uint64_t seed, std::uint64_t stream, std::uint64_t position, float* out, Index n) {
  HWY_DYNAMIC_DISPATCH(normal_f32)(seed, stream, position, out, n);
}
template <>
void normal(std::uint64_t seed, std::uint64_t stream, std::uint64_t position, double* out,
            Index n) {
  HWY_DYNAMIC_DISPATCH(normal_f64)(seed, stream, position, out, n);
}

template <>
void normal_rows(std::uint64_t seed, std::uint64_t first_stream, std::uint64_t position, float* out,
                 Index rows, Index cols) {
  HWY_DYNAMIC_DISPATCH(rows_f32)(seed, first_stream, position, out, rows, cols);
}
template <>
void normal_rows(std::uint64_t seed, std::uint64_t first_stream, std::uint64_t position,
                 double* out, Index rows, Index cols) {
  HWY_DYNAMIC_DISPATCH(rows_f64)(seed, first_stream, position, out, rows, cols);
}

}  // namespace ito::kernels
#endif  // HWY_ONCE
