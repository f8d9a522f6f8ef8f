#include "autograd/testing/grad_check.h"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <utility>

#include "autograd/error.h"
#include "autograd/grad_mode.h"
#include "autograd/ops/view.h"
#include "autograd/transforms.h"

namespace ito {
namespace {

// The arithmetic of the check is done on plain numbers: the ops under test must not judge
// themselves.
using Values = std::vector<double>;

Values values_of(const Tensor& x) {
  return x.to_vector<double>();
}

// NaN is worse than any number.
double worse(double a, double b) {
  if (std::isnan(a)) return a;
  return b <= a ? a : b;
}

double largest(const Values& a) {
  double m = 0;
  for (double v : a) m = worse(m, std::abs(v));
  return m;
}

double relative(double error, double scale) {
  return error == 0 ? 0 : error / scale;
}

// A sum of products and of their magnitudes.
struct Dot {
  double value = 0, magnitude = 0;
  void add(const Values& a, const Values& b) {
    for (std::size_t i = 0; i < a.size(); ++i) {
      value += a[i] * b[i];
      magnitude += std::abs(a[i] * b[i]);
    }
  }
};

Tensor variable(const Tensor& x) {
  return x.requires_grad() ? x : x.detach().set_requires_grad();
}

std::vector<Tensor> variables(std::span<const Tensor> xs) {
  std::vector<Tensor> out;
  for (const Tensor& x : xs) out.push_back(variable(x));
  return out;
}

std::vector<Tensor> gradients(const Tensor& y, const Tensor& u, std::span<const Tensor> xs,
                              GradOptions options) {
  std::vector<Tensor> grads(xs.size());
  options.allow_unused = true;
  if (y.requires_grad()) grads = vjp({&y, 1}, {&u, 1}, xs, options);
  for (std::size_t i = 0; i < xs.size(); ++i) {
    if (!grads[i].defined()) grads[i] = zeros_like(xs[i]);
  }
  return grads;
}

// (x, u) -> J(x)' u, as one vector.
TensorFunction pulled_back(TensorFunction f) {
  return [f = std::move(f)](std::span<const Tensor> in) {
    GradMode record(true);
    const std::vector<Tensor> xs = variables(in.first(in.size() - 1));
    std::vector<Tensor> parts;
    for (const Tensor& g : gradients(f(xs), in.back(), xs, {.create_graph = true})) {
      parts.push_back(flatten(g));
    }
    return concatenate(parts, 0);
  };
}

// (x, v) -> J(x) v.
TensorFunction pushed_forward(TensorFunction f) {
  return [f = std::move(f)](std::span<const Tensor> in) {
    GradMode record(true);
    const std::size_t n = in.size() / 2;
    const std::vector<Tensor> xs = variables(in.first(n));
    const Tensor y = f(xs);
    if (!y.requires_grad()) return zeros_like(y);
    return jvp({&y, 1}, xs, in.subspan(n))[0];
  };
}

class Checker {
 public:
  explicit Checker(const GradCheckOptions& options) : options_(options), rng_(options.rng) {
    result_.orders.resize(static_cast<std::size_t>(options.order));
  }

  // Checks f, the derivative of order `order` - 1 that `path` spells, and the orders above.
  void check_from(int order, const TensorFunction& f, std::span<const Tensor> inputs,
                  const std::string& path) {
    const Tensor y = f(inputs);
    for (int d = 0; d < options_.directions; ++d) {
      const Values u = direction(y.numel());
      std::vector<Values> v;
      for (const Tensor& x : inputs) v.push_back(direction(x.numel()));
      // One input at a time, which leaves the others' tangents symbolic zeros, then all together.
      for (std::size_t i = 0; i < inputs.size(); ++i)
        check_along(order, f, inputs, {i}, u, v, path);
      std::vector<std::size_t> all;
      for (std::size_t i = 0; i < inputs.size(); ++i) all.push_back(i);
      if (all.size() > 1) check_along(order, f, inputs, all, u, v, path);
    }
    if (order == options_.order) return;

    std::vector<Tensor> with_u(inputs.begin(), inputs.end());
    with_u.push_back(tensor_of(direction(y.numel()), y));
    check_from(order + 1, pulled_back(f), with_u, path + "vjp of ");

    std::vector<Tensor> with_v(inputs.begin(), inputs.end());
    for (const Tensor& x : inputs) with_v.push_back(tensor_of(direction(x.numel()), x));
    check_from(order + 1, pushed_forward(f), with_v, path + "jvp of ");
  }

  // <u, J v> = <J' u, v> in the inputs of `which`; returns J v and <J' u, v>.
  std::pair<Values, double> check_dot(int order, const TensorFunction& f,
                                      std::span<const Tensor> inputs,
                                      const std::vector<std::size_t>& which, const Values& u,
                                      const std::vector<Values>& v, const std::string& path) {
    GradMode record(true);
    std::vector<Tensor> at, moved, tangents;
    for (const Tensor& x : inputs) at.push_back(x.detach());
    for (std::size_t i : which) {
      moved.push_back(at[i].set_requires_grad());
      tangents.push_back(tensor_of(v[i], at[i]));
    }
    const Tensor y = f(at);
    const Values forward =
        y.requires_grad() ? values_of(jvp({&y, 1}, moved, tangents)[0]) : Values(u.size(), 0.0);
    const std::vector<Tensor> reverse = gradients(y, tensor_of(u, y), moved, {});
    Dot uJv, Juv;
    uJv.add(u, forward);
    for (std::size_t k = 0; k < which.size(); ++k) Juv.add(values_of(reverse[k]), v[which[k]]);
    // Derivatives that cancel to nothing leave roundings of terms as large as f.
    Dot uf;
    uf.add(u, values_of(y));
    const double error = relative(std::abs(uJv.value - Juv.value),
                                  std::max({uJv.magnitude, Juv.magnitude, 1e-3 * uf.magnitude}));
    note(order, &GradCheckResult::Errors::dot, error, options_.dot_rtol, path,
         "vjp and jvp disagree in", which);
    return {forward, Juv.value};
  }

  Values direction(Index n) {
    // Magnitudes in [1/2, 1]: no component vanishes, none moves an input by more than the step.
    Values v(static_cast<std::size_t>(n));
    for (double& e : v) {
      const double r = rng_.uniform() - 0.5;
      e = std::copysign(0.5 + std::abs(r), r);
    }
    return v;
  }

  GradCheckResult take() {
    result_.message = message_.str();
    return std::move(result_);
  }

 private:
  static Tensor tensor_of(const Values& v, const Tensor& like) {
    return from(v, like.shape(), like.dtype());
  }

  // (8 (f(x + h v) - f(x - h v)) - (f(x + 2 h v) - f(x - 2 h v))) / 12 h.
  Values differences(const TensorFunction& f, std::span<const Tensor> inputs,
                     const std::vector<std::size_t>& which, const std::vector<Values>& v) const {
    const double h = options_.step;
    const auto at = [&](double s) {
      std::vector<Tensor> moved(inputs.begin(), inputs.end());
      for (std::size_t i : which) {
        Values x = values_of(inputs[i]);
        for (std::size_t k = 0; k < x.size(); ++k) x[k] += s * v[i][k];
        moved[i] = tensor_of(x, inputs[i]);
      }
      return values_of(f(moved));
    };
    Values d = at(h);
    const Values back = at(-h), far = at(2 * h), far_back = at(-2 * h);
    for (std::size_t k = 0; k < d.size(); ++k) {
      d[k] = (8 * (d[k] - back[k]) - (far[k] - far_back[k])) / (12 * h);
    }
    return d;
  }

  void check_along(int order, const TensorFunction& f, std::span<const Tensor> inputs,
                   const std::vector<std::size_t>& which, const Values& u,
                   const std::vector<Values>& v, const std::string& path) {
    const auto [forward, reverse] = check_dot(order, f, inputs, which, u, v, path);
    const Values expected = differences(f, inputs, which, v);
    const double rtol = order == 1 ? options_.first_rtol : options_.higher_rtol;
    // A derivative this far below the function's values drowns in the rounding of the differences.
    const double floor = 1e-5 * largest(values_of(f(inputs)));

    double error = 0;
    for (std::size_t k = 0; k < expected.size(); ++k) {
      error = worse(error, std::abs(forward[k] - expected[k]));
    }
    error = relative(error, std::max({largest(expected), largest(forward), floor}));
    note(order, &GradCheckResult::Errors::jvp, error, rtol, path,
         "jvp differs from finite differences in", which);

    Dot udf;
    udf.add(u, expected);
    const double scale =
        std::max({udf.magnitude, std::abs(reverse), floor * static_cast<double>(u.size())});
    error = relative(std::abs(reverse - udf.value), scale);
    note(order, &GradCheckResult::Errors::vjp, error, rtol, path,
         "vjp differs from finite differences in", which);
  }

  void note(int order, double GradCheckResult::Errors::*kind, double error, double tolerance,
            const std::string& path, const char* what, const std::vector<std::size_t>& which) {
    double& worst = result_.orders[static_cast<std::size_t>(order - 1)].*kind;
    worst = worse(worst, error);
    if (error <= tolerance) return;
    result_.passed = false;
    message_ << "order " << order << ", " << path << "f: " << what;
    for (std::size_t i : which) message_ << " input " << i;
    message_ << ": relative error " << error << ", tolerance " << tolerance << '\n';
  }

  GradCheckOptions options_;
  Generator rng_;
  GradCheckResult result_;
  std::ostringstream message_;
};

}  // namespace

GradCheckResult grad_check(const TensorFunction& f, std::span<const Tensor> inputs,
                           GradCheckOptions options) {
  check(options.order >= 1 && options.directions >= 1,
        "grad_check: order and directions must be positive");
  check(!inputs.empty(), "grad_check: no inputs");
  for (const Tensor& x : inputs) {
    check(x.dtype() == DType::f64, "grad_check: finite differences need f64 inputs, got ",
          x.dtype(), x.shape());
  }
  Checker checker(options);
  checker.check_from(1, f, inputs, "");
  return checker.take();
}
GradCheckResult grad_check(const TensorFunction& f, std::initializer_list<Tensor> inputs,
                           GradCheckOptions options) {
  return grad_check(f, std::span(inputs.begin(), inputs.size()), options);
}

GradCheckResult dot_product_test(const TensorFunction& f, std::span<const Tensor> inputs,
                                 GradCheckOptions options) {
  check(options.directions >= 1, "dot_product_test: directions must be positive, got ",
        options.directions);
  check(!inputs.empty(), "dot_product_test: no inputs");
  options.order = 1;
  Checker checker(options);
  const Index size = f(inputs).numel();
  for (int d = 0; d < options.directions; ++d) {
    const Values u = checker.direction(size);
    std::vector<Values> v;
    std::vector<std::size_t> all;
    for (const Tensor& x : inputs) {
      v.push_back(checker.direction(x.numel()));
      all.push_back(all.size());
    }
    checker.check_dot(1, f, inputs, all, u, v, "");
  }
  return checker.take();
}

void assert_dot_product_test(const TensorFunction& f, std::span<const Tensor> inputs,
                             GradCheckOptions options) {
  const GradCheckResult result = dot_product_test(f, inputs, options);
  check(result.passed, "dot_product_test: ", result.message);
}

}  // namespace ito
