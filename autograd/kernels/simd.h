// Which instruction sets the SIMD kernels are compiled for. Include before any Highway header.
#pragma once

// x86 builds get AVX2, AVX-512 and the portable baseline: the sets between them cost compile time
// and serve machines too old to matter.
#ifndef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#endif
