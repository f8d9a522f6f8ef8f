// Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random
// numbers: as easy as 1, 2, 3", SC 2011), uniforms and Box-Muller normals.
//
// key = (seed lo, seed hi), counter = (block lo, block hi, stream lo, stream hi). A block is four
// 32-bit words. Element i of every bulk function is the element of absolute index position + i and
// a pure function of (seed, stream, position + i): any sub-range can be regenerated, whatever the
// batch, chunk or alignment. Values are the same bytes on every target with FMA (AVX2, AVX-512);
// normals may differ in the last bits on targets without.
#pragma once

#include <array>
#include <cstdint>

#include "autograd/shape.h"

namespace ito::kernels {

std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter,
                                    std::array<std::uint32_t, 2> key);

// Words; block = index / 4, word = index % 4.
void philox_bits(std::uint64_t seed, std::uint64_t stream, std::uint64_t position,
                 std::uint32_t* out, Index n);

// In [0, 1). f32: 24 bits, four a block. f64: 53 bits, two a block.
template <class T>
void uniform(std::uint64_t seed, std::uint64_t stream, std::uint64_t position, T* out, Index n);

// N(0, 1). f32: four a block, |z| < 6.67. f64: two a block, |z| < 8.50.
template <class T>
void normal(std::uint64_t seed, std::uint64_t stream, std::uint64_t position, T* out, Index n);

// out[r][c] = the normal of stream first_stream + r at index position + c, for row-major
// out [rows, cols]: one stream a row, so that every chain of a sampler owns its noise.
template <class T>
void normal_rows(std::uint64_t seed, std::uint64_t first_stream, std::uint64_t position, T* out,
                 Index rows, Index cols);

}  // namespace ito::kernels
