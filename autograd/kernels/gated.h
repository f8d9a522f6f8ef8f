// The contractions over the gates of gated_linear. Everything is contiguous and row-major:
// gate [batch, gates], projected [batch, gates, out], y and g [batch, out].
#pragma once

#include "autograd/shape.h"

namespace ito::kernels {

// y[b, i] = bias[i] + sum_l gate[b, l] projected[b, l, i]; a null bias is zero.
template <class T>
void gate_forward(const T* gate, const T* projected, const T* bias, Index batch, Index gates,
                  Index out, T* y);

// d_gate[b, l] = sum_i g[b, i] projected[b, l, i];  d_projected[b, l, i] = gate[b, l] g[b, i].
template <class T>
void gate_backward(const T* gate, const T* projected, const T* g, Index batch, Index gates,
                   Index out, T* d_gate, T* d_projected);

}  // namespace ito::kernels
