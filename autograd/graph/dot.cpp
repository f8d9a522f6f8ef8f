#include "autograd/graph/dot.h"

#include <sstream>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "autograd/graph/op.h"

namespace ito {

std::string to_dot(const Tensor& output) {
  check(output.defined(), "to_dot: the tensor has no value");
  std::unordered_map<const Node*, std::size_t> numbers;
  std::unordered_set<const Storage*> buffers;
  std::vector<Tensor> found;
  std::size_t bytes = 0;
  const auto number_of = [&](const Tensor& x) {
    const auto [entry, fresh] = numbers.emplace(x.node(), found.size());
    if (fresh) found.push_back(x);
    return entry->second;
  };

  std::ostringstream edges;
  number_of(output);
  for (std::size_t i = 0; i < found.size(); ++i) {
    const Tensor x = found[i];
    const Storage* storage = x.node()->storage.get();
    if (buffers.insert(storage).second) bytes += storage->bytes();
    for (const Tensor& in : x.inputs()) {
      if (in.defined()) edges << "  n" << number_of(in) << " -> n" << i << ";\n";
    }
  }

  std::ostringstream out;
  out << "digraph {\n  label=\"" << found.size() << " nodes, " << bytes << " bytes\";\n"
      << "  labelloc=t;\n  node [fontname=\"sans-serif\"];\n";
  for (std::size_t i = 0; i < found.size(); ++i) {
    const Tensor& x = found[i];
    const char* what = x.op()              ? x.op()->name()
                       : !x.is_leaf()      ? "freed"
                       : x.requires_grad() ? "variable"
                                           : "constant";
    out << "  n" << i << " [shape=" << (x.op() ? "box" : "ellipse")
        << (x.is_leaf() && x.requires_grad() ? ", style=filled, fillcolor=lightblue" : "")
        << ", label=\"" << what << "\\n"
        << x.dtype() << x.shape() << "\\n"
        << static_cast<std::size_t>(x.numel()) * size_of(x.dtype()) << " B\"];\n";
  }
  out << edges.str() << "}\n";
  return out.str();
}

}  // namespace ito
