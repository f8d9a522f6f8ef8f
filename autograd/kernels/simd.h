// Which instruction sets the SIMD kernels are compiled for. Include before any Highway header.
#pragma once

// x86 builds get AVX2, AVX-512 and the portable baseline: the sets between them cost compile time
// and serve machines too old to matter.
#ifndef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#endif

namespace ito::kernels::detail {

// Holds every kernel at the instruction set that the environment variable ITO_SIMD names as Highway
// does (SCALAR, AVX2, AVX3 for AVX-512), for tests; true if it is set. Ends the process with a line
// on stderr if this machine or this build lacks it. Once, before main.
bool choose_targets();
inline const bool kTargetsChosen = choose_targets();

}  // namespace ito::kernels::detail
