// Pictures of graphs.
#pragma once

#include <string>

#include "autograd/tensor.h"

namespace ito {

// The recorded graph behind `output` in Graphviz's language: a box an op with its name, shape and
// bytes, an ellipse a leaf (filled if it requires a gradient), and in the title the number of nodes
// and the bytes of all distinct buffers that the graph keeps alive.
std::string to_dot(const Tensor& output);

}  // namespace ito
