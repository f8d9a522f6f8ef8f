#include "autograd/ops/einsum.h"

#include <algorithm>
#include <cctype>
#include <vector>

#include "autograd/ops/arrange.h"
#include "autograd/ops/binary.h"
#include "autograd/ops/matmul.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/view.h"

namespace ito {
namespace {

// A tensor whose axes carry letters, each at most once. The axes of "..." carry digits, '0' the
// last of them, so that operands of different rank align from the right.
struct Labelled {
  Tensor x;
  std::string labels;
};

bool has(const std::string& labels, char c) {
  return labels.find(c) != std::string::npos;
}
Index axis_of(const Labelled& t, char c) {
  return static_cast<Index>(t.labels.find(c));
}

// The terms between the commas, without blanks.
std::vector<std::string> split_terms(const std::string& text) {
  std::vector<std::string> terms(1);
  for (char c : text) {
    if (c == ',') {
      terms.emplace_back();
    } else if (!std::isspace(static_cast<unsigned char>(c))) {
      terms.back() += c;
    }
  }
  return terms;
}

// The letters of a term, with "..." replaced by the digits of `dots` axes.
std::string expand_dots(const std::string& term, int dots, const std::string& equation) {
  std::string labels;
  for (std::size_t i = 0; i < term.size(); ++i) {
    if (term.compare(i, 3, "...") == 0) {
      for (int d = dots; d-- > 0;) labels += static_cast<char>('0' + d);
      i += 2;
      continue;
    }
    check(std::isalpha(static_cast<unsigned char>(term[i])) != 0, "einsum: '", term[i], "' in \"",
          equation, "\" is not a letter");
    labels += term[i];
  }
  return labels;
}

Labelled with_diagonals(Labelled t, const std::string& equation) {
  check(t.x.rank() == static_cast<int>(t.labels.size()), "einsum: \"", equation, "\" names ",
        t.labels.size(), " axes of a tensor of shape ", t.x.shape());
  for (std::size_t i = 0; i < t.labels.size();) {
    const std::size_t again = t.labels.find(t.labels[i], i + 1);
    if (again == std::string::npos) {
      ++i;
      continue;
    }
    const Index a = static_cast<Index>(i), b = static_cast<Index>(again);
    check(t.x.size(a) == t.x.size(b), "einsum: '", t.labels[i], "' in \"", equation,
          "\" has sizes ", t.x.size(a), " and ", t.x.size(b));
    t.x = diagonal(t.x, 0, a, b);  // the diagonal becomes the last axis
    const char c = t.labels[i];
    std::erase(t.labels, c);
    t.labels += c;
    i = 0;
  }
  return t;
}

// Sums over the axes whose letters `kept` does not have.
Labelled sum_others(const Labelled& t, const std::string& kept) {
  Axes gone;
  std::string labels;
  for (std::size_t i = 0; i < t.labels.size(); ++i) {
    if (has(kept, t.labels[i])) {
      labels += t.labels[i];
    } else {
      gone.push_back(static_cast<Index>(i));
    }
  }
  return {gone.empty() ? t.x : sum(t.x, gone), labels};
}

Tensor arranged(const Labelled& t, const std::string& labels) {
  Axes order;
  for (char c : labels) order.push_back(axis_of(t, c));
  return permute(t.x, order);
}

Index product_of(const Labelled& t, const std::string& labels) {
  Index n = 1;
  for (char c : labels) n *= t.x.size(axis_of(t, c));
  return n;
}

// a and b to the letters of `kept`: shared kept letters are a batch, shared others are summed by
// the product, the rest are its rows and columns.
Labelled contract(Labelled a, Labelled b, const std::string& kept, const std::string& equation) {
  for (char c : a.labels) {
    if (!has(b.labels, c)) continue;
    const Index na = a.x.size(axis_of(a, c)), nb = b.x.size(axis_of(b, c));
    const bool broadcasts = std::isdigit(static_cast<unsigned char>(c)) != 0;
    check(na == nb || (broadcasts && (na == 1 || nb == 1)), "einsum: '", c, "' in \"", equation,
          "\" has sizes ", na, " and ", nb);
    if (na == nb) continue;
    Labelled& small = na == 1 ? a : b;
    Shape shape = small.x.shape();
    shape[static_cast<int>(axis_of(small, c))] = std::max(na, nb);
    small.x = expand(small.x, shape);
  }
  a = sum_others(a, kept + b.labels);
  b = sum_others(b, kept + a.labels);
  std::string batch, inner, rows, columns;
  for (char c : a.labels) (!has(b.labels, c) ? rows : has(kept, c) ? batch : inner) += c;
  for (char c : b.labels) {
    if (!has(a.labels, c)) columns += c;
  }
  const Index nb = product_of(a, batch), m = product_of(a, rows), k = product_of(a, inner),
              n = product_of(b, columns);
  Labelled y;
  y.labels = batch + rows + columns;
  Shape shape;
  for (char c : batch + rows) shape.push_back(a.x.size(axis_of(a, c)));
  for (char c : columns) shape.push_back(b.x.size(axis_of(b, c)));
  const Tensor left = reshape(arranged(a, batch + rows + inner), {nb, m, k});
  const Tensor right = reshape(arranged(b, batch + inner + columns), {nb, k, n});
  y.x = reshape(inner.empty() ? left * right : matmul(left, right), shape);
  return y;
}

}  // namespace

Tensor einsum(const std::string& equation, std::span<const Tensor> operands) {
  const std::size_t arrow = equation.find("->");
  const std::vector<std::string> terms = split_terms(equation.substr(0, arrow));
  check(terms.size() == operands.size() && !operands.empty(), "einsum: \"", equation, "\" names ",
        terms.size(), " operands, ", operands.size(), " are given");

  std::vector<Labelled> inputs;
  int most_dots = 0;
  for (std::size_t k = 0; k < operands.size(); ++k) {
    check(operands[k].defined(), "einsum: operand ", k, " has no value");
    check(is_floating(operands[k].dtype()), "einsum: needs a floating dtype, got ",
          operands[k].dtype());
    check(operands[k].dtype() == operands[0].dtype(),
          "einsum: dtypes differ: ", operands[0].dtype(), " and ", operands[k].dtype());
    const std::size_t dots = terms[k].find("...");
    const int letters = static_cast<int>(terms[k].size()) - (dots == std::string::npos ? 0 : 3);
    const int stands_for = dots == std::string::npos ? 0 : operands[k].rank() - letters;
    check(stands_for >= 0, "einsum: \"", equation, "\" names ", letters,
          " axes of a tensor of shape ", operands[k].shape());
    most_dots = std::max(most_dots, stands_for);
    inputs.push_back(
        with_diagonals({operands[k], expand_dots(terms[k], stands_for, equation)}, equation));
  }

  std::string output;
  if (arrow != std::string::npos) {
    const std::vector<std::string> term = split_terms(equation.substr(arrow + 2));
    check(term.size() == 1, "einsum: several outputs in \"", equation, '"');
    output = expand_dots(term[0], most_dots, equation);
  } else {
    std::string all;
    for (const std::string& t : terms) all += expand_dots(t, 0, equation);
    for (int d = most_dots; d-- > 0;) output += static_cast<char>('0' + d);
    std::sort(all.begin(), all.end());
    for (char c : all) {
      if (std::count(all.begin(), all.end(), c) == 1) output += c;
    }
  }
  for (char c : output) {
    const bool known = std::any_of(inputs.begin(), inputs.end(),
                                   [c](const Labelled& t) { return has(t.labels, c); });
    check(known && std::count(output.begin(), output.end(), c) == 1, "einsum: '", c,
          "' of the output of \"", equation, "\" must occur once there, and in an operand");
  }

  Labelled y = inputs[0];
  for (std::size_t k = 1; k < inputs.size(); ++k) {
    std::string kept = output;
    for (std::size_t later = k + 1; later < inputs.size(); ++later) kept += inputs[later].labels;
    y = contract(y, inputs[k], kept, equation);
  }
  return arranged(sum_others(y, output), output);
}

Tensor dot(const Tensor& a, const Tensor& b) {
  check(a.rank() == 1 && a.shape() == b.shape(), "dot: needs two vectors of one length, got ",
        a.shape(), " and ", b.shape());
  check(a.dtype() == b.dtype(), "dot: dtypes differ: ", a.dtype(), " and ", b.dtype());
  check(is_floating(a.dtype()), "dot: needs a floating dtype, got ", a.dtype());
  return matmul(a, b);
}

Tensor outer(const Tensor& a, const Tensor& b) {
  check(a.rank() == 1 && b.rank() == 1, "outer: needs two vectors, got ", a.shape(), " and ",
        b.shape());
  check(a.dtype() == b.dtype(), "outer: dtypes differ: ", a.dtype(), " and ", b.dtype());
  return unsqueeze(a, 1) * b;
}

}  // namespace ito
