#include "diffusion/layered_jacobian.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "autograd/graph/op.h"
#include "autograd/ops.h"

namespace ito::diffusion {
namespace {

constexpr std::size_t kMostTerms = 64;
constexpr Index kTangentRowsAtOnce = 8192;

using MaybeJacobian = std::optional<LayeredJacobian>;

// One use of an op, and the Jacobians of its inputs.
struct Use {
  Call call;
  std::vector<const LayeredJacobian*> in;

  bool depends(std::size_t i) const { return !in[i]->empty(); }
  // Input i, a matrix of rows, is the only one that depends on x.
  bool only(std::size_t i) const {
    for (std::size_t k = 0; k < in.size(); ++k) {
      if (depends(k) != (k == i)) return false;
    }
    return call.in[i].rank() == 2;
  }
};

Tensor times(const Tensor& a, const Tensor& b) {
  if (!a.defined()) return b;
  return b.defined() ? a * b : a;
}

void append_matrix(LayerProduct& p, Tensor w /*[out, in]*/) {
  const Columns& c = p.columns;
  if (c.width > 0) w = slice(w, 1, c.first, c.first + c.count);
  p.columns = {};
  p.factors.push_back({false, std::move(w)});
}

// d: one number, a number a row [B, 1], one a column [n], or [B, n].
void append_diagonal(LayerProduct& p, Tensor d) {
  if (d.numel() == 1 || (d.rank() == 2 && d.size(1) == 1)) {
    p.scale = times(p.scale, d.numel() == 1 ? reshape(d, {}) : d);
    return;
  }
  const Columns& c = p.columns;
  if (c.width > 0) d = slice(d, -1, c.first, c.first + c.count);
  if (!p.factors.empty() && p.factors.back().diagonal) {
    p.factors.back().value = p.factors.back().value * d;
  } else {
    p.factors.push_back({true, std::move(d)});
  }
}

MaybeJacobian linear_rule(const Use& u) {
  if (!u.only(0)) return {};
  LayeredJacobian j = *u.in[0];
  for (LayerProduct& p : j) append_matrix(p, u.call.in[1]);
  return j;
}

MaybeJacobian matmul_rule(const Use& u) {
  if (!u.only(0) || u.call.in[1].rank() != 2) return {};
  LayeredJacobian j = *u.in[0];
  for (LayerProduct& p : j) append_matrix(p, transpose(u.call.in[1]));
  return j;
}

// sum_l gate_l W_l
MaybeJacobian gated_linear_rule(const Use& u) {
  if (!u.only(1)) return {};
  const Tensor &gate = u.call.in[0], &weight = u.call.in[2];
  const Index in = u.call.in[1].size(1);
  LayeredJacobian j;
  for (Index l = 0; l < gate.size(1); ++l) {
    for (LayerProduct p : *u.in[1]) {
      append_matrix(p, slice(weight, 1, l * in, (l + 1) * in));
      append_diagonal(p, slice(gate, 1, l, l + 1));
      j.push_back(std::move(p));
    }
  }
  return j;
}

MaybeJacobian concatenate_rule(const Use& u) {
  LayeredJacobian j;
  const Tensor& out = u.call.out;
  Index first = 0;
  for (std::size_t i = 0; i < u.in.size(); ++i) {
    const Tensor& part = u.call.in[i];
    if (part.rank() != 2 || part.size(0) != out.size(0)) return {};
    for (LayerProduct p : *u.in[i]) {
      const Columns inner = p.columns.width > 0 ? p.columns : Columns{0, part.size(1), 0};
      p.columns = {first + inner.first, inner.count, out.size(1)};
      j.push_back(std::move(p));
    }
    first += part.size(1);
  }
  if (first != out.size(1)) return {};
  return j;
}

// dy/dx_i of an elementwise op; undefined for zero.
Tensor slope_of(const Call& call, std::size_t i, const Tensor& one) {
  if (Tensor slope = call.out.op()->slope(call, static_cast<int>(i)); slope.defined()) return slope;
  std::vector<Tangent> tangents(call.in.size());
  tangents[i] = one;
  const Tangent slope = call.out.op()->jvp(call, tangents);
  return slope.defined() ? slope.value() : Tensor();
}

MaybeJacobian elementwise_rule(const Use& u) {
  const Tensor& out = u.call.out;
  const Tensor one = scalar(1, out.dtype());
  LayeredJacobian j;
  for (std::size_t i = 0; i < u.in.size(); ++i) {
    if (!u.depends(i)) continue;
    if (u.call.in[i].shape() != out.shape()) return {};
    const Tensor slope = slope_of(u.call, i, one);
    if (!slope.defined()) continue;
    for (LayerProduct p : *u.in[i]) {
      if (!slope.same_as(one)) append_diagonal(p, slope);
      j.push_back(std::move(p));
    }
  }
  return j;
}

struct Rule {
  std::string_view op;
  MaybeJacobian (*apply)(const Use&);
};
constexpr std::array kRules = {
    Rule{"concatenate", concatenate_rule},
    Rule{"gated_linear", gated_linear_rule},
    Rule{"linear", linear_rule},
    Rule{"matmul", matmul_rule},
};
constexpr std::array<std::string_view, 41> kElementwise = {
    "abs",     "add",        "add_constant", "atan",    "atan2",     "clamp",
    "cos",     "cosh",       "div",          "erf",     "exp",       "divide_constant",
    "expm1",   "gelu",       "hypot",        "log",     "log1p",     "log_sigmoid",
    "maximum", "minimum",    "mul",          "neg",     "pow",       "multiply_constant",
    "relu",    "reciprocal", "rsqrt",        "sigmoid", "silu",      "sin",
    "sinh",    "softplus",   "sqrt",         "square",  "sub",       "subtract_from_constant",
    "tan",     "tanh",       "where",        "mish",    "gelu_tanh",
};

MaybeJacobian apply_rule(const Use& u) {
  const std::string_view op = u.call.out.op()->name();
  for (const Rule& rule : kRules) {
    if (rule.op == op) return rule.apply(u);
  }
  if (std::find(kElementwise.begin(), kElementwise.end(), op) == kElementwise.end()) return {};
  return elementwise_rule(u);
}

// More than two diagonals; the trace is cyclic, so the first and the last are one.
bool needs_tangents(const LayerProduct& p) {
  const auto& f = p.factors;
  const auto diagonals =
      std::count_if(f.begin(), f.end(), [](const LayerFactor& factor) { return factor.diagonal; });
  const bool around = f.size() > 1 && f.front().diagonal && f.back().diagonal;
  return diagonals - (around ? 1 : 0) > 2;
}

// A matrix and the diagonal after it, undefined for the identity.
struct Layer {
  Tensor w, d;
};

// The product of the layers' matrices, the first applied first.
Tensor product(const Layer* first, const Layer* last) {
  Tensor w = first->w;
  while (++first != last) w = matmul(first->w, w);
  return w;
}

// diag(W_L ... W_1), without the last product.
Tensor diagonal_of_layers(const std::vector<Layer>& layers) {
  if (layers.size() == 1) return diagonal(layers[0].w);
  return diagonal_of_product(layers.back().w, product(&layers.front(), &layers.back()));
}

// r > 2. Only the trace is cyclic, so any layer may come first.
Tensor trace_by_tangents(std::vector<Layer> layers, Index rows) {
  const auto narrowest =
      std::min_element(layers.begin(), layers.end(),
                       [](const Layer& a, const Layer& b) { return a.w.size(1) < b.w.size(1); });
  std::rotate(layers.begin(), narrowest, layers.end());
  const auto scaled = [](const Tensor& t /*[B, i, out]*/, const Tensor& d) {
    return d.defined() ? t * unsqueeze(d, 1) : t;
  };
  const Index directions = layers[0].w.size(1);
  const Index chunk =
      std::clamp(kTangentRowsAtOnce / std::max<Index>(rows, 1), Index{1}, directions);
  Tensor total;
  for (Index first = 0; first < directions; first += chunk) {
    const Index end = std::min(first + chunk, directions);
    Tensor t = scaled(unsqueeze(transpose(slice(layers[0].w, 1, first, end)), 0), layers[0].d);
    for (std::size_t k = 1; k + 1 < layers.size(); ++k) {
      t = scaled(linear(t, layers[k].w), layers[k].d);
    }
    const Layer& last = layers.back();
    Tensor diagonal = sum(t * slice(last.w, 0, first, end), {2});  // [B, i]
    if (last.d.defined()) diagonal = diagonal * slice(last.d, 1, first, end);
    const Tensor part = sum(diagonal, {1});
    total = total.defined() ? total + part : part;
  }
  return total;
}

// [B] or one number, without the scale.
Tensor unscaled_trace(const LayerProduct& p, const Tensor& x) {
  std::vector<Layer> layers;
  Tensor before;  // the diagonal in front of the first matrix
  for (const LayerFactor& f : p.factors) {
    if (!f.diagonal) {
      layers.push_back({f.value, {}});
      continue;
    }
    const Tensor d = f.value.rank() == 1 ? unsqueeze(f.value, 0) : f.value;
    (layers.empty() ? before : layers.back().d) = d;
  }
  if (layers.empty()) {
    return before.defined() ? sum(before, {1}) : scalar(static_cast<double>(x.size(1)), x.dtype());
  }
  layers.back().d = times(layers.back().d, before);

  // From here on the last layer has a diagonal, if any has.
  std::vector<std::size_t> at;
  for (std::size_t k = 0; k < layers.size(); ++k) {
    if (layers[k].d.defined()) at.push_back(k);
  }
  if (at.empty()) return sum(diagonal_of_layers(layers));
  if (at.size() > 2) return trace_by_tangents(std::move(layers), x.size(0));
  std::rotate(layers.begin(), layers.begin() + static_cast<std::ptrdiff_t>(at.back() + 1),
              layers.end());
  if (at.size() == 1) return matmul(layers.back().d, diagonal_of_layers(layers));
  const auto middle = std::find_if(layers.begin(), layers.end(),
                                   [](const Layer& layer) { return layer.d.defined(); });
  const Layer* split = &*middle + 1;
  const Layer* end = layers.data() + layers.size();
  const Tensor pairs = product(split, end) * contiguous(transpose(product(layers.data(), split)));
  return sum(layers.back().d * linear(middle->d, pairs), {1});
}

}  // namespace

std::optional<LayeredJacobian> layered_jacobian(const Tensor& y, const Tensor& x) {
  std::unordered_map<const Node*, LayeredJacobian> done;
  const LayeredJacobian zero;
  done[x.node()] = {LayerProduct{}};
  std::vector<Tensor> stack = {y};
  while (!stack.empty()) {
    const Tensor out = stack.back();
    if (done.count(out.node()) > 0) {
      stack.pop_back();
      continue;
    }
    if (!out.requires_grad() || out.op() == nullptr) {
      done[out.node()] = zero;
      continue;
    }
    bool ready = true;
    for (const Tensor& in : out.inputs()) {
      if (done.count(in.node()) > 0) continue;
      stack.push_back(in);
      ready = false;
    }
    if (!ready) continue;
    Use use{{out.inputs(), out}, {}};
    bool any = false;
    for (const Tensor& in : out.inputs()) {
      use.in.push_back(&done.at(in.node()));
      any = any || !use.in.back()->empty();
    }
    LayeredJacobian jacobian;
    if (any) {
      MaybeJacobian made = apply_rule(use);
      if (!made || made->size() > kMostTerms) return {};
      jacobian = std::move(*made);
    }
    done[out.node()] = std::move(jacobian);
  }
  LayeredJacobian result = std::move(done.at(y.node()));
  const bool placed = std::any_of(result.begin(), result.end(),
                                  [](const LayerProduct& p) { return p.columns.width > 0; });
  // Tangents through the whole network serve all products at once.
  if (placed || std::count_if(result.begin(), result.end(), needs_tangents) > 1) return {};
  return result;
}

Tensor trace(const LayeredJacobian& jacobian, const Tensor& x) {
  Tensor total;
  for (const LayerProduct& p : jacobian) {
    Tensor part = unscaled_trace(p, x);
    if (p.scale.defined()) {
      part = part * (p.scale.rank() == 2 ? squeeze(p.scale, 1) : p.scale);
    }
    total = total.defined() ? total + part : part;
  }
  // Products of matrices alone are the same for all rows.
  const Shape rows = {x.size(0)};
  if (!total.defined()) return zeros(rows, x.dtype());
  return total.shape() == rows ? total : expand(total, rows);
}

}  // namespace ito::diffusion
